# SPDX-License-Identifier: Apache-2.0
"""Elementwise functions, compared with JAX for edge values. cases.bzl has their shapes.

XLA flushes subnormals. A function for which a subnormal differs from a zero in more than its size
takes `flushed` arguments: subnormals are outside of the contract of docs/numerics.md there.
"""

import jax
import jax.numpy as jnp
import numpy as np

TINY = np.finfo(np.float32).tiny


def flushed(x):
    return jnp.where(jnp.abs(x) < TINY, jnp.copysign(jnp.float32(0.0), x), x)


def exponentials(x):
    return jnp.exp(x), jnp.exp2(x), jnp.expm1(x), jnp.tanh(x), jax.nn.sigmoid(x)


def logarithms(x):
    x = flushed(x)
    return jnp.log(x), jnp.log2(x), jnp.log10(x), jnp.log1p(x)


def roots(x):
    x = flushed(x)
    powers = x**0.5, x**-0.5, x**1.5
    return *powers, jnp.sqrt(x), jax.lax.rsqrt(x), jnp.cbrt(x), 1.0 / x, jnp.square(x)


def trigonometric(x):
    return jnp.sin(x), jnp.cos(x), jnp.tan(x)


def inverse_trigonometric(x):
    x = flushed(x)
    return jnp.arcsin(x), jnp.arccos(x), jnp.arctan(x)


def extrema_of_lines(x):
    return (
        *(jnp.max(x, axis=0), jnp.max(x, axis=1), jnp.min(x, axis=0), jnp.min(x, axis=1)),
        *(jnp.max(x), jnp.min(x)),
    )


def hyperbolic(x):
    return jnp.sinh(x), jnp.cosh(x), jnp.arcsinh(x), jnp.arctanh(x)


def rounding(x):
    x = flushed(x)
    return jnp.floor(x), jnp.ceil(x), jnp.trunc(x), jnp.round(x), jnp.sign(x), jnp.abs(x), -x


def error_functions(x):
    return jax.scipy.special.erf(x), jax.scipy.special.erfc(x)


def activations(x):
    return (
        jax.nn.relu(x),
        jax.nn.gelu(x),
        jax.nn.silu(x),
        jax.nn.elu(x),
        jax.nn.softplus(x),
        jax.nn.hard_tanh(x),
    )


def classification(x):
    x = flushed(x)
    return jnp.isnan(x), jnp.isinf(x), jnp.isfinite(x), jnp.signbit(x), x == 0.0


def to_integers(x):
    return tuple(x.astype(t) for t in ("int8", "uint8", "int16", "uint16", "int32", "uint32"))


def arithmetic(x, y):
    x, y = flushed(x), flushed(y)
    return x + y, x - y, x * y, x / y


def arithmetic_of_scalars(x, y):
    x, y = flushed(x), flushed(y)
    return x + y, x - y, x * y, x / y, jnp.maximum(x, y), x < y


def extrema(x, y):
    return (
        jnp.maximum(x, y),
        jnp.minimum(x, y),
        jnp.fmax(x, y),
        jnp.clip(x, -1.0, y),
        jnp.copysign(x, y),
    )


def powers(x, y):
    x, y = flushed(x), flushed(y)
    return jnp.power(x, y), jnp.arctan2(x, y), x**3


def remainders(x, y):
    x, y = flushed(x), flushed(y)
    return jax.lax.rem(x, y), jnp.hypot(x, y)


def comparisons(x, y):
    x, y = flushed(x), flushed(y)
    return x < y, x <= y, x == y, x != y, jnp.where(x >= y, x, y), jnp.logical_and(x > 0, y > 0)


def comparisons_with_numbers(x):
    """That choose: with constants, with a scalar, and their opposites."""
    x = flushed(x)
    chosen = []
    for limit in (0.0, 1.5, x[3]):
        order = (x < limit, x <= limit, x > limit, x >= limit, x == limit, x != limit)
        chosen += [jnp.where(condition, x, 2.0) for condition in order]
        chosen += [jnp.where(~condition, x, 2.0) for condition in order]
    return tuple(chosen)


def rectified_sums(x):
    """A sum is one factor times a power of two, or a NaN."""
    weights = np.zeros((4, 16), np.float32)
    weights[np.arange(16) % 4, np.arange(16)] = np.ldexp([1, -1, -1, 1] * 4, np.arange(16) // 4)
    return jax.nn.relu(flushed(x) @ weights)


def division(a, b, c, d, e, f, u, v):
    """By zero and of the least number by -1, too."""

    def divide(x, y):
        return jax.lax.div(x, y), jax.lax.rem(x, y), x // y, x % y

    return divide(a, b), divide(c, d), divide(e, f), divide(u, v)


def shifts(a, b, c, d, e, f, u, v):
    """Too far, too."""

    def shift(x, y):
        return (
            jax.lax.shift_left(x, y),
            jax.lax.shift_right_arithmetic(x, y),
            jax.lax.shift_right_logical(x, y),
        )

    return shift(a, b), shift(c, d), shift(e, f), shift(u, v)


def bits(a, b, c, d, e, f, u, v):
    def combine(x, y):
        return x & y, x | y, x ^ y, ~x, jax.lax.population_count(x), jax.lax.clz(x), x & -x

    return combine(a, b), combine(c, d), combine(e, f), combine(u, v)


def wrapping(a, b, c, d, e, f, u, v):
    def combine(x, y):
        return x + y, x - y, x * y, -x, jnp.abs(x), jnp.sign(x), jnp.maximum(x, y), x < y

    return combine(a, b), combine(c, d), combine(e, f), combine(u, v)


def words(x, y):
    wide = x + y, x - y, x * y, x < y, x & y, jnp.abs(x)
    return wide, (jax.lax.div(x, y), x // y, x % y, x << y, x >> y, x.astype(jnp.int32))


def integer_conversions(x, y):
    wide = x.astype(jnp.int32) * y
    return (
        wide.astype(jnp.int8),
        wide.astype(jnp.uint16),
        x.astype(jnp.float32) / 3.0,
        y.astype(jnp.int16),
        x.astype(bool) ^ y.astype(bool),
        jax.lax.bitcast_convert_type(x, jnp.uint8),
    )


def logic(x, y):
    return x & y, x | y, x ^ y, ~x, x != y, jnp.where(x, 3, y.astype(jnp.int32))


def saturating(x, y):
    """Q15: sums and products of 16-bit fractions that stop at the ends."""
    low, high = -(2**15), 2**15 - 1
    total = x.astype(jnp.int32) + y
    product = (x.astype(jnp.int32) * y + 2**14) >> 15
    return tuple(jnp.clip(value, low, high).astype(jnp.int16) for value in (total, product))
