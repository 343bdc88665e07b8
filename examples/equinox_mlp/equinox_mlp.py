# SPDX-License-Identifier: Apache-2.0
"""A network of Equinox: two hidden layers of 16, from four measurements to three logits."""

import equinox as eqx
import jax

# A trained one would be read from a file in `data`.
NETWORK = eqx.nn.MLP(in_size=4, out_size=3, width_size=16, depth=2, key=jax.random.key(0))


def predict(x):
    """The probability of each class."""
    return jax.nn.softmax(NETWORK(x))
