# SPDX-License-Identifier: Apache-2.0
"""The elementary functions, each of arrays."""

from jax import lax


def functions(x, y):
    return (
        lax.atan(x),
        lax.atan2(x, y),
        lax.cbrt(x),
        lax.cos(x),
        lax.erf(x),
        lax.exp(x),
        lax.expm1(x),
        lax.log(x),
        lax.log1p(x),
        lax.pow(x, y),
        lax.sin(x),
        lax.tan(x),
        lax.tanh(x),
    )
