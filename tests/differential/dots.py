# SPDX-License-Identifier: Apache-2.0
"""Products that XLA calls a library for, compared with JAX. cases.bzl has their shapes."""

import jax
import jax.numpy as jnp


def dot_transposed(x, y):
    return jnp.einsum("ij,kj->ik", x, y) + 1.0


def dot_large(x, y):
    """Too large for XLA's own kernels, which end at 32 rows or columns."""
    return x @ y


def dot_of_a_batch(x, y):
    return jnp.einsum("bij,bkj->bik", x, y)


def dot_mapped(x, y):
    return jax.vmap(lambda row: y @ row)(x)


def dot_over_two_axes(x, y):
    return jnp.einsum("abc,dcb->ad", x, y) * 0.5


def dot_of_integers(x, y):
    return jnp.einsum("ij,kj->ik", x, y)


def dot_of_halves(x, y):
    return jnp.einsum("ij,kj->ik", x, y)


def dot_of_complex_numbers(x, y):
    return jnp.einsum("ij,kj->ik", x, y), jnp.vdot(x[0], y[0])


def dot_in_a_loop(x, y):
    """The gradient of a loop of products."""

    def loss(y):
        h = jax.lax.fori_loop(0, 4, lambda _, h: jnp.tanh(h @ y.T * 0.2), x)
        return jnp.sum(h * h)

    return jax.lax.fori_loop(0, 3, lambda _, h: jnp.tanh(h @ y.T * 0.2) + x, x), loss(y)
