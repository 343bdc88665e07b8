# SPDX-License-Identifier: Apache-2.0
"""Sorts and the largest elements of a line."""

from collections.abc import Sequence

from llvmlite import ir

from jax_embedded.ir.thunks import Slice, SortThunk, TopKThunk
from jax_embedded.llvm.emitters.code import I32, POINTER, Code
from jax_embedded.llvm.kernel_calls import kernel_symbol
from jax_embedded.shape import DTYPES

_I8 = ir.IntType(8)
_FLOAT = ir.FloatType()


def sort(code: Code, thunk: SortThunk, comparator: str) -> None:
    """Arguments: the operands, then the scratch of each. comparator: the kernel's name."""
    _Sort(code, thunk, comparator).lines()


class _Sort:
    """A place is the addresses of one element of each operand."""

    def __init__(self, code: Code, thunk: SortThunk, comparator: str):
        self.code = code
        self.thunk = thunk
        self.kinds = [_element(where) for where in thunk.operands]
        self.aligns = [DTYPES[where.shape.dtype].align for where in thunk.operands]
        self.less = code.declare(
            kernel_symbol(comparator), ir.FunctionType(ir.VoidType(), [POINTER] * 6)
        )
        self.answer = code.variable(_I8)
        self.operands = code.variable(ir.ArrayType(POINTER, 2 * len(self.kinds)))
        self.held = [code.variable(kind) for kind in self.kinds]
        self.i, self.j, self.k = (code.variable(I32) for _ in range(3))

    def lines(self) -> None:
        code, thunk = self.code, self.thunk
        dims = thunk.operands[0].shape.dims
        outer, inner = dims[: thunk.dimension], dims[thunk.dimension + 1 :]
        steps = thunk.operands[0].shape.strides
        with code.loops(outer) as before, code.loops(inner) as behind:
            counters = zip(
                [*before, *behind],
                steps[: thunk.dimension] + steps[thunk.dimension + 1 :],
                strict=True,
            )
            first = code.index(*counters)
            arrays = code.arguments[: len(self.kinds)]
            line = [
                code.address(kind, array, first)
                for kind, array in zip(self.kinds, arrays, strict=True)
            ]
            self._line(line, steps[thunk.dimension])

    def _line(self, line: list[ir.Value], step: int) -> None:
        code, extent, run = self.code, self.thunk.extent, self.thunk.run
        runs = -(-extent // run)
        with code.loop(runs) as number:
            first = code.index((number, run))
            self._insertion(line, step, first, self._least(code.index((first, 1), start=run)))
        if runs == 1:
            return
        width = code.variable(I32)
        code.store(I32(run), width, 4)
        with code.while_(lambda: self._below(self._get(width), I32(extent))):
            left = code.variable(I32)
            code.store(I32(0), left, 4)
            with code.while_(
                lambda: self._below(code.add(self._get(left), self._get(width)), I32(extent))
            ):
                low = self._get(left)
                middle = code.add(low, self._get(width))
                high = self._least(code.add(middle, self._get(width)))
                self._merge(line, step, low, middle, high)
                code.store(code.add(middle, self._get(width)), left, 4)
            code.store(code.build.shl(self._get(width), I32(1)), width, 4)

    def _insertion(self, line: list[ir.Value], step: int, first: ir.Value, end: ir.Value) -> None:
        code = self.code
        with code.loop(end, code.index((first, 1), start=1)) as position:
            self._copy(self._place(line, position, step), self.held)
            code.store(position, self.j, 4)
            goes_on = code.variable(ir.IntType(1))
            code.store(ir.IntType(1)(1), goes_on, 1)

            def unsettled() -> ir.Value:
                inside = self._below(first, self._get(self.j))
                return code.build.and_(inside, code.load(ir.IntType(1), goes_on, 1))

            with code.while_(unsettled):
                here = self._get(self.j)
                before = code.build.sub(here, I32(1))
                place = self._place(line, before, step)
                less = self._is_less(self.held, place)
                code.store(less, goes_on, 1)
                with code.build.if_then(less):
                    self._copy(place, self._place(line, here, step))
                    code.store(before, self.j, 4)
            self._copy(self.held, self._place(line, self._get(self.j), step))

    def _merge(
        self,
        line: list[ir.Value],
        step: int,
        low: ir.Value,
        middle: ir.Value,
        high: ir.Value,
    ) -> None:
        """The left run goes to the scratch memory and, with the right one, back in order."""
        code = self.code
        scratch = list(code.arguments[len(self.kinds) :])
        length = code.build.sub(middle, low)
        with code.loop(length) as i:
            self._copy(self._place(line, code.add(low, i), step), self._place(scratch, i, 1))
        code.store(I32(0), self.i, 4)
        code.store(middle, self.j, 4)
        code.store(low, self.k, 4)
        with code.while_(lambda: self._below(self._get(self.i), length)):
            to = self._place(line, self._get(self.k), step)
            left = self._place(scratch, self._get(self.i), 1)
            code.store(_I8(0), self.answer, 1)
            with code.build.if_then(self._below(self._get(self.j), high)):
                self._is_less(self._place(line, self._get(self.j), step), left)
            right_first = code.build.icmp_unsigned("!=", code.load(_I8, self.answer, 1), _I8(0))
            with code.build.if_else(right_first) as (then, otherwise):
                with then:
                    self._copy(self._place(line, self._get(self.j), step), to)
                    self._increase(self.j)
                with otherwise:
                    self._copy(left, to)
                    self._increase(self.i)
            self._increase(self.k)

    def _is_less(self, one: Sequence[ir.Value], other: Sequence[ir.Value]) -> ir.Value:
        """XLA's comparator takes the elements of the first operand, of the second, ..."""
        code = self.code
        for number, address in enumerate(a for pair in zip(one, other, strict=True) for a in pair):
            code.store(address, code.address(POINTER, self.operands, number), 4)
        null = POINTER(None)
        code.build.call(self.less, [self.answer, null, self.operands, null, null, null])
        return code.build.icmp_unsigned("!=", code.load(_I8, self.answer, 1), _I8(0))

    def _place(self, line: list[ir.Value], index: ir.Value, step: int) -> list[ir.Value]:
        at = self.code.index((index, step))
        return [
            self.code.address(kind, base, at) for kind, base in zip(self.kinds, line, strict=True)
        ]

    def _copy(self, origin: Sequence[ir.Value], to: Sequence[ir.Value]) -> None:
        values = [
            self.code.load(kind, address, align)
            for kind, address, align in zip(self.kinds, origin, self.aligns, strict=True)
        ]
        for value, address, align in zip(values, to, self.aligns, strict=True):
            self.code.store(value, address, align)

    def _get(self, variable: ir.Value) -> ir.Value:
        return self.code.load(I32, variable, 4)

    def _increase(self, variable: ir.Value) -> None:
        self.code.store(self.code.index((self._get(variable), 1), start=1), variable, 4)

    def _below(self, a: ir.Value, b: ir.Value) -> ir.Value:
        return self.code.build.icmp_unsigned("<", a, b)

    def _least(self, end: ir.Value) -> ir.Value:
        extent = I32(self.thunk.extent)
        return self.code.build.select(self._below(end, extent), end, extent)


def top_k(code: Code, thunk: TopKThunk) -> None:
    """Arguments: values, out, indices. Each element is inserted where it belongs, if anywhere."""
    values, out, indices = code.arguments
    lines, extent = thunk.values.shape.dims
    k = thunk.out.shape.dims[1]
    place = code.variable(I32)
    goes_on = code.variable(ir.IntType(1))

    def get() -> ir.Value:
        return code.load(I32, place, 4)

    with code.loop(lines) as line:
        best = code.address(_FLOAT, out, code.index((line, k)))
        at = code.address(I32, indices, code.index((line, k)))
        with code.loop(extent) as i:
            value = code.load(
                _FLOAT, code.address(_FLOAT, values, code.index((line, extent), (i, 1))), 4
            )
            key = _total_order(code, value)
            # How many there are; a full list gives up its last one, or nothing.
            found = code.build.select(code.build.icmp_unsigned("<", i, I32(k)), i, I32(k))
            code.store(found, place, 4)
            code.store(ir.IntType(1)(1), goes_on, 1)

            def unsettled() -> ir.Value:
                inside = code.build.icmp_unsigned(">", get(), I32(0))
                return code.build.and_(inside, code.load(ir.IntType(1), goes_on, 1))

            with code.while_(unsettled):
                before = code.build.sub(get(), I32(1))
                other = code.load(_FLOAT, code.address(_FLOAT, best, before), 4)
                greater = code.build.icmp_signed(">", key, _total_order(code, other))
                code.store(greater, goes_on, 1)
                with code.build.if_then(greater):
                    with code.build.if_then(code.build.icmp_unsigned("<", get(), I32(k))):
                        code.store(other, code.address(_FLOAT, best, get()), 4)
                        moved = code.load(I32, code.address(I32, at, before), 4)
                        code.store(moved, code.address(I32, at, get()), 4)
                    code.store(before, place, 4)
            with code.build.if_then(code.build.icmp_unsigned("<", get(), I32(k))):
                code.store(value, code.address(_FLOAT, best, get()), 4)
                code.store(i, code.address(I32, at, get()), 4)


def _total_order(code: Code, value: ir.Value) -> ir.Value:
    """An integer that orders floats as XLA does: -NaN, -inf, ..., -0, 0, ..., inf, NaN."""
    bits = code.build.bitcast(value, I32)
    mask = code.build.lshr(code.build.ashr(bits, I32(31)), I32(1))
    return code.build.xor(bits, mask)


def _element(where: Slice) -> ir.Type:
    facts = DTYPES[where.shape.dtype]
    part = ir.IntType(8 * facts.itemsize // facts.parts)
    return part if facts.parts == 1 else ir.LiteralStructType([part] * facts.parts)
