# SPDX-License-Identifier: Apache-2.0
"""The elementary functions of f32, as expressions.

Each takes the bodies' values and gives one; no branches but around what hardly ever happens, so
that LLVM can put them into vectors. What may be fused is written with `times`. Subnormal results
may come out as zeros, and subnormal operands may be taken for zeros, as XLA does. Errors in
docs/numerics.md are those of all 2^32 operands; what stands beside a polynomial is its own error in
exact arithmetic, relative to the function.
"""

import math
import struct
from itertools import pairwise

from jax_embedded.llvm.ir_expression import Body, Value, polynomial

_SIGN = 0x80000000
_MAGNITUDE = 0x7FFFFFFF
_INFINITY = 0x7F800000
_LEAST_NORMAL = 0x00800000
_FRACTION_BITS = 23


def _bits(number: float) -> int:
    """Of the float nearest to it; for numbers that are not negative, in their order."""
    return struct.unpack("<I", struct.pack("<f", number))[0]


_ONE = _bits(1.0)
_ROOT_OF_HALF = _bits(0.5**0.5)

# Added and taken away again, it rounds to an integer, which are the low bits of the sum.
_ROUNDER = 12582912.0  # 1.5 * 2^23

_LOG2_E = 1.442695
_LN2 = 0.6931472
# Few bits, so that multiples of it are exact; and what is missing.
_LN2_HIGH, _LN2_LOW = 0.693359375, -0.00021219444
_HALF_PI_HIGH, _HALF_PI_LOW = 1.5707964, -4.371139e-08
_PI_HIGH, _PI_LOW = 3.1415927, -8.742278e-08

# (e^r - 1 - r) / r^2 for |r| < ln(2)/2: 2^-28.2 of e^r, 2^-26.1 of e^r - 1.
_EXP = (0.49999994, 0.166665211, 0.0416682623, 0.00836867094, 0.00138209993)
_EXPM1 = (0.49999997, 0.166665465, 0.0416674428, 0.00836625323, 0.00138699461)
# (ln(1 + f) - f + f^2 / 2) / f^3 for sqrt(1/2) < 1 + f < sqrt(2): 2^-27.3.
_LOG = (
    *(0.333333313, -0.250008196, 0.200012416, -0.166234091),
    *(0.14201583, -0.131596178, 0.127621844, -0.0763635635),
)
# (tan(r)/r - 1) / r^2 in r^2 for |r| < pi/4: 2^-25.7.
_TAN = (0.333331555, 0.13338834, 0.0534083918, 0.0244405698, 0.00310295215, 0.00939559191)
# (sin(r)/r - 1) / r^2 and (cos(r) - 1) / r^2 in r^2 for |r| < pi/4: 2^-27.9, 2^-33.
_SIN = (-0.166666552, 0.00833218824, -0.000195180997, 0.0)
_COS = (-0.5, 0.0416666456, -0.00138873106, 2.44325529e-05)
# (atan(t)/t - 1) / t^2 in t^2 for |t| <= 1: 2^-25.8.
_ATAN = (
    *(-0.333331525, 0.199937671, -0.142110035, 0.106657863),
    *(-0.0755172893, 0.0432059728, -0.0163642373, 0.00291975634),
)
# tanh(x)/x in x^2 for |x| < 0.55: 2^-24.7; e^2r for |r| < ln(2)/4: 2^-28.2.
_TANH = (1.0, -0.333329469, 0.133207291, -0.0526720099, 0.0164378788)
_TANH_EXP = (1.0, 2.0, 1.99999976, 1.33332157, 0.666692436, 0.267803967, 0.0884491876)
# (tanh(r)/r - 1) / r^2 in r^2 for |r| < ln(2)/4: 2^-24.3 of tanh.
_TANH_IN_VECTORS = (-0.33331227, 0.13109015)
# ((1 + e)^(1/3) - 1) / e for |e| < 0.104: 2^-29.6.
_CBRT = (0.333333343, -0.111109972, 0.0617245436, -0.0415027216, 0.0306569207)
# erf(x)/x - 1 in x^2 for |x| < 0.93: 2^-25.8; -ln(1 - erf(x)) for 0.93 <= x <= 4: 2^-29.3 of erf.
_ERF = (0.128379151, -0.376124889, 0.11281731, -0.0267629661, 0.00498735206, -0.000595957856)
_ERFC = (
    *(0.000211304025, 1.12761128, 0.637290239, 0.103837118),
    *(-0.0221815091, 0.00303185452, -0.000194781387),
)


def _scaled(value: Value, exponent: Value) -> Value:
    """value * 2^exponent, if both are normal numbers. exponent: an integer, or its low 9 bits."""
    return (value.bits() + (exponent << _FRACTION_BITS)).of_bits()


def _size(x: Value) -> Value:
    return x.bits() & _MAGNITUDE


def _with_sign(value: Value, x: Value) -> Value:
    """value: not negative."""
    return (value.bits() | (x.bits() & _SIGN)).of_bits()


def _at_most(body: Body, size: Value, limit: float) -> Value:
    return body.where(size > _bits(limit), body.constant("i32", _bits(limit)), size)


def _nan_of(body: Body, x: Value, value: Value) -> Value:
    return body.where(_size(x) > _INFINITY, x, value)


def _reduce_exponent(x: Value) -> tuple[Value, Value]:
    """n and r with x = n ln(2) + r, |r| <= ln(2)/2; n in the low bits of an integer."""
    shifted = x.times(_LOG2_E, plus=_ROUNDER)
    n = shifted - _ROUNDER
    return shifted.bits(), n.times(-_LN2_LOW, plus=n.times(-_LN2_HIGH, plus=x))


def _exp_of(r: Value, n: Value) -> Value:
    """e^r 2^n."""
    return _scaled((r * r).times(polynomial(r, _EXP), plus=r) + 1.0, n)


def exp(body: Body, x: Value) -> Value:
    n, r = _reduce_exponent(x)
    y = _exp_of(r, n)
    if body.branches:
        y = body.where(x.bits() > _bits(88.72283), float("inf"), y)
        y = body.where(x.bits().above(_bits(-87.33655)), 0.0, y)
        return _nan_of(body, x, y)
    y = r.times(0.0, plus=y)  # a NaN stays one
    y = body.where(x > 88.72283, float("inf"), y)
    return body.where(x < -87.33655, 0.0, y)


def expm1(body: Body, x: Value) -> Value:
    n, r = _reduce_exponent(x)
    half_power = ((n + 126) << _FRACTION_BITS).of_bits()  # 2^n may be too large
    grown = (r * r).times(polynomial(r, _EXPM1), plus=r)
    half = half_power.times(grown, plus=half_power - 0.5)
    y = body.where(_size(x) < _bits(2.0**-25), x, half + half)
    y = body.where(x.bits() > _bits(88.72283), float("inf"), y)
    y = body.where(x.bits().above(_bits(-17.32868)), -1.0, y)
    return _nan_of(body, x, y)


def tanh(body: Body, x: Value) -> Value:
    size = _size(x)
    border = _bits(0.55)

    def small(x: Value) -> Value:
        return x * polynomial(x * x, _TANH)

    def large() -> Value:
        # Beyond 9.1 it rounds to 1, and e^2a does not overflow.
        a = _at_most(body, size, 9.1).of_bits()
        shifted = a.times(2.0 * _LOG2_E, plus=_ROUNDER)
        r = (shifted - _ROUNDER).times(-_LN2 / 2.0, plus=a)
        return 1.0 - 2.0 / (_scaled(polynomial(r, _TANH_EXP), shifted.bits()) + 1.0)

    if body.branches:
        return body.either(
            size.below(border),
            lambda: small(x),
            lambda: _nan_of(body, x, _with_sign(large(), x)),
        )
    a = size.of_bits()  # a NaN is not large
    return _with_sign(body.either(a > 0.55, large, lambda: small(a)), x)


def tanh_in_vectors(body: Body, x: Value) -> Value:
    """The same for all numbers, in fewer instructions than those of `tanh` for small and for large
    ones are together.

    With |x| = n ln(2)/2 + r, u = 2^-n and t = tanh(r), it is the exact number b = 1 - u and a rest:
    u (2 t - b (1 - t)) / (1 + u + b t).
    """
    size = body.call("fabs", x)
    sign = x.bits() ^ size.bits()
    a = body.where(size > 9.1, 9.1, size)  # a NaN stays one
    # The low bits of the sum are the exponent of u. What is not fused here needs no constants in
    # vectors.
    rounder = _ROUNDER + 127.0
    shifted = a * (2.0 * _LOG2_E) - rounder
    r = (shifted + rounder).times(-_LN2 / 2.0, plus=a)
    u = (shifted.bits() << _FRACTION_BITS).of_bits()
    square = r * r
    first, second = _TANH_IN_VECTORS
    t = (r * square).times(square * second + first, plus=r)
    minus_b = u - 1.0
    rest = (-minus_b).times(t - 1.0, plus=t + t)
    whole = (-minus_b).times(t, plus=u + 1.0)
    return ((u * rest / whole - minus_b).bits() | sign).of_bits()


def _log_of(f: Value, exponent: Value) -> Value:
    """ln((1 + f) 2^exponent) for sqrt(1/2) < 1 + f < sqrt(2)."""
    k = exponent.to_float()
    half_square = f * f * 0.5
    rest = f * f * f * polynomial(f, _LOG)
    return k * _LN2_HIGH - ((half_square - (rest + k * _LN2_LOW)) - f)


def log(body: Body, x: Value) -> Value:
    bits = x.bits()
    k = (bits - _ROOT_OF_HALF) >> _FRACTION_BITS
    y = _log_of((bits - (k << _FRACTION_BITS)).of_bits() - 1.0, k)
    special = body.where(_size(x) < _LEAST_NORMAL, float("-inf"), float("nan"))
    special = body.where(bits.equals(_INFINITY), x, special)
    return body.where((bits - _LEAST_NORMAL).above(_INFINITY - _LEAST_NORMAL - 1), special, y)


def log1p(body: Body, x: Value) -> Value:
    bits = x.bits()
    u = (x + 1.0).bits()
    k = (u - _ROOT_OF_HALF) >> _FRACTION_BITS
    power = (_ONE - (k << _FRACTION_BITS)).of_bits()
    f = power * x + (power - 1.0)
    f = body.where(k > 64, (u - (k << _FRACTION_BITS)).of_bits() - 1.0, f)
    y = _log_of(f, k)
    y = body.where((bits & _MAGNITUDE) < _bits(2.0**-25), x, y)
    y = body.where(bits.above(_bits(-1.0) - 1), float("nan"), y)
    y = body.where(bits.equals(_bits(-1.0)), float("-inf"), y)
    return body.where(bits > _INFINITY - 1, x, y)


# Up to 400 the multiples of pi/2 are exact products with the first two of three parts.
_FEW_TURNS = _bits(400.0)
_HALF_PI = (1.570770263671875, 2.606306225061416626e-05, 6.0771006e-11)


def _reduce_angle(a: Value) -> tuple[Value, Value]:
    """n and r with a = n pi/2 + r, |r| <= pi/4, for a up to 400; n in the low bits."""
    shifted = a * (2.0 / math.pi) + _ROUNDER
    n = shifted - _ROUNDER
    first, second, third = (n * part for part in _HALF_PI)
    coarse = a - first
    r = coarse - second
    return shifted.bits(), r + (((coarse - r) - second) - third)


def _sin_in_quadrant(body: Body, n: Value, r: Value, sign: Value) -> Value:
    """The sine of n pi/2 + r, or that of its opposite: sign is what to flip of it."""
    even = (n & 1).equals(0)
    first = body.where(even, r, 1.0)
    square = r * r
    coefficients = [
        body.where(even, of_sin, of_cos) for of_sin, of_cos in zip(_SIN, _COS, strict=True)
    ]
    y = (square * polynomial(square, coefficients)).times(first, plus=first)
    return (y.bits() ^ ((n & 2) << 30) ^ sign).of_bits()


def _tan_in_quadrant(body: Body, n: Value, r: Value, sign: Value) -> Value:
    square = r * r
    tan = (square * polynomial(square, _TAN)).times(r, plus=r)
    even = (n & 1).equals(0)
    y = body.where(even, tan, -1.0) / body.where(even, 1.0, tan)
    return (y.bits() ^ sign).of_bits()


def sin(body: Body, x: Value) -> Value:
    return _trigonometric(body, x, "sin")


def cos(body: Body, x: Value) -> Value:
    return _trigonometric(body, x, "cos")


def tan(body: Body, x: Value) -> Value:
    return _trigonometric(body, x, "tan")


def _trigonometric(body: Body, x: Value, name: str) -> Value:
    size = _size(x)
    n, r = _reduce_angle(size.of_bits())
    far = (size - _FEW_TURNS).below(_INFINITY - _FEW_TURNS)
    n, r = body.replace_where_any(far, n, r, FAR_ANGLE, size, _FEW_TURNS)
    if name == "cos":
        return _sin_in_quadrant(body, n + 1, r, body.constant("i32", 0))
    sign = x.bits() & _SIGN
    return (_sin_in_quadrant if name == "sin" else _tan_in_quadrant)(body, n, r, sign)


_HALF_PI_FIXED = 0xC90FDAA22168C234  # in units of 2^-63
FAR_ANGLE = "jxe.far_angle"
TWO_OVER_PI = "jxe.two_over_pi"
# 32 zeros and 2/pi, from the bit worth 1/2 on.
_TWO_OVER_PI = (
    *(0x00000000, 0xA2F9836E, 0x4E441529, 0xFC2757D1),
    *(0xF534DDC0, 0xDB629599, 0x3C439041, 0xFE5163AB),
)


def far_angle(body: Body, size: Value) -> Value:
    """size = n pi/2 + r, |r| <= pi/4, of the bits of a finite float >= 400: the bits of r, below n.

    Payne and Hanek: of 2/pi, the bits whose products are multiples of 4 are left out, and those
    that are too small to matter.
    """
    first = size.logical_shift(_FRACTION_BITS) - 120
    index, shift = first.logical_shift(5), first & 31
    words = [_word(body, index + i) for i in range(4)]
    high, middle, low = (body.call("fshl", one, two, shift) for one, two in pairwise(words))
    integer = ((size & 0x7FFFFF) | 0x800000).extended()
    # In units of 2^-62 quadrants, modulo 4 of them.
    turns = (
        ((integer * high.extended()) << 32)
        + integer * middle.extended()
        + (integer * low.extended()).logical_shift(32)
    )
    rest = turns << 2  # in units of 2^-64, from -1/2 to 1/2
    negative = rest >> 63
    n = turns.logical_shift(62) - negative
    distance = rest ^ negative
    angle = (
        distance.logical_shift(32) * (_HALF_PI_FIXED >> 32)
        + (distance.logical_shift(32) * (_HALF_PI_FIXED & 0xFFFFFFFF)).logical_shift(32)
        + ((distance & 0xFFFFFFFF) * (_HALF_PI_FIXED >> 32)).logical_shift(32)
    )
    high, middle, low = (
        (angle.logical_shift(shift) & mask).truncated().to_float()
        for shift, mask in ((40, 0xFFFFFF), (16, 0xFFFFFF), (0, 0xFFFF))
    )
    r = (low * 2.0**-63 + middle * 2.0**-47) + high * 2.0**-23
    bits = r.bits().extended() | (negative & 0x80000000)
    return bits | (n << 32)


def _word(body: Body, index: Value) -> Value:
    """Of the table."""
    address = f"getelementptr i32, ptr @{TWO_OVER_PI}, i32 {index.name}"
    return body.write("i32", f"load i32, ptr {body.write('ptr', address).name}, align 4")


def far_angle_table() -> str:
    words = ", ".join(f"i32 {word}" for word in _TWO_OVER_PI)
    count = len(_TWO_OVER_PI)
    return f"@{TWO_OVER_PI} = internal unnamed_addr constant [{count} x i32] [{words}], align 4"


def _atan_of(t: Value) -> Value:
    square = t * t
    return (square * polynomial(square, _ATAN)).times(t, plus=t)


def atan(body: Body, x: Value) -> Value:
    size = _size(x)
    a = size.of_bits()
    steep = size > _ONE
    y = _atan_of(body.where(steep, -1.0, a) / body.where(steep, a, 1.0))
    y = body.where(steep, (y + _HALF_PI_LOW) + _HALF_PI_HIGH, y)
    return _with_sign(y, x)


def atan2(body: Body, y: Value, x: Value) -> Value:
    rise, run = _size(y), _size(x)
    run = body.where(run < _LEAST_NORMAL, body.constant("i32", _LEAST_NORMAL - 1), run)
    steep = rise > run
    least, most = body.where(steep, run, rise), body.where(steep, rise, run)
    t = least.of_bits() / most.of_bits()
    t = body.where(least.equals(most), 1.0, t)  # infinities
    t = body.where(least < _LEAST_NORMAL, 0.0, t)
    angle = _atan_of(t)
    angle = body.where(steep, (_HALF_PI_LOW - angle) + _HALF_PI_HIGH, angle)
    angle = body.where(x.bits() < 0, (_PI_LOW - angle) + _PI_HIGH, angle)
    angle = _with_sign(angle, y)
    return body.where(most > _INFINITY, x + y, angle)


def cbrt(body: Body, x: Value) -> Value:
    size = _size(x)
    third = ((size.logical_shift(_FRACTION_BITS) * 171).logical_shift(9)) - 42
    m = (size - ((third * 3) << _FRACTION_BITS)).of_bits()
    # Of the bits, a third is nearly the logarithm of the root. The cube of 8 bits is exact.
    guess = m.bits().to_float() * (1 / 3) + 710015000.0
    t = (guess.to_integer() & 0xFFFF0000).of_bits()
    cube = t * t * t
    e = (m - cube) / cube
    y = _scaled((e * polynomial(e, _CBRT)).times(t, plus=t), third)
    y = body.where(size < _LEAST_NORMAL, 0.0, y)
    y = body.where(size > _INFINITY - 1, size.of_bits(), y)
    return _with_sign(y, x)


def erf(body: Body, x: Value) -> Value:
    size = _size(x)
    a = size.of_bits()

    def near() -> Value:
        square = a * a
        larger = a * 2.0**24  # or a product would be subnormal where a is not
        return polynomial(square, _ERF).times(larger, plus=larger) * 2.0**-24

    def far() -> Value:
        n, r = _reduce_exponent(-polynomial(a, _ERFC))
        return 1.0 - _exp_of(r, n)

    y = body.either(size > _bits(0.93), far, near)
    y = body.where(size > _bits(3.92), 1.0, y)
    return _nan_of(body, x, _with_sign(y, x))


# (2^f - 1) / f for |f| <= 1/2: 2^-28.3 of 2^f.
_EXP2 = (0.693147182, 0.240226477, 0.0555035956, 0.00961850025, 0.00133909762, 0.000153289075)
# log2(m/c) = 2/ln(2) s + s^3 P(s^2), s = (m - c)/(m + c), sqrt(2/3) < m/c < sqrt(3/2): 2^-36.3.
_LOG2 = (0.961796761, 0.577039063, 0.418657094)
_LOG2_OF_1_5_HIGH, _LOG2_OF_1_5_LOW = 0.5849609375, 1.5632212e-06
_ROOT_OF_3_4 = _bits(0.75**0.5)
_ROOT_OF_1_5 = _bits(1.5**0.5)
_TWO_LOG2_E = 2.88539
_TWO_LOG2_E_HIGH, _TWO_LOG2_E_LOW = 2.884765625, 0.0006244568


def _leading(x: Value) -> Value:
    """The first 12 bits: products of two such numbers are exact."""
    return (x.bits() & 0xFFFFF000).of_bits()


def _log2(body: Body, size: Value) -> tuple[Value, Value]:
    """log2 as the sum of two floats, the first of 12 bits. size: the bits of a normal number."""
    k = (size - _ROOT_OF_3_4) >> _FRACTION_BITS
    bits = size - (k << _FRACTION_BITS)
    m = bits.of_bits()
    upper = bits > _ROOT_OF_1_5
    c = body.where(upper, 1.5, 1.0)
    inverse = 1.0 / (m + c)
    difference = m - c
    s_high, sum_high = _leading(difference * inverse), _leading(m + c)
    sum_low = m - (sum_high - c)
    s_low = ((difference - s_high * sum_high) - s_high * sum_low) * inverse
    s = s_high + s_low
    square = s * s
    low = s_high * _TWO_LOG2_E_LOW + (s_low * _TWO_LOG2_E + s * square * polynomial(square, _LOG2))
    whole = k.to_float() + body.where(upper, _LOG2_OF_1_5_HIGH, 0.0)
    first = s_high * _TWO_LOG2_E_HIGH
    total = whole + first
    low = low + body.where(upper, _LOG2_OF_1_5_LOW, 0.0) + (first - (total - whole))
    high = _leading(total + low)
    return high, (total - high) + low


def pow(body: Body, x: Value, y: Value) -> Value:
    base, exponent = _size(x), _size(y)
    log_high, log_low = _log2(body, base)
    # From 2^32 on every power of another number than 1 is out of range.
    limited = _at_most(body, exponent, 2.0**32)
    limited = (limited | (y.bits() & _SIGN)).of_bits()
    leading = _leading(limited)
    product = leading * log_high
    rest = (limited - leading) * log_high + limited * log_low
    z = product + rest
    shifted = z + _ROUNDER
    f = (product - (shifted - _ROUNDER)) + rest
    power = _scaled(f.times(polynomial(f, _EXP2), plus=1.0), shifted.bits())
    power = body.where((product - 128.0) + rest < 0.0, power, float("inf"))
    power = body.where(z > -126.00001, power, 0.0)

    grows = (base > _ONE) ^ (y.bits() < 0)
    inside = (base - _LEAST_NORMAL).below(_INFINITY - _LEAST_NORMAL)
    power = body.where(inside, power, body.where(grows, float("inf"), 0.0))
    capped = _at_most(body, exponent, 2.0**24)  # even from 2^24 on
    integer = capped.of_bits().to_integer()
    is_integer = integer.to_float().bits().equals(capped)
    odd = body.where(is_integer, integer, 0)
    power = (power.bits() | ((odd << 31) & x.bits())).of_bits()
    root_of_negative = (x.bits() < 0) & inside & (is_integer ^ True)
    power = body.where(root_of_negative, float("nan"), power)
    is_nan = (base > _INFINITY) | (exponent > _INFINITY)
    power = body.where(is_nan, x + y, power)
    return body.where((exponent < _LEAST_NORMAL) | x.bits().equals(_ONE), 1.0, power)
