# SPDX-License-Identifier: Apache-2.0
"""What crosses the border between C and generated code."""

import jax.numpy as jnp


def border(x, pair, total):
    """A scalar and an array in, a scalar returned, an array of a wider type in place."""
    return jnp.where(total[0] > 100, pair[1], x), total + jnp.stack([x, x, pair[0]]).astype(
        total.dtype
    )


def border_of_complex(x, pair, total):
    return x * pair[0], total + jnp.stack([x, x, pair[0]])
