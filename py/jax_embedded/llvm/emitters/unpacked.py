# SPDX-License-Identifier: Apache-2.0
"""Sums of products of f32 on a core without an FPU, which stay unpacked until all is added up.

A library function for each operation takes the numbers apart, rounds and puts them together again.
Here a product is an integer of 32 bits, cut off, and the sum one of 64 bits with an exponent: it is
exact to 2^-31 of the largest product, and rounded once.
"""

from dataclasses import dataclass

from llvmlite import ir

from jax_embedded.llvm.emitters.code import I32, Code, Index
from jax_embedded.llvm.emitters.number import Number, Value

# A product of 32 bits stands this far below the sign, so that as many of them can be added up.
_HEADROOM = 11
MOST_TERMS = 1 << _HEADROOM

_I64 = ir.IntType(64)
_FLOAT = ir.FloatType()
_INFINITE = 255
_BIAS = 127
_SIGN = 1 << 31
_NAN = 0x7FC00000
_LOW = 32 - 1 - _HEADROOM  # bits of a product that lie in the lower word
# A sum s with the exponent e is s * 2^(e - _SCALE).
_SCALE = 2 * _BIAS + 30 + _LOW


@dataclass(frozen=True)
class Unpacked:
    """element: f32. A sum is the integer, the exponent, and the bits of a float: the sum of those
    products that are infinite or no numbers, 0 if there are none.
    """

    element: Number

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
        rare = build.or_(_is_rare(build, of_a), _is_rare(build, of_b))
        with build.if_else(rare, likely=False) as (then, otherwise):
            with then:
                special = self._special(code, total[2], (a[0], of_a), (b[0], of_b))
                from_rare = build.block
            with otherwise:
                usual = self._add_usual(code, total, (a[0], of_a), (b[0], of_b))
                from_usual = build.block
        joined = []
        for before, after in zip(total[:2], usual, strict=True):
            joined.append(_phi(build, (before, from_rare), (after, from_usual)))
        return [*joined, _phi(build, (special, from_rare), (total[2], from_usual))]

    def _special(
        self, code: Code, special: ir.Value, *factors: tuple[ir.Value, ir.Value]
    ) -> ir.Value:
        """Adds a product of which a factor is infinite or no number. Subnormals are zeros."""
        build = code.build
        (a, of_a), (b, of_b) = factors
        infinite = [build.icmp_unsigned("==", e, I32(_INFINITE)) for e in (of_a, of_b)]
        zero = [build.icmp_unsigned("==", e, I32(0)) for e in (of_a, of_b)]
        before = build.block
        with build.if_then(build.or_(*infinite), likely=False):
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
        return _phi(build, (special, before), (added, inside))

    def _add_usual(self, code: Code, total: Value, *factors: tuple[ir.Value, ir.Value]) -> Value:
        build = code.build
        (a, of_a), (b, of_b) = factors
        product = build.trunc(
            build.lshr(build.mul(_fraction(build, a), _fraction(build, b)), _I64(32)), I32
        )
        negative = build.ashr(build.xor(a, b), I32(31))
        exponent = build.add(of_a, of_b)
        down = build.sub(total[1], exponent)  # by how much less the product is worth than the sum
        # Also if the product is worth more.
        far = build.icmp_unsigned(">=", down, I32(_LOW))
        near = build.block
        with build.if_then(far, likely=False):
            total_then, product_then, down_then = _aligned(build, total, product, exponent, down)
            after_far = build.block
        sum_ = _phi(build, (total[0], near), (total_then[0], after_far))
        e = _phi(build, (total[1], near), (total_then[1], after_far))
        product = _phi(build, (product, near), (product_then, after_far))
        down = _phi(build, (down, near), (down_then, after_far))
        high = build.lshr(product, build.add(down, I32(32 - _LOW)))
        low = build.shl(product, build.sub(I32(_LOW), down))
        high, low = build.xor(high, negative), build.xor(low, negative)
        placed = build.or_(build.shl(build.zext(high, _I64), _I64(32)), build.zext(low, _I64))
        placed = build.sub(placed, build.sext(negative, _I64))
        return [build.add(sum_, placed), e]

    def packed(self, code: Code, value: Value) -> Value:
        """The float nearest to the sum, even if two are."""
        build = code.build
        sum_, exponent, special = value
        negative = build.icmp_signed("<", sum_, _I64(0))
        size = build.select(negative, build.sub(_I64(0), sum_), sum_)
        kind = ir.FunctionType(_I64, [_I64, ir.IntType(1)])
        zeros = build.call(code.declare("llvm.ctlz.i64", kind), [size, ir.IntType(1)(0)])
        # All 64 would be too far to shift.
        shift = build.and_(build.trunc(zeros, I32), I32(63))
        fraction = build.shl(size, build.zext(shift, _I64))
        high = build.trunc(build.lshr(fraction, _I64(32)), I32)
        low = build.trunc(fraction, I32)
        kept = build.lshr(high, I32(8))
        # What is cut off, its last bit standing for all that is not seen.
        rest = build.or_(
            build.and_(high, I32(255)),
            build.zext(build.icmp_unsigned("!=", low, I32(0)), I32),
        )
        odd = build.and_(kept, I32(1))
        up = build.icmp_unsigned(">", build.add(rest, odd), I32(128))
        found = build.sub(build.sub(exponent, shift), I32(_SCALE - 63 - _BIAS))
        # The leading one counts as one of the exponent.
        bits = build.add(build.shl(build.sub(found, I32(1)), I32(23)), kept)
        bits = build.add(bits, build.zext(up, I32))
        vanishes = build.or_(
            build.icmp_signed("<", found, I32(1)), build.icmp_unsigned("==", sum_, _I64(0))
        )
        overflows = build.icmp_signed(">=", found, I32(_INFINITE))
        bits = build.select(overflows, I32(_INFINITE << 23), bits)
        bits = build.select(vanishes, I32(0), bits)
        signed = build.or_(bits, I32(_SIGN))
        bits = build.select(
            build.icmp_unsigned("==", bits, I32(0)), bits, build.select(negative, signed, bits)
        )
        is_special = build.icmp_unsigned("!=", special, I32(0))
        return [build.bitcast(build.select(is_special, special, bits), _FLOAT)]


def _aligned(
    build: ir.IRBuilder, total: Value, product: ir.Value, exponent: ir.Value, down: ir.Value
) -> tuple[Value, ir.Value, ir.Value]:
    """The sum, the product and `down`, where the product is worth more than the sum or far less."""
    grows = build.icmp_signed("<", down, I32(0))
    up = _at_most(build, build.sub(I32(0), down), 63)
    up = build.zext(build.select(grows, up, I32(0)), _I64)
    sum_ = [build.ashr(total[0], up), build.select(grows, exponent, total[1])]
    cut = _at_most(build, build.sub(down, I32(_LOW - 1)), 31)
    product = build.lshr(product, build.select(grows, I32(0), cut))
    return sum_, product, build.select(grows, I32(0), I32(_LOW - 1))


def _at_most(build: ir.IRBuilder, value: ir.Value, most: int) -> ir.Value:
    return build.select(build.icmp_signed("<", value, I32(most)), value, I32(most))


def _exponent(build: ir.IRBuilder, bits: ir.Value) -> ir.Value:
    return build.and_(build.lshr(bits, I32(23)), I32(255))


def _fraction(build: ir.IRBuilder, bits: ir.Value) -> ir.Value:
    """With the leading one, in the upper bits of 32."""
    return build.zext(build.or_(build.shl(bits, I32(8)), I32(_SIGN)), _I64)


def _is_rare(build: ir.IRBuilder, exponent: ir.Value) -> ir.Value:
    return build.icmp_unsigned(">", build.sub(exponent, I32(1)), I32(_INFINITE - 2))


def _phi(build: ir.IRBuilder, *sources: tuple[ir.Value, ir.Block]) -> ir.Value:
    phi = build.phi(sources[0][0].type)
    for value, block in sources:
        phi.add_incoming(value, block)
    return phi
