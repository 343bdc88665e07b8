"""What a thermometer has counted, in degrees."""

import jax.numpy as jnp


def celsius(counts):
    """Mean and largest of four samples of a 12-bit converter, in degrees Celsius."""
    degrees = counts.astype(jnp.float32) * 0.0625 - 40
    return {"mean": jnp.mean(degrees), "peak": jnp.max(degrees)}
