# SPDX-License-Identifier: Apache-2.0
"""Arithmetic on the elements of each dtype. A value is the list of its parts: a complex number has
two, all others one.
"""

from dataclasses import dataclass

from llvmlite import ir

from jax_embedded.llvm.emitters.code import I32, Code, Index
from jax_embedded.shape import DTYPES

Value = list[ir.Value]

_FLOAT = ir.FloatType()
_I16 = ir.IntType(16)
# A part in memory and as it is computed with; the others are integers.
_TYPES: dict[str, tuple[ir.Type, ir.Type]] = {
    "f16": (ir.HalfType(), _FLOAT),
    "bf16": (_I16, _FLOAT),  # llvmlite has no type for it
    "f32": (_FLOAT, _FLOAT),
    "f64": (ir.DoubleType(), ir.DoubleType()),
    "c64": (_FLOAT, _FLOAT),
    "c128": (ir.DoubleType(), ir.DoubleType()),
}


@dataclass(frozen=True)
class Number:
    """memory: a part as it lies in memory. type: as it is computed with, wider than a half.

    parts: of a value. align: of an element in memory, in bytes.
    contract: allow LLVM to fuse a product with what it is added to. fused: do so.
    """

    memory: ir.Type
    type: ir.Type
    parts: int
    align: int
    contract: bool
    fused: bool = False

    @property
    def is_integer(self) -> bool:
        return isinstance(self.type, ir.IntType)

    def zero(self) -> Value:
        return [self.type(0)] * self.parts

    def load(self, code: Code, base: ir.Value, index: Index) -> Value:
        """The element at the index."""
        return [
            self._widened(code, code.load(self.memory, address, self.align))
            for address in self._addresses(code, base, index)
        ]

    def store(self, code: Code, value: Value, base: ir.Value, index: Index) -> None:
        addresses = self._addresses(code, base, index)
        for part, address in zip(value, addresses, strict=True):
            code.store(self._narrowed(code, part), address, self.align)

    def address(
        self, code: Code, base: ir.Value, index: Index, *, inbounds: bool = True
    ) -> ir.Value:
        """Of the element at the index. inbounds: see Code.address."""
        kind = ir.ArrayType(self.memory, self.parts)
        return code.address(kind, base, index, inbounds=inbounds)

    def _addresses(self, code: Code, base: ir.Value, index: Index) -> list[ir.Value]:
        first = self.address(code, base, index)
        return [code.address(self.memory, first, part) for part in range(self.parts)]

    def add(self, code: Code, a: Value, b: Value) -> Value:
        return [self._add(code, x, y) for x, y in zip(a, b, strict=True)]

    def subtract(self, code: Code, a: Value, b: Value) -> Value:
        return [self._subtract(code, x, y) for x, y in zip(a, b, strict=True)]

    def multiply(self, code: Code, a: Value, b: Value) -> Value:
        if self.parts == 1:
            return [self._multiply(code, a[0], b[0])]
        real = self._multiply(code, a[0], b[0])
        imaginary = self._multiply(code, a[0], b[1])
        return [
            self._subtract(code, real, self._multiply(code, a[1], b[1])),
            self._add(code, imaginary, self._multiply(code, a[1], b[0])),
        ]

    def add_product(self, code: Code, total: Value, a: Value, b: Value) -> Value:
        """total + a * b."""
        if self.fused and self.parts == 1:
            return [code.build.fma(a[0], b[0], total[0])]
        return self.add(code, total, self.multiply(code, a, b))

    def packed(self, _code: Code, value: Value) -> Value:
        """A sum as the number that it is."""
        return value

    def scale(self, code: Code, value: Value, factor: ir.Value) -> Value:
        """Each part times a real number."""
        return [self._multiply(code, part, factor) for part in value]

    def _add(self, code: Code, a: ir.Value, b: ir.Value) -> ir.Value:
        build = code.build
        return build.add(a, b) if self.is_integer else build.fadd(a, b, flags=self._flags)

    def _subtract(self, code: Code, a: ir.Value, b: ir.Value) -> ir.Value:
        build = code.build
        return build.sub(a, b) if self.is_integer else build.fsub(a, b, flags=self._flags)

    def _multiply(self, code: Code, a: ir.Value, b: ir.Value) -> ir.Value:
        build = code.build
        return build.mul(a, b) if self.is_integer else build.fmul(a, b, flags=self._flags)

    @property
    def _flags(self) -> tuple[str, ...]:
        return ("contract",) if self.contract else ()

    def _widened(self, code: Code, value: ir.Value) -> ir.Value:
        if self.memory == self.type:
            return value
        if self.is_integer:
            return code.build.sext(value, self.type)
        if self.memory == _I16:
            high = code.build.shl(code.build.zext(value, I32), I32(16))
            return code.build.bitcast(high, self.type)
        return code.build.fpext(value, self.type)

    def _narrowed(self, code: Code, value: ir.Value) -> ir.Value:
        if self.memory == self.type:
            return value
        if self.memory == _I16:
            return _bf16(code, value)
        return code.build.fptrunc(value, self.memory)


def _bf16(code: Code, value: ir.Value) -> ir.Value:
    """To the nearest, ties to even; a NaN stays one."""
    build = code.build
    bits = build.bitcast(value, I32)
    high = build.lshr(bits, I32(16))
    bias = build.add(build.and_(high, I32(1)), I32(0x7FFF))
    rounded = build.lshr(build.add(bits, bias), I32(16))
    is_nan = build.fcmp_unordered("uno", value, value)
    return build.trunc(build.select(is_nan, build.or_(high, I32(0x40)), rounded), _I16)


def number(dtype: str, *, contract: bool, fused: bool = False) -> Number:
    """dtype: any but bool, of which XLA makes kernels itself.

    fused: whether the core has a fused multiply-add for what the dtype is computed with.
    """
    facts = DTYPES[dtype]
    integer = ir.IntType(8 * facts.itemsize)
    memory, wide = _TYPES.get(dtype, (integer, integer))
    return Number(memory, wide, facts.parts, facts.align, contract, contract and fused)
