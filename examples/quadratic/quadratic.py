# SPDX-License-Identifier: Apache-2.0
"""The quadratic formula."""

import jax.numpy as jnp


def roots(a, b, c):
    """The real roots of a*x*x + b*x + c = 0; nan where there are none."""
    root = jnp.sqrt(b * b - 4 * a * c)
    return (-b - root) / (2 * a), (-b + root) / (2 * a)
