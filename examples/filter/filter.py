# SPDX-License-Identifier: Apache-2.0
"""A low-pass filter that keeps its state: two biquad sections, one sample at a time."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

# Butterworth, 4th order, 50 Hz at 1 kHz: b0, b1, b2, a1, a2 of each section (a0 = 1).
SECTIONS = np.array(
    [
        [4.1659920e-4, 8.3319841e-4, 4.1659920e-4, -1.4796742, 0.55582154],
        [1.0, 2.0, 1.0, -1.7009643, 0.78849974],
    ],
    np.float32,
)


class State(NamedTuple):
    """Of the sections, direct form II transposed."""

    s1: jax.Array  # f32[2]
    s2: jax.Array  # f32[2]


def step(state, x):
    """One sample in, one sample out, and the new state."""
    s1, s2 = [], []
    y = x
    for (b0, b1, b2, a1, a2), z1, z2 in zip(SECTIONS, state.s1, state.s2, strict=True):
        u, y = y, b0 * y + z1
        s1.append(b1 * u - a1 * y + z2)
        s2.append(b2 * u - a2 * y)
    return State(jnp.stack(s1), jnp.stack(s2)), y


def example():
    """Shapes of the arguments; a filter starts with zeros."""
    return State(jnp.zeros(2), jnp.zeros(2)), jnp.float32(0.0)
