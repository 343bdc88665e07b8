"""Of a signal."""

import jax.numpy as jnp


def energy(samples):
    return jnp.dot(samples, samples)
