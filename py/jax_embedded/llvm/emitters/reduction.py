# SPDX-License-Identifier: Apache-2.0
"""What tiles compute reductions of one array with: as sums of products are, where an element stands
for its product. Of two factors, the one that is there is the element, the other one is empty.
"""

from dataclasses import dataclass, replace

from llvmlite import ir

from jax_embedded.llvm.emitters.code import I32, Code, Index, joined
from jax_embedded.llvm.emitters.epilogue import extremum
from jax_embedded.llvm.emitters.number import Number, Value
from jax_embedded.llvm.emitters.vector import Vector, of_lanes

_INFINITY = 0x7F800000
_SIGN = 1 << 31


@dataclass(frozen=True)
class Sum:
    """number: the elements."""

    number: Number | Vector

    @property
    def lane(self) -> "Sum":
        """The same of the lanes of a vector."""
        return Sum(_lane(self.number))

    def of(self, number: Number | Vector) -> "Sum":
        return Sum(number)

    def zero(self) -> Value:
        return self.number.zero()

    def load(self, code: Code, base: ir.Value, index: Index) -> Value:
        return self.number.load(code, base, index)

    def multiply(self, _code: Code, a: Value, b: Value) -> Value:
        return a or b

    def add_product(self, code: Code, total: Value, a: Value, b: Value) -> Value:
        return self.number.add(code, total, a or b)

    def add(self, code: Code, a: Value, b: Value) -> Value:
        return self.number.add(code, a, b)

    def total(self, code: Code, value: Value) -> Value:
        """Of the lanes."""
        return of_lanes(code, _lanes(self.number), value, self.lane.add)

    def packed(self, _code: Code, value: Value) -> Value:
        return value


@dataclass(frozen=True)
class Extremum:
    """The largest element or the least one; a NaN if one is.

    number: the elements, of f32. has_maxnm: see Target.
    With that instruction, which prefers numbers to NaNs, beside the extremum a sum of squares is
    kept: it is a NaN if an element is one, and never otherwise.
    """

    number: Number | Vector
    largest: bool
    has_maxnm: bool

    @property
    def lane(self) -> "Extremum":
        """The same of the lanes of a vector."""
        return replace(self, number=_lane(self.number))

    def of(self, number: Number | Vector) -> "Extremum":
        return replace(self, number=number)

    def zero(self) -> Value:
        """What all elements are beyond."""
        least = float("-inf" if self.largest else "inf")
        kind = self.number.type
        if isinstance(kind, ir.VectorType):
            none = ir.Constant(kind, [kind.element(least)] * kind.count)
        else:
            none = kind(least)
        return [none, *self.number.zero()] if self.has_maxnm else [none]

    def load(self, code: Code, base: ir.Value, index: Index) -> Value:
        return self.number.load(code, base, index)

    def multiply(self, code: Code, a: Value, b: Value) -> Value:
        element = a or b
        if self.has_maxnm:
            return [*element, *self.number.multiply(code, element, element)]
        return element

    def add_product(self, code: Code, total: Value, a: Value, b: Value) -> Value:
        element = a or b
        if self.has_maxnm:
            squares = self.number.add_product(code, total[1:], element, element)
            return [self._beyond(code, total[0], element[0]), *squares]
        if isinstance(self.number, Vector):
            return self.add(code, total, element)
        return [self._compared(code, total[0], element[0])]

    def add(self, code: Code, a: Value, b: Value) -> Value:
        if self.has_maxnm:
            return [self._beyond(code, a[0], b[0]), *self.number.add(code, a[1:], b[1:])]
        return [extremum(code, self.largest, a[0], b[0])]

    def total(self, code: Code, value: Value) -> Value:
        """Of the lanes."""
        return of_lanes(code, _lanes(self.number), value, self.lane.add)

    def packed(self, code: Code, value: Value) -> Value:
        if not self.has_maxnm:
            return value
        found, squares = value
        is_nan = code.build.fcmp_unordered("uno", squares, squares)
        return [code.build.select(is_nan, squares, found)]

    def _compared(self, code: Code, found: ir.Value, element: ir.Value) -> ir.Value:
        """Mostly an element is not beyond the others, and if it is, neither a zero nor a NaN."""
        build = code.build
        beyond, behind = (">", "<") if self.largest else ("<", ">")
        start = build.block
        with code.if_rare(build.not_(build.fcmp_ordered(beyond, found, element))):
            changed = build.block
            with code.if_rare(build.not_(build.fcmp_ordered(behind, found, element))):
                exact = extremum(code, self.largest, found, element)
                special = build.block
            new = joined(build, (element, changed), (exact, special))
            end = build.block
        return joined(build, (found, start), (new, end))

    def _beyond(self, code: Code, a: ir.Value, b: ir.Value) -> ir.Value:
        kind = a.type
        suffix = f"v{kind.count}f32" if isinstance(kind, ir.VectorType) else "f32"
        name = f"llvm.{'max' if self.largest else 'min'}num.{suffix}"
        return code.build.call(code.declare(name, ir.FunctionType(kind, [kind, kind])), [a, b])


@dataclass(frozen=True)
class ExtremumOfBits:
    """The same on a core without an FPU, where integers are compared: unsigned ones in the order of
    the floats, with the NaNs of both signs beyond all of them.
    """

    largest: bool

    @property
    def _first(self) -> int:
        """Of the integers that have the order of the floats, the negative NaNs first and the
        positive ones last, where the unsigned ones begin.
        """
        return (_SIGN | ~_INFINITY & (_SIGN - 1)) if self.largest else _INFINITY + 1

    def zero(self) -> Value:
        return [I32(0 if self.largest else -1)]

    def load(self, code: Code, base: ir.Value, index: Index) -> Value:
        return [code.load(I32, code.address(I32, base, index), 4)]

    def multiply(self, code: Code, a: Value, b: Value) -> Value:
        return [code.build.sub(_ordered(code, (a or b)[0]), I32(self._first))]

    def add_product(self, code: Code, total: Value, a: Value, b: Value) -> Value:
        return self.add(code, total, self.multiply(code, a, b))

    def add(self, code: Code, a: Value, b: Value) -> Value:
        is_beyond = code.build.icmp_unsigned(">" if self.largest else "<", b[0], a[0])
        return [code.build.select(is_beyond, b[0], a[0])]

    def packed(self, code: Code, value: Value) -> Value:
        bits = _ordered(code, code.build.add(value[0], I32(self._first)))
        return [code.build.bitcast(bits, ir.FloatType())]


def _ordered(code: Code, bits: ir.Value) -> ir.Value:
    """Those of a float as a signed integer, in the order of the floats; and back again."""
    build = code.build
    return build.xor(bits, build.lshr(build.ashr(bits, I32(31)), I32(1)))


def _lane(number: Number | Vector) -> Number:
    return number.lane if isinstance(number, Vector) else number


def _lanes(number: Number | Vector) -> int:
    return number.lanes if isinstance(number, Vector) else 1
