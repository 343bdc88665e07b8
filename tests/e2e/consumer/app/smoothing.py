"""A filter whose taps are read from a file."""

from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from app.units import MILLI


class Smoothing(eqx.Module):
    """Three taps."""

    taps: jax.Array

    def __call__(self, volts):
        return self.taps[0] * volts[:-2] + self.taps[1] * volts[1:-1] + self.taps[2] * volts[2:]


SMOOTHING = Smoothing(
    jnp.asarray(np.loadtxt(Path(__file__).parent / "taps.csv", delimiter=",", dtype=np.float32))
)


def smooth(samples, gain=2.0):
    """Three-tap smoothing of samples in milli-units; scaled by gain."""
    middle = SMOOTHING(samples["raw"] * MILLI * gain)
    return {"volts": middle, "peak": jnp.max(jnp.abs(middle))}


def example():
    return ({"raw": jnp.zeros(6)},)
