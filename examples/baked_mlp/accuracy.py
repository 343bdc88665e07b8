# SPDX-License-Identifier: Apache-2.0
"""How many of the digits that it was not trained with the network reads."""

import baked_mlp
import jax
import jax.numpy as jnp
import numpy as np
from digits import split

KINDS = ("floats", "immediates", "int8", "ternary", "sparse")


def accuracy(kind: str) -> float:
    """Of one of KINDS, 0 to 1."""
    _, (x, y) = split()
    inputs = jnp.asarray(x, jnp.int32 if kind == "int8" else jnp.float32)
    seen = np.argmax(jax.vmap(getattr(baked_mlp, kind))(inputs), axis=1)
    return float(np.mean(seen == y))
