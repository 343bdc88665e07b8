# SPDX-License-Identifier: Apache-2.0
# What an expression of operations.py may use: a cell's file has what its expression needs of it.
import jax
import jax.numpy as jnp


def is_float(x):
    return jnp.issubdtype(x.dtype, jnp.inexact)


def unit(x):
    """Into the open interval from -1 to 1; of integers 0 and 1."""
    return x / (1 + abs(x)) if is_float(x) else x % 2 if x.dtype != bool else x


def positive(x):
    """At least a half."""
    return (abs(x) + 0.5).astype(x.dtype) if is_float(x) else x % 8 + 1 if x.dtype != bool else x


def above_one(x):
    return (abs(x) + 1.5).astype(x.dtype) if is_float(x) else x % 8 + 2 if x.dtype != bool else x


def small(x):
    """Integers below 4; floats as they are."""
    return x if is_float(x) or x.dtype == bool else x % 4


def probability(x):
    """Into the open interval from 0 to 1."""
    return abs(x) / (1 + abs(x)) * 0.9 + 0.05 if is_float(x) else x % 2 if x.dtype != bool else x


def definite(m):
    """A positive definite matrix whose condition number is small."""
    return unit(m) @ unit(m).T.conj() + 4 * jnp.eye(len(m), dtype=m.dtype)


def dominant(m):
    """A regular matrix whose condition number is small, and whose rows need no interchange."""
    return unit(m) + 8 * jnp.eye(len(m), dtype=m.dtype)


def spread(m):
    """A symmetric matrix whose eigenvalues are far from each other."""
    values = jnp.diag(jnp.arange(1, 4 * len(m), 4).astype(m.dtype))
    return values + 0.25 * (unit(m) + unit(m).T.conj())


def columns_up(m):
    """The columns with the signs that make the largest element of each positive."""
    largest = jnp.take_along_axis(m, jnp.argmax(abs(m), axis=0)[None], axis=0)
    return m * (abs(largest) / largest)


def drawn(sampler):
    """What draws numbers in the default precision, and so others for the reference in float64."""
    with jax.enable_x64(dtype.itemsize == 8):  # noqa: F821 - of the cell's file
        return sampler()


@jax.custom_jvp
def own_jvp(x):
    return x * x


own_jvp.defjvp(lambda primals, tangents: (primals[0] * primals[0], 3 * primals[0] * tangents[0]))


@jax.custom_vjp
def own_vjp(x):
    return x * x


own_vjp.defvjp(lambda x: (x * x, x), lambda x, g: (3 * x * g,))
