# SPDX-License-Identifier: Apache-2.0
"""Rescaled range of a window of samples: how far a signal drifts, in units of its own deviation."""

import jax.numpy as jnp


def rescaled_range(window):
    """Range of the cumulative deviation from the mean, over the standard deviation."""
    deviation = window - jnp.mean(window)
    drift = jnp.cumsum(deviation)
    spread = jnp.sqrt(jnp.mean(deviation * deviation))
    return (jnp.max(drift) - jnp.min(drift)) / spread
