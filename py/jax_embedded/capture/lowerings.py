# SPDX-License-Identifier: Apache-2.0
"""JAX's primitives that would become a call of a library, as operations that XLA compiles.

All that is used of JAX beyond its public functions is in this file.
"""

from collections.abc import Callable
from typing import Any

import jax

from jax_embedded.capture import linear_algebra
from jax_embedded.errors import InternalError

# Function of linear_algebra and primitive of JAX -> how many dimensions its arguments have without
# those of a batch.
_RANKS = {
    "cholesky": (2,),
    "eigh": (2,),
    "geqp3": (2, 1),
    "geqrf": (2,),
    "householder_product": (2, 1),
    "lu": (2,),
    "ormqr": (2, 1, 2),
    "svd": (2,),
    "triangular_solve": (2, 2),
    "tridiagonal_solve": (1, 1, 1, 2),
}


def register_lowerings() -> None:
    """For this process; call it before the user's file is imported, whose own rules then come later
    and win.

    Errors: InternalError if this JAX lacks something.
    """
    from jax._src.lax import linalg
    from jax.interpreters import mlir

    for name, ranks in _RANKS.items():
        primitive = getattr(linalg, f"{name}_p", None)
        if primitive is None:
            raise InternalError(f"jax {jax.__version__}: expected the primitive {name}, found none")
        rule = mlir.lower_fun(
            _batched(getattr(linear_algebra, name), ranks), primitive.multiple_results
        )
        mlir.register_lowering(primitive, rule, platform="cpu")


def _batched(function: Callable, ranks: tuple[int, ...]) -> Callable:
    def batched(*arrays: Any, **parameters: Any) -> Any:
        def one(*arrays: Any) -> Any:
            return function(*arrays, **parameters)

        for _ in range(arrays[0].ndim - ranks[0]):
            one = jax.vmap(one)
        return one(*arrays)

    return batched
