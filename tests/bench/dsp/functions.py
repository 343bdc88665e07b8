# SPDX-License-Identifier: Apache-2.0
"""What a DSP library may make, in the sizes of tests/bench/workloads."""

import jax.numpy as jnp


def dot(x, y):
    return jnp.dot(x, y)


def matrix_vector(a, x):
    return a @ x


def matrix_matrix(a, b):
    return a @ b


def layer(a, x, b):
    return jnp.maximum(a @ x + b, 0)


def spectrum(x):
    return jnp.fft.fft(x)
