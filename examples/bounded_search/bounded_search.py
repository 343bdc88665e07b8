# SPDX-License-Identifier: Apache-2.0
"""Kepler's equation: where a body stands on its ellipse, for a sun tracker or a satellite."""

import jax
import jax.numpy as jnp

MOST_STEPS = 20  # what the worst case costs: each halves an interval of 1.9 rad at most
WIDTH = 1e-3  # rad


def eccentric_anomaly(mean_anomaly, eccentricity):
    """Solves e_anomaly - eccentricity * sin(e_anomaly) = mean_anomaly.

    Bisection until the interval is narrow, then two steps of Newton's method, which doubles the
    number of good digits. mean_anomaly: rad. eccentricity: below 0.95, or is taken for that.

    Returns the anomaly in rad and how many times the interval was halved: a watchdog's business.
    """
    e = jnp.clip(eccentricity, 0.0, 0.95)

    def excess(angle):
        return angle - e * jnp.sin(angle) - mean_anomaly

    def is_wide(search):
        steps, low, high = search
        return (steps < MOST_STEPS) & (high - low > WIDTH)

    def halve(search):
        steps, low, high = search
        middle = 0.5 * (low + high)
        above = excess(middle) > 0.0
        return steps + 1, jnp.where(above, low, middle), jnp.where(above, middle, high)

    steps, low, high = jax.lax.while_loop(is_wide, halve, (0, mean_anomaly - e, mean_anomaly + e))
    angle = 0.5 * (low + high)
    for _ in range(2):
        angle = angle - excess(angle) / (1.0 - e * jnp.cos(angle))
    return angle, steps
