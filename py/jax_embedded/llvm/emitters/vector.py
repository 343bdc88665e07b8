# SPDX-License-Identifier: Apache-2.0
"""Arithmetic on vectors of f32: the same operations as those of a Number, lane by lane."""

from collections.abc import Callable
from dataclasses import dataclass

from llvmlite import ir

from jax_embedded.llvm.emitters.code import I32, Code, Index
from jax_embedded.llvm.emitters.number import Number, Value

_I64 = ir.IntType(64)


@dataclass(frozen=True)
class Vector:
    """lanes: how many. element: f32."""

    lanes: int
    element: Number

    @property
    def type(self) -> ir.VectorType:
        return ir.VectorType(self.element.type, self.lanes)

    def zero(self) -> Value:
        return [ir.Constant(self.type, None)]

    def load(self, code: Code, base: ir.Value, index: Index) -> Value:
        """Elements from the index on."""
        address = code.address(self.element.memory, base, index)
        return [code.load(self.type, address, self.element.align)]

    def load_splat(self, code: Code, base: ir.Value, index: Index) -> Value:
        """The element at the index, in all lanes."""
        address = code.address(self.element.memory, base, index)
        # By way of an integer register, which is where MVE takes a scalar operand from.
        return self._splat(code, code.load(I32, address, self.element.align))

    def load_two_splats(self, code: Code, base: ir.Value, index: Index) -> tuple[Value, Value]:
        """Of the element at the index, and of its neighbour, by one load."""
        address = code.address(self.element.memory, base, index)
        both = code.load_at_once(_I64, address, self.element.align)
        second = code.build.lshr(both, _I64(32))
        first, second = code.build.trunc(both, I32), code.build.trunc(second, I32)
        return self._splat(code, first), self._splat(code, second)

    def _splat(self, code: Code, bits: ir.Value) -> Value:
        build = code.build
        integers = ir.VectorType(I32, self.lanes)
        first = build.insert_element(ir.Constant(integers, ir.Undefined), bits, I32(0))
        mask = ir.Constant(ir.VectorType(I32, self.lanes), [0] * self.lanes)
        splat = build.shuffle_vector(first, ir.Constant(integers, ir.Undefined), mask)
        return [build.bitcast(splat, self.type)]

    def store(self, code: Code, value: Value, base: ir.Value, index: Index) -> None:
        address = code.address(self.element.memory, base, index)
        code.store(value[0], address, self.element.align)

    def add(self, code: Code, a: Value, b: Value) -> Value:
        return self.element.add(code, a, b)

    def multiply(self, code: Code, a: Value, b: Value) -> Value:
        return self.element.multiply(code, a, b)

    def add_product(self, code: Code, total: Value, a: Value, b: Value) -> Value:
        if not self.element.fused:
            return self.element.add_product(code, total, a, b)
        kind = ir.FunctionType(self.type, [self.type] * 3)
        fma = code.declare(f"llvm.fma.v{self.lanes}f32", kind)
        return [code.build.call(fma, [a[0], b[0], total[0]])]

    def pinned(self, code: Code, value: Value) -> Value:
        """The same value, on MVE. What the code loads afterwards is loaded when the value is there:
        an empty piece of assembly takes it, and all of memory.
        """
        kind = ir.FunctionType(self.type, [self.type])
        return [code.build.asm(kind, "", "=w,0,~{memory}", value, side_effect=True)]

    @property
    def lane(self) -> Number:
        """The arithmetic on one of them."""
        return self.element

    def total(self, code: Code, value: Value) -> Value:
        """The sum of the lanes."""
        return of_lanes(code, self.lanes, value, self.element.add)

    def packed(self, _code: Code, value: Value) -> Value:
        """A sum as the numbers that it is."""
        return value


def of_lanes(
    code: Code, lanes: int, value: Value, add: Callable[[Code, Value, Value], Value]
) -> Value:
    """All lanes as one: those that lie two apart, then these. value: vectors."""
    build = code.build
    found = [[build.extract_element(part, I32(i)) for part in value] for i in range(lanes)]
    while len(found) > 1:
        half = len(found) // 2
        pairs = zip(found[:half], found[half:], strict=True)
        found = [add(code, a, b) for a, b in pairs]
    return found[0]
