# SPDX-License-Identifier: Apache-2.0
"""Functions whose products and transforms a DSP library may make."""

import jax.numpy as jnp
import numpy as np

_G = np.random.default_rng(0)
_W = _G.standard_normal((17, 6)).astype(np.float32)
_B = _G.standard_normal(6).astype(np.float32)


def dots(x, y):
    """Nothing cancels. Each row by itself is a dot of a batch."""
    return jnp.einsum("ij,ij->i", x, x), jnp.dot(y, y)


def matrix_vector(a, x):
    return a @ x


def matrix_vector_finished(a, x, b):
    return jnp.maximum(a @ x + b, 0)


def whole_vectors(a, x):
    """Extents that are multiples of four."""
    return a @ x


def matrix_matrix(a, b):
    return a @ b


def square(a, b):
    return a @ b


def matrix_matrix_finished(a, b, c):
    return jnp.maximum(a @ b * 0.5 + c, 0)


def layer(x):
    return jnp.maximum(x @ _W + _B, 0)


def neighbour(a, x):
    """What is infinite or nan in one row stays there."""
    return a.at[1, 0].set(jnp.inf).at[3, 2].set(jnp.nan) @ x


def spectrum(x):
    return jnp.fft.fft(x)


def synthesis(x):
    return jnp.fft.ifft(x)


def builtin(x, y, z):
    """What the library does not have."""
    return jnp.fft.fft(z), jnp.einsum("ij,kj->ik", x, y)
