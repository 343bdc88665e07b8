# SPDX-License-Identifier: Apache-2.0
"""The rows of the table: how each public function of JAX is called, and which are left out and why.

    module -> name -> expression

An expression is Python with `jax`, `jnp`, `lax`, `nn`, `random`, `jsp` (jax.scipy) and `np`. The
names of cell.py's ARGUMENTS in it are arguments of the function that is exported, `dtype` is the
cell's dtype, and arguments.py has what brings arguments where the function is well-conditioned: the
bound is that of docs/numerics.md for all. What follows a space in a name says how a second call of
the same function differs.
"""

import lax_operations
import numpy_operations
import other_operations
import scipy_operations

OPERATIONS = {
    "jax.lax": lax_operations.LAX,
    "jax.lax.linalg": lax_operations.LINALG,
    "jax": other_operations.TRANSFORMS,
    "jax.numpy": numpy_operations.NUMPY,
    "jax.Array": numpy_operations.INDEXING,
    "jax.numpy.linalg": numpy_operations.LINALG,
    "jax.numpy.fft": numpy_operations.FFT,
    "jax.nn": other_operations.NN,
    "jax.nn.initializers": other_operations.INITIALIZERS,
    "jax.random": other_operations.RANDOM,
    "jax.image": other_operations.IMAGE,
    "jax.ops": other_operations.OPS,
    "jax.scipy.special": scipy_operations.SPECIAL,
    "jax.scipy.stats": scipy_operations.STATS,
    "jax.scipy.linalg": scipy_operations.LINALG,
    "jax.scipy.signal": scipy_operations.SIGNAL,
    "jax.scipy.fft": scipy_operations.FFT,
    "jax.scipy": scipy_operations.OTHERS,
}

# Of the modules of which the table has all public functions.
EXCLUDED = {"jax.lax": lax_operations.EXCLUDED}
