# SPDX-License-Identifier: Apache-2.0
"""Fully connected layers with constant weights: dense_N is one of N x N, layers_N are N of 32 x 32.
Nothing is negative: sums of so many terms that cancel have errors that say nothing."""

import jax
import numpy as np

SIZES = (8, 16, 25, 32, 50, 64, 100, 128, 200, 256, 400, 512)
COUNTS = (2, 4, 8, 16, 32)
WIDTH = 32


def _positive(seed, *shape):
    return np.random.default_rng(seed).uniform(0.5, 1.5, shape).astype(np.float32)


def _inputs(size):
    def inputs():
        return (_positive(0, size),)

    return inputs


def _layers(count, size):
    """What they make of x is about as large."""
    layers = [(_positive(i, size, size) / size, _positive(i, size) / 8) for i in range(count)]

    def function(x):
        for w, b in layers:
            x = jax.nn.relu(w @ x + b)
        return x

    return function


globals().update({f"inputs_{size}": _inputs(size) for size in SIZES})
globals().update({f"dense_{size}": _layers(1, size) for size in SIZES})
globals().update({f"layers_{count}": _layers(count, WIDTH) for count in COUNTS})
