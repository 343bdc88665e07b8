# SPDX-License-Identifier: Apache-2.0
"""One network, 64-32-10, which reads digits of 8 x 8 pixels, with five kinds of weights.

x: the brightness of the pixels, 0 to 16, row by row. The result has a number for each digit; the
largest is that of the one that is seen.
"""

from pathlib import Path

import jax.numpy as jnp
import numpy as np

WEIGHTS = np.load(Path(__file__).parent / "weights.npz")


def layers(kind):
    """Weights and offsets of the two layers. kind: what weights.npz names them after."""
    return [(WEIGHTS[f"{kind}_w{i}"], WEIGHTS[f"{kind}_b{i}"]) for i in range(2)]


def _network(layers, x):
    (first, offset), (second, last) = layers
    return jnp.maximum(x @ first + offset, 0) @ second + last


def floats(x):
    """Any f32."""
    return _network(layers("floats"), x)


def immediates(x):
    """The nearest numbers that VMOV encodes, of which there are 256."""
    return _network(layers("immediates"), x)


def ternary(x):
    """-1, 0 or 1, and one factor for each layer."""
    (first, offset), (second, last) = layers("ternary")
    factors = WEIGHTS["ternary_factors"]
    hidden = jnp.maximum(x @ first.astype(jnp.float32) * factors[0] + offset, 0)
    return hidden @ second.astype(jnp.float32) * factors[1] + last


def sparse(x):
    """Three of four weights are 0: a mask says which are not."""
    (first, offset), (second, last) = layers("sparse")
    masks = [WEIGHTS[f"sparse_mask{i}"] for i in range(2)]
    first, second = (jnp.where(mask, w, 0) for mask, w in zip(masks, (first, second), strict=True))
    return _network([(first, offset), (second, last)], x)


def int8(x):
    """x, weights and results are integers. What is hidden has been scaled by a shift."""
    (first, offset), (second, last) = layers("int8")
    hidden = jnp.maximum(x @ first.astype(jnp.int32) + offset, 0) >> int(WEIGHTS["int8_shift"])
    return hidden @ second.astype(jnp.int32) + last
