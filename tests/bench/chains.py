# SPDX-License-Identifier: Apache-2.0
"""Chains of 10, 100 and 1000 operations on f32[16]."""

import jax.numpy as jnp


def one_kernel(x, count):
    """XLA fuses all of it."""
    for _ in range(count // 2):
        x = x * x + 1.0
    return x


def equal_kernels(x, count):
    """One kernel for every two operations; all have the same code."""
    for _ in range(count // 2):
        x = jnp.cumsum(x * x)
    return x


def different_kernels(x, count):
    """One kernel for every two operations; every other one has a constant of its own."""
    for i in range(count // 2):
        x = jnp.cumsum(x * (1.0 + i / 1024))
    return x


CHAINS = (one_kernel, equal_kernels, different_kernels)
COUNTS = (10, 100, 1000)


def _of(chain, count):
    def function(x):
        return chain(x, count)

    return function


globals().update(
    {f"{chain.__name__}_{count}": _of(chain, count) for chain in CHAINS for count in COUNTS}
)
