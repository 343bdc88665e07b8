# SPDX-License-Identifier: Apache-2.0
"""A network of Flax: which of four gestures, out of six features of an inertial sensor."""

import jax
from flax import nnx


class Network(nnx.Module):
    """Two layers of 16, each normalised, and four logits."""

    def __init__(self, rngs):
        self.first = nnx.Linear(6, 16, rngs=rngs)
        self.first_norm = nnx.LayerNorm(16, rngs=rngs)
        self.second = nnx.Linear(16, 16, rngs=rngs)
        self.second_norm = nnx.LayerNorm(16, rngs=rngs)
        self.last = nnx.Linear(16, 4, rngs=rngs)

    def __call__(self, x):
        x = jax.nn.gelu(self.first_norm(self.first(x)))
        x = jax.nn.gelu(self.second_norm(self.second(x)))
        return self.last(x)


# A trained one would be read from a file in `data`.
NETWORK = Network(nnx.Rngs(0))


def predict(x):
    """The probability of each gesture."""
    return jax.nn.softmax(NETWORK(x))
