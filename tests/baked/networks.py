# SPDX-License-Identifier: Apache-2.0
"""Networks of several layers whose weights are in the code."""

from itertools import pairwise

import jax.numpy as jnp
import numpy as np

DIMS = (24, 20, 10)
_GENERATOR = np.random.default_rng(3)


def _layers(weights):
    return [(weights(dims), weights(dims[1:])) for dims in pairwise(DIMS)]


def _any_float(dims):
    return _GENERATOR.standard_normal(dims).astype(np.float32)


def _ternary(dims):
    return np.sign(np.round(_any_float(dims)))


def _any_integer(dims):
    return _GENERATOR.integers(-128, 128, dims).astype(np.int32)


def _of_two_sizes(dims):
    return _ternary(dims) * _GENERATOR.choice(np.float32([0.3, 0.7]), dims)


FLOATS, INTEGERS = _layers(_any_float), _layers(_any_integer)
TERNARY, TWO_SIZES = _layers(_ternary), _layers(_of_two_sizes)
TERNARY[0][0][3] = 0.0


def _network(layers, x):
    (first, offset), (second, last) = layers
    return jnp.maximum(x @ first + offset, 0) @ second + last


def floats(x):
    return _network(FLOATS, x)


def ternary(x):
    return _network(TERNARY, x)


def two_sizes(x):
    return _network(TWO_SIZES, x)


def integers(x):
    return _network(INTEGERS, x)
