# SPDX-License-Identifier: Apache-2.0
"""A low-pass filter of order 8 for blocks of samples: a cascade of four biquad sections."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy import signal

RATE = 16000.0  # Hz
CUTOFF = 1000.0  # Hz
BLOCK = 32  # samples

# Designed when JAX traces the function: b0, b1, b2, a0 = 1, a1, a2 of each section.
SECTIONS = signal.butter(8, CUTOFF, fs=RATE, output="sos").astype(np.float32)


class State(NamedTuple):
    """Of the sections, direct form II transposed."""

    z1: jax.Array  # f32[4]
    z2: jax.Array  # f32[4]


def section(samples, section_and_state):
    """One section over the whole block."""
    (b0, b1, b2, _, a1, a2), state = section_and_state

    def sample(state, x):
        y = b0 * x + state.z1
        return State(b1 * x - a1 * y + state.z2, b2 * x - a2 * y), y

    state, samples = jax.lax.scan(sample, state, samples)
    return samples, state


def process(state, samples):
    """A block through one section after the other, and the new state."""
    samples, state = jax.lax.scan(section, samples, (SECTIONS, state))
    return state, samples


def noise():
    """A filter at rest, then one block after the other: what the test compares."""
    random = np.random.default_rng(0)
    while True:
        yield State(jnp.zeros(4), jnp.zeros(4)), np.float32(random.normal(size=BLOCK))
