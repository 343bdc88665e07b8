# SPDX-License-Identifier: Apache-2.0
"""Sums of products of f32 on a core without an FPU, which stay unpacked until all is added up.

A library function for each operation takes the numbers apart, rounds and puts them together again.
Here a product is an integer of 31 bits, cut off, and the sum one of 64 bits with an exponent: it is
exact to 2^-30 of the largest product, and rounded once.
"""

from dataclasses import dataclass
from functools import reduce

from llvmlite import ir

from jax_embedded.llvm.emitters.code import I32, Code, Index, joined
from jax_embedded.llvm.emitters.number import Number, Value

# The sum has room for as many products that are worth the most.
MOST_TERMS = 1 << 11
# A product of 31 bits is moved up by 0 to so many bits, by what it is worth.
_UP = 63 - 31 - 12
# Of the first one by so many, which leaves room for those that are worth somewhat more.
_UP_AT_FIRST = _UP - 4

_I64 = ir.IntType(64)
_FLOAT = ir.FloatType()
_INFINITE = 255
_BIAS = 127
_SIGN = 1 << 31
_NAN = 0x7FC00000
# A sum s with the exponent e is s * 2^(e - _SCALE), a product p with e is p * 2^(e - _SCALE) too.
_SCALE = 2 * _BIAS + 29


@dataclass(frozen=True)
class Unpacked:
    """element: f32. multiplies_long: see Target. normal: see DotThunk.

    A sum is the integer, the exponent, and the bits of a float: the sum of those products that are
    infinite or no numbers, 0 if there are none.
    """

    element: Number
    multiplies_long: bool
    normal: tuple[bool, bool] = (False, False)

    def zero(self) -> Value:
        return [_I64(0), I32(0), I32(0)]

    def load(self, code: Code, base: ir.Value, index: Index) -> Value:
        """The bits of the element at the index."""
        address = code.address(self.element.memory, base, index)
        return [code.load(I32, address, self.element.align)]

    def multiply(self, code: Code, a: Value, b: Value) -> Value:
        return self.add_product(code, self.zero(), a, b)

    def add(self, code: Code, a: Value, b: Value) -> Value:
        raise NotImplementedError  # sums are not made in parts

    def add_product(self, code: Code, total: Value, a: Value, b: Value) -> Value:
        build = code.build
        of_a, of_b = _exponent(build, a[0]), _exponent(build, b[0])
        if all(self.normal):
            return [*self._add_usual(code, total, (a[0], of_a), (b[0], of_b)), total[2]]
        unknown = [e for e, normal in zip((of_a, of_b), self.normal, strict=True) if not normal]
        rare = reduce(build.or_, [_is_rare(build, e) for e in unknown])
        with build.if_else(rare, likely=False) as (then, otherwise):
            with then, code.rarely():
                special = self._special(code, total[2], (a[0], of_a), (b[0], of_b))
                from_rare = build.block
            with otherwise:
                code.usually()
                usual = self._add_usual(code, total, (a[0], of_a), (b[0], of_b))
                from_usual = build.block
        code.usually()
        parts = []
        for before, after in zip(total[:2], usual, strict=True):
            parts.append(joined(build, (before, from_rare), (after, from_usual)))
        return [*parts, joined(build, (special, from_rare), (total[2], from_usual))]

    def _special(
        self, code: Code, special: ir.Value, *factors: tuple[ir.Value, ir.Value]
    ) -> ir.Value:
        """Adds a product of which a factor is infinite or no number. Subnormals are zeros."""
        build = code.build
        (a, of_a), (b, of_b) = factors
        infinite = [build.icmp_unsigned("==", e, I32(_INFINITE)) for e in (of_a, of_b)]
        zero = [build.icmp_unsigned("==", e, I32(0)) for e in (of_a, of_b)]
        before = build.block
        with code.if_rare(build.or_(*infinite)):
            sizes = [build.and_(bits, I32(_SIGN - 1)) for bits in (a, b)]
            is_nan = [build.icmp_unsigned(">", size, I32(_INFINITE << 23)) for size in sizes]
            sign = build.and_(build.xor(a, b), I32(_SIGN))
            product = build.or_(sign, I32(_INFINITE << 23))
            product = build.select(
                build.or_(build.or_(*is_nan), build.or_(*zero)), I32(_NAN), product
            )
            # Infinities of both signs have no sum.
            same = build.icmp_unsigned("==", special, product)
            first = build.icmp_unsigned("==", special, I32(0))
            added = build.select(build.or_(same, first), product, I32(_NAN))
            inside = build.block
        return joined(build, (special, before), (added, inside))

    def _add_usual(self, code: Code, total: Value, *factors: tuple[ir.Value, ir.Value]) -> Value:
        build = code.build
        (a, of_a), (b, of_b) = factors
        product = self._product(build, a, b)
        negative = build.ashr(build.xor(a, b), I32(31))
        exponent = build.add(of_a, of_b)
        up = build.sub(exponent, total[1])
        if self.multiplies_long:
            up = code.opaque(up)
            exponent = build.add(total[1], up)
        # Also if the product is worth less.
        far = build.icmp_unsigned(">", up, I32(_UP))
        near = build.block
        with code.if_rare(far):
            total_then, product_then, up_then = _aligned(build, total, product, exponent, up)
            after_far = build.block
        sum_ = joined(build, (total[0], near), (total_then[0], after_far))
        e = joined(build, (total[1], near), (total_then[1], after_far))
        product = joined(build, (product, near), (product_then, after_far))
        up = joined(build, (up, near), (up_then, after_far))
        return [build.add(sum_, self._moved_up(build, product, up, negative)), e]

    def _product(self, build: ir.IRBuilder, a: ir.Value, b: ir.Value) -> ir.Value:
        """Of the fractions, the upper 31 of its 48 bits."""
        if self.multiplies_long:
            product = build.mul(*(build.zext(_fraction(build, x), _I64) for x in (a, b)))
            return build.trunc(build.lshr(product, _I64(33)), I32)
        (a, low_a), (b, low_b) = _parts(build, a), _parts(build, b)
        middle = build.add(build.mul(a, low_b), build.mul(low_a, b))
        middle = build.add(middle, build.lshr(build.mul(low_a, low_b), I32(16)))
        return build.add(build.shl(build.mul(a, b), I32(15)), build.lshr(middle, I32(1)))

    def _moved_up(
        self, build: ir.IRBuilder, size: ir.Value, up: ir.Value, negative: ir.Value
    ) -> ir.Value:
        """The product with its sign. negative: all bits or none."""
        if self.multiplies_long:
            factor = build.shl(build.or_(negative, I32(1)), up)
            return build.mul(build.zext(size, _I64), build.sext(factor, _I64))
        product = build.sub(build.xor(size, negative), negative)
        high = build.ashr(build.ashr(product, I32(1)), build.sub(I32(31), up))
        low = build.zext(build.shl(product, up), _I64)
        return build.or_(build.shl(build.zext(high, _I64), _I64(32)), low)

    def packed(self, code: Code, value: Value) -> Value:
        """The float nearest to the sum, even if two are."""
        build = code.build
        sum_, exponent, special = value
        sign = build.and_(_high(build, sum_), I32(_SIGN))
        negative = build.icmp_signed("<", sum_, _I64(0))
        size = build.select(negative, build.sub(_I64(0), sum_), sum_)
        high, low = _high(build, size), build.trunc(size, I32)
        before = build.block
        with code.if_rare(build.icmp_unsigned("==", high, I32(0))):
            small = _of_low(build, low, exponent)
            after_small = build.block
        high, low, exponent = (
            joined(build, (usual, before), (rare, after_small))
            for usual, rare in zip((high, low, exponent), small, strict=True)
        )
        kind = ir.FunctionType(I32, [I32, ir.IntType(1)])
        shift = build.call(code.declare("llvm.ctlz.i32", kind), [high, ir.IntType(1)(1)])
        top = build.or_(build.shl(high, shift), build.lshr(low, build.sub(I32(32), shift)))
        half = build.lshr(top, I32(7))
        rounded = build.lshr(build.add(half, I32(1)), I32(1))
        # The leading one counts as one of the exponent.
        e = build.sub(build.sub(exponent, shift), I32(_SCALE - 63 - _BIAS + 1))
        usual = build.or_(build.add(build.shl(e, I32(23)), rounded), sign)
        below = build.xor(build.and_(top, I32(255)), I32(128))
        tie = build.icmp_unsigned("==", build.or_(below, build.shl(low, shift)), I32(0))
        is_special = build.icmp_unsigned("!=", special, I32(0))
        beyond = build.icmp_unsigned(">", e, I32(_INFINITE - 2))
        before = build.block
        with code.if_rare(build.or_(build.or_(beyond, tie), is_special)):
            vanishes = build.icmp_signed("<", e, I32(0))
            infinite = build.or_(I32(_INFINITE << 23), sign)
            rare = build.select(vanishes, I32(0), infinite)
            rare = build.select(beyond, rare, build.and_(usual, I32(~1)))
            rare = build.select(is_special, special, rare)
            after_rare = build.block
        return [build.bitcast(joined(build, (usual, before), (rare, after_rare)), _FLOAT)]


def _of_low(build: ir.IRBuilder, low: ir.Value, exponent: ir.Value) -> Value:
    """Both words and the exponent of a sum whose upper word is 0, the upper one not."""
    vanishes = build.icmp_unsigned("<", low, I32(2))
    return [
        build.select(vanishes, I32(1), build.lshr(low, I32(1))),
        build.shl(low, I32(31)),
        build.select(vanishes, I32(-_SCALE), build.sub(exponent, I32(31))),
    ]


def _aligned(
    build: ir.IRBuilder, total: Value, product: ir.Value, exponent: ir.Value, up: ir.Value
) -> tuple[Value, ir.Value, ir.Value]:
    """The sum, the product and `up`, where the product is worth more than the sum or far less."""
    with build.if_else(build.icmp_signed(">", up, I32(_UP))) as (more, less):
        with more:
            down = build.zext(_at_most(build, build.sub(up, I32(_UP_AT_FIRST)), 63), _I64)
            sum_, e = build.ashr(total[0], down), build.sub(exponent, I32(_UP_AT_FIRST))
            from_more = build.block
        with less:
            cut = build.lshr(product, _at_most(build, build.sub(I32(0), up), 31))
            from_less = build.block
    return (
        [
            joined(build, (sum_, from_more), (total[0], from_less)),
            joined(build, (e, from_more), (total[1], from_less)),
        ],
        joined(build, (product, from_more), (cut, from_less)),
        joined(build, (I32(_UP_AT_FIRST), from_more), (I32(0), from_less)),
    )


def _high(build: ir.IRBuilder, value: ir.Value) -> ir.Value:
    """The upper word."""
    return build.trunc(build.lshr(value, _I64(32)), I32)


def _at_most(build: ir.IRBuilder, value: ir.Value, most: int) -> ir.Value:
    return build.select(build.icmp_signed("<", value, I32(most)), value, I32(most))


def _exponent(build: ir.IRBuilder, bits: ir.Value) -> ir.Value:
    return build.and_(build.lshr(bits, I32(23)), I32(255))


def _fraction(build: ir.IRBuilder, bits: ir.Value) -> ir.Value:
    """With the leading one, in the upper bits of 32."""
    return build.or_(build.shl(bits, I32(8)), I32(_SIGN))


def _parts(build: ir.IRBuilder, bits: ir.Value) -> tuple[ir.Value, ir.Value]:
    """The fraction with the leading one: its upper 8 bits and its lower 16."""
    upper = build.and_(build.lshr(bits, I32(16)), I32((1 << 7) - 1))
    return build.or_(upper, I32(1 << 7)), build.and_(bits, I32((1 << 16) - 1))


def _is_rare(build: ir.IRBuilder, exponent: ir.Value) -> ir.Value:
    return build.icmp_unsigned(">", build.sub(exponent, I32(1)), I32(_INFINITE - 2))
