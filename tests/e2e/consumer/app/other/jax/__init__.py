"""Not JAX."""
