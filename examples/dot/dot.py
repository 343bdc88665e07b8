# SPDX-License-Identifier: Apache-2.0
"""The dot product of two vectors."""

import jax.numpy as jnp


def dot(x, y):
    """The sum of x[i] * y[i]."""
    return jnp.dot(x, y)
