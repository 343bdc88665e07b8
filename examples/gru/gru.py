# SPDX-License-Identifier: Apache-2.0
"""Taps on a device: a recurrent network over a window of accelerometer samples."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np


def read_safetensors(path):
    """The arrays of a .safetensors file: the length of its JSON header, the header, the data."""
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    arrays = {}
    for name, about in json.loads(content[8:start]).items():
        if name != "__metadata__":
            assert about["dtype"] == "F32"
            first, last = about["data_offsets"]
            data = np.frombuffer(content[start + first : start + last], "<f4")
            arrays[name] = data.reshape(about["shape"])
    return arrays


PARAMS = read_safetensors(Path(__file__).parent / "params.safetensors")


def cell(h, sample):
    """A gated recurrent unit."""
    z_in, r_in, n_in = jnp.split(PARAMS["w"] * sample + PARAMS["b"], 3)
    z_h, r_h, n_h = jnp.split(PARAMS["u"] @ h, 3)
    z = jax.nn.sigmoid(z_in + z_h)
    r = jax.nn.sigmoid(r_in + r_h)
    n = jnp.tanh(n_in + r * n_h)
    return (1.0 - z) * n + z * h, None


def taps(samples):
    """The probabilities of no tap, a tap, and a double tap: two, 3 to 10 samples apart.

    samples: in g.
    """
    h, _ = jax.lax.scan(cell, jnp.zeros(6), samples)
    return jax.nn.softmax(PARAMS["out"] @ h + PARAMS["bias"])
