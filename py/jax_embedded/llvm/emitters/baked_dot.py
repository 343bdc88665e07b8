# SPDX-License-Identifier: Apache-2.0
"""Dots with weights in the code: each product is an instruction or two, in the order in which they
are written here. There are no loops, and nothing is read but the source.
"""

import struct
from array import array
from collections.abc import Sequence

from llvmlite import ir

from jax_embedded.ir.thunks import BakedDotThunk
from jax_embedded.llvm.emitters.arithmetic import terms_at_once
from jax_embedded.llvm.emitters.code import I32, Code
from jax_embedded.llvm.emitters.epilogue import finish
from jax_embedded.llvm.emitters.number import Number, Value, number
from jax_embedded.target import Target

# How many sums there are at once: what the core has registers for.
_FLOATS = 12
_INTEGERS = 6
_INTEGERS_OF_ARMV6M = 3
_STRETCH = 16  # terms: of so many, LLVM may keep a constant for later


def is_bakeable(dtype: str, target: Target) -> bool:
    """Whether there is an instruction for a product and a constant without a literal."""
    if target.pointer_bytes != 4:
        return False
    return dtype == "i32" or (dtype == "f32" and dtype in target.float_dtypes)


def baked_dot(code: Code, thunk: BakedDotThunk, target: Target, *, contract: bool) -> None:
    """Arguments: source, the inputs, out."""
    dtype = thunk.out.shape.dtype
    kind = number(dtype, contract=contract, fused=target.fused and dtype == "f32")
    count = len(thunk.terms)
    weights = array("I", thunk.weights)
    rows = [weights[i * count : (i + 1) * count] for i in range(len(thunk.results))]
    source, *inputs, out = code.arguments
    for some in _stretches(range(len(rows)), _sums_at_once(dtype, target)):
        sums = _Sums(code, kind, source, thunk).of([rows[i] for i in some])
        for i, total in zip(some, sums, strict=True):
            place, *places = thunk.results[i]
            read = [kind.load(code, base, at) for base, at in zip(inputs, places, strict=True)]
            read += [[_constant(kind, array("I", values)[i])] for values in thunk.constants]
            kind.store(code, finish(code, kind, total, read, thunk.epilogue), out, place)
        code.stretch()


def cost(thunk: BakedDotThunk, target: Target) -> tuple[int, int]:
    """About how many instructions the sums take, and how many bytes."""
    count = len(thunk.terms)
    weights = array("I", thunk.weights)
    instructions = size = 0
    most = _sums_at_once(thunk.out.shape.dtype, target)
    for rows in _stretches(range(len(thunk.results)), most):
        for term in range(count):
            distinct = set()
            for i in rows:
                weight = _magnitude(thunk.out.shape.dtype, weights[i * count + term])
                if not weight:
                    continue
                if weight not in distinct:
                    number_, bytes_ = _cost_of_constant(thunk.out.shape.dtype, weight, target)
                    instructions += number_
                    size += bytes_
                distinct.add(weight)
                instructions += 1
                size += 4 if _has_wide(target) else 2
            if distinct:
                instructions += 1
                size += 4 if _has_wide(target) else 2
    return instructions, size


class _Sums:
    """Some sums at once: all products of a term, then those of the next."""

    def __init__(self, code: Code, kind: Number, source: ir.Value, thunk: BakedDotThunk):
        self.code = code
        self.number = kind
        self.source = source
        self.terms = thunk.terms
        count = len(thunk.terms)
        self.part = count
        if not kind.is_integer:
            self.part = terms_at_once(count, sequential=thunk.sequential)

    def of(self, rows: Sequence[Sequence[int]]) -> list[Value]:
        """rows: of each sum, the bits of the weights. Zeros are left out."""
        part = self.part
        totals: list[Value] = [[] for _ in rows]
        for some in _stretches(range(len(self.terms)), max(1, min(part, _STRETCH))):
            begins = some[0] % part == 0
            if begins:
                sums: list[Value] = [[] for _ in rows]
            for term in some:
                self._add_products([row[term] for row in rows], self.terms[term], sums)
            if some[-1] + 1 in (len(self.terms), (some[0] // part + 1) * part):
                for i, found in enumerate(sums):
                    if found and totals[i]:
                        totals[i] = self.number.add(self.code, totals[i], found)
                    elif found:
                        totals[i] = found
            if some[-1] + 1 < len(self.terms):
                self.code.stretch()
        return [total or self.number.zero() for total in totals]

    def _add_products(self, weights: list[int], at: int, sums: list[Value]) -> None:
        x = self.number.load(self.code, self.source, at)
        for i, bits in enumerate(weights):
            if self._size(bits):
                sums[i] = self._with_product(sums[i], x, bits)

    def _with_product(self, total: Value, x: Value, bits: int) -> Value:
        code, kind = self.code, self.number
        size = self._size(bits)
        negative = bits >> 31 == 1
        is_one = size == (1 if kind.is_integer else 0x3F800000)
        if kind.fused and total and not is_one:
            factor = [code.build.fneg(x[0])] if negative else x
            return kind.add_product(code, total, factor, [_constant(kind, size)])
        product = x if is_one else kind.multiply(code, x, [_constant(kind, size)])
        if total:
            return (kind.subtract if negative else kind.add)(code, total, product)
        if not negative:
            return product
        return (
            kind.subtract(code, kind.zero(), product)
            if kind.is_integer
            else [code.build.fneg(product[0])]
        )

    def _size(self, bits: int) -> int:
        return _magnitude("i32" if self.number.is_integer else "f32", bits)


def _stretches(numbers: range, most: int) -> list[range]:
    return [numbers[first : first + most] for first in range(0, len(numbers), most)]


def _sums_at_once(dtype: str, target: Target) -> int:
    if dtype == "f32":
        return _FLOATS
    return _INTEGERS if _has_wide(target) else _INTEGERS_OF_ARMV6M


def _has_wide(target: Target) -> bool:
    """Whether there are more than the instructions of Armv6-M."""
    return not target.triple.startswith("thumbv6m")


def _magnitude(dtype: str, bits: int) -> int:
    """The bits of the absolute value."""
    if dtype == "f32":
        return bits & 0x7FFFFFFF
    return bits if bits >> 31 == 0 else (1 << 32) - bits


def _constant(kind: Number, bits: int) -> ir.Constant:
    if kind.is_integer:
        return I32(bits - (1 << 32) if bits >> 31 else bits)
    return kind.type(struct.unpack("<f", struct.pack("<I", bits))[0])


def _cost_of_constant(dtype: str, size: int, target: Target) -> tuple[int, int]:
    """Instructions and bytes before the addition of the product: those of the constant, and on
    Armv6-M those of the multiplication.
    """
    if dtype == "f32":
        if size == 0x3F800000:
            return 0, 0
        exponent = (size >> 23) - 127
        if not size & 0x7FFFF and -3 <= exponent <= 4:
            return 1, 4
        return (3, 12) if size & 0xFFFF and size >> 16 else (2, 8)
    bytes_ = -(-size.bit_length() // 8)
    power = size & (size - 1) == 0
    if _has_wide(target):
        return (0, 0) if power else (1, 2 if bytes_ == 1 else 4) if bytes_ <= 2 else (2, 8)
    return (int(size > 1), 2 * int(size > 1)) if power else (2 * bytes_, 4 * bytes_)
