# SPDX-License-Identifier: Apache-2.0
"""Convolutions of any kind, one element after the other."""

from contextlib import ExitStack
from dataclasses import dataclass

from llvmlite import ir

from jax_embedded.ir.thunks import ConvolutionThunk, DotAxis, WindowAxis
from jax_embedded.llvm.emitters.arrays import Arrays
from jax_embedded.llvm.emitters.code import I32, Code
from jax_embedded.llvm.emitters.epilogue import finish
from jax_embedded.llvm.emitters.number import Value, number

# XLA defines no order of summation. Sums of no more than so many terms, and sums of such sums,
# keep the error small.
_TERMS = 8


def sum_of_products(code: Code, thunk: ConvolutionThunk, *, contract: bool) -> None:
    """Arguments: lhs, rhs, the inputs, out."""
    window = thunk.window
    with (
        code.loops([axis.extent for axis in thunk.outer]) as around,
        code.loops([axis.extent for axis in window]) as position,
    ):
        outer = list(zip(around, thunk.outer, strict=True))
        element = _Element(code, thunk, window, position, outer, contract)
        element.add_products(0)
        kind = element.number
        lhs, rhs, *inputs, out = code.arguments
        places = [*outer, *zip(position, window, strict=True)]
        here = Arrays(kind, kind, kind, lhs, rhs, (out, *inputs)).moved_results(code, places)
        to, *sources = here.results
        read = [kind.load(code, source, 0) for source in sources]
        kind.store(code, finish(code, kind, element.total(), read, thunk.epilogue), to, 0)


@dataclass(frozen=True)
class _Level:
    """One loop of the summation, with a sum of its own.

    axis: which of the axes that are summed over.
    extent: of the axis. whole: how much of it the loops of this level go through. step: how much of
        that one of its iterations does.
    """

    axis: int
    extent: int
    whole: int
    step: int


def _levels(axis: int, extent: int) -> list[_Level]:
    steps = [1]
    while steps[-1] * _TERMS < extent:
        steps.append(steps[-1] * _TERMS)
    wholes = [*steps[1:], extent]
    levels = [_Level(axis, extent, whole, step) for whole, step in zip(wholes, steps, strict=True)]
    return list(reversed(levels))


class _Element:
    """One element of the result: the sum of the products.

    position: of the window. outer: the counters of the axes around.
    """

    def __init__(
        self,
        code: Code,
        thunk: ConvolutionThunk,
        window: tuple[WindowAxis, ...],
        position: list[ir.Value],
        outer: list[tuple[ir.Value, DotAxis]],
        contract: bool,
    ):
        self.code = code
        self.number = number(thunk.out.shape.dtype, contract=contract)
        self.position = position
        self.outer = outer
        self.axes: list[WindowAxis | DotAxis] = [*window, *thunk.contracting]
        extents = [axis.size if isinstance(axis, WindowAxis) else axis.extent for axis in self.axes]
        self.levels = [
            level for axis, extent in enumerate(extents) for level in _levels(axis, extent)
        ] or [_Level(0, 1, 1, 1)]
        self.sums = [
            [code.variable(self.number.type) for _ in range(self.number.parts)] for _ in self.levels
        ]
        self.at: dict[int, ir.Value] = {}  # the place along each axis, so far

    def total(self) -> Value:
        return self._read(0)

    def add_products(self, depth: int) -> None:
        """Sets the sum of a level, which is then a term of the level around it."""
        if depth == len(self.levels):
            a, b = self._factors()
            last = depth - 1
            self._write(last, self.number.add_product(self.code, self._read(last), a, b))
            return
        level = self.levels[depth]
        before = self.at.get(level.axis, I32(0))
        self._write(depth, self.number.zero())
        with ExitStack() as stack:
            i = stack.enter_context(self.code.loop(self._count(level, before)))
            self.at[level.axis] = self.code.index((before, 1), (i, level.step))
            if level.step == 1 and self.axes:
                stack.enter_context(self.code.if_all(self._conditions(level.axis)))
            self.add_products(depth + 1)
        self.at[level.axis] = before
        if depth:
            total = self.number.add(self.code, self._read(depth - 1), self._read(depth))
            self._write(depth - 1, total)

    def _count(self, level: _Level, before: ir.Value) -> ir.Value:
        """The last part of an axis may be shorter."""
        whole = I32(-(-level.whole // level.step))
        if level.extent % level.whole == 0:
            return whole
        build = self.code.build
        rest = build.sub(I32(level.extent + level.step - 1), before)
        count = build.udiv(rest, I32(level.step))
        return build.select(build.icmp_unsigned("<", count, whole), count, whole)

    def _conditions(self, axis: int) -> list[ir.Value]:
        window = self.axes[axis]
        if not isinstance(window, WindowAxis):
            return []
        return _input_position(self.code, window, self.position[axis], self.at[axis])[0]

    def _factors(self) -> tuple[Value, Value]:
        code = self.code
        left = [(i, axis.lhs) for i, axis in self.outer]
        right = [(i, axis.rhs) for i, axis in self.outer]
        for number_, axis in enumerate(self.axes):
            at = self.at[number_]
            place = at
            if isinstance(axis, WindowAxis):
                _, place = _input_position(code, axis, self.position[number_], at)
                at = _tap(code, axis, at)
            left.append((place, axis.lhs))
            right.append((at, axis.rhs))
        lhs, rhs, *_ = code.arguments
        return (
            self.number.load(code, lhs, code.index(*left)),
            self.number.load(code, rhs, code.index(*right)),
        )

    def _read(self, depth: int) -> Value:
        return [self.code.load(self.number.type, place, 8) for place in self.sums[depth]]

    def _write(self, depth: int, value: Value) -> None:
        for part, place in zip(value, self.sums[depth], strict=True):
            self.code.store(part, place, 8)


def _input_position(
    code: Code, axis: WindowAxis, o: ir.Value, k: ir.Value
) -> tuple[list[ir.Value], ir.Value]:
    """Where the input is read, and under which conditions there is something."""
    place = code.index((o, axis.stride), (k, axis.dilation), start=-axis.padding)
    least = -axis.padding
    most = (axis.extent - 1) * axis.stride + (axis.size - 1) * axis.dilation - axis.padding
    length = (axis.input - 1) * axis.base_dilation + 1
    conditions = []
    if least < 0 or most >= length:
        conditions.append(code.build.icmp_unsigned("<", place, I32(length)))
    if axis.base_dilation > 1:
        rest = code.build.urem(place, I32(axis.base_dilation))
        conditions.append(code.build.icmp_unsigned("==", rest, I32(0)))
        place = code.build.udiv(place, I32(axis.base_dilation))
    return conditions, place


def _tap(code: Code, axis: WindowAxis, k: ir.Value) -> ir.Value:
    return code.build.sub(I32(axis.size - 1), k) if axis.reversed else k
