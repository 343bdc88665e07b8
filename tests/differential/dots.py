# SPDX-License-Identifier: Apache-2.0
"""Products that XLA calls a library for, compared with JAX. cases.bzl has their shapes."""

import jax
import jax.numpy as jnp
import numpy as np


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


def dot_of_transposed_arrays(a, b, x):
    """XLA would copy them."""
    y = a.T @ x + b
    return y, a @ a.T @ x, jax.lax.fori_loop(0, 3, lambda _, h: jnp.tanh(a @ (a.T @ h)) + x, x)


def dots_of_many_shapes(a, b, x):
    """Of some that differ in extents and steps alone one function makes several."""
    dense = np.linspace(0.5, 2.0, 48, dtype=np.float32).reshape(6, 8)
    sparse = np.where(np.arange(48).reshape(8, 6) % 3, np.float32(0.75), np.float32(0))
    return (
        a @ b,
        b @ a,
        a @ a.T,
        b.T @ b,
        a @ x,
        x @ b,
        (a @ x) @ a,
        dense @ x,
        sparse @ (dense @ x),
        x @ sparse,
        dense.T @ (a @ x),
    )


def dot_of_vectors(x, y):
    """XLA multiplies and adds up, the long one in windows. Nothing cancels."""
    return jnp.dot(x, x), jnp.dot(y, y), x / jnp.sqrt(jnp.sum(x * x))


def dot_by_element(x, y):
    return jnp.sum(x * y, axis=0), jnp.einsum("ij,ij->i", x, y), jnp.sum(x * y)


def dot_of_tiles_and_rests(x, y, v):
    """Extents that no tile divides."""
    return x @ y, x @ v, v @ y
