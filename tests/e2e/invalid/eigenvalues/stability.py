import jax.numpy as jnp


def stability(a):
    eigenvalues = jnp.linalg.eigvals(a)
    return jnp.max(jnp.abs(eigenvalues))
