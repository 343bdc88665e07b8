# SPDX-License-Identifier: Apache-2.0
"""Convolutions as sums of products: where the window lies inside of the input, the places it goes
to are rows and its taps are terms. At the edges it has fewer taps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from math import prod

from llvmlite import ir

from jax_embedded.ir.thunks import ConvolutionThunk, DotAxis, WindowAxis
from jax_embedded.llvm.emitters.arithmetic import Arithmetic, SumOptions, arithmetic
from jax_embedded.llvm.emitters.arrays import Arrays
from jax_embedded.llvm.emitters.code import I32, Code
from jax_embedded.llvm.emitters.sum_of_products import sum_of_products
from jax_embedded.llvm.emitters.terms import ONE, CheckedTaps, Taps, Term, merged
from jax_embedded.llvm.emitters.tiles import write_sums
from jax_embedded.target import Target

# Each has its own code.
_MOST_REGIONS = 3


def convolution(code: Code, thunk: ConvolutionThunk, target: Target, options: SumOptions) -> None:
    """Arguments: lhs, rhs, the inputs, out. options."""
    if not thunk.out.shape.elements:
        return
    window = [_forwards(axis) for axis in thunk.window]
    has_gaps = any(axis.base_dilation > 1 for axis in window)
    is_empty = any(not all(_taps(axis, o) for o in range(axis.extent)) for axis in window)
    if has_gaps or is_empty or not window:
        sum_of_products(code, thunk, contract=options.contract)
        return
    count = prod([axis.size for axis in window] + [axis.extent for axis in thunk.contracting])
    how = arithmetic(thunk.out.shape.dtype, target, count, options)
    _Convolution(code, thunk, window, how).write()


def _forwards(axis: WindowAxis) -> WindowAxis:
    """The same axis; one that is read from its end has a negative step."""
    return replace(axis, rhs=-axis.rhs) if axis.reversed else axis


def _taps(axis: WindowAxis, o: int) -> range:
    """The taps that have something to read at place o of the output."""
    first = o * axis.stride - axis.padding
    taps = [k for k in range(axis.size) if 0 <= first + k * axis.dilation < axis.input]
    return range(taps[0], taps[-1] + 1) if taps else range(0)


class _Convolution:
    def __init__(
        self, code: Code, thunk: ConvolutionThunk, window: list[WindowAxis], how: Arithmetic
    ):
        self.code = code
        self.how = how
        self.epilogue, self.normal = thunk.epilogue, thunk.normal
        self.outer_window, self.inner = window[:-1], window[-1]
        columns = merged([axis for axis in thunk.outer if not axis.lhs]) or [ONE]
        rows = [axis for axis in thunk.outer if not axis.rhs]
        both = [axis for axis in thunk.outer if axis.rhs and axis.lhs]
        self.around = merged([*rows, *both, *columns[:-1]])
        self.column = columns[-1]
        self.features = list(thunk.contracting)

    def write(self) -> None:
        code = self.code
        lhs, rhs, *inputs, out = code.arguments
        begin = sum(
            axis.rhs * (1 - axis.size) for axis in (*self.outer_window, self.inner) if axis.reversed
        )
        arrays = Arrays(*[self.how.number] * 3, lhs, rhs, (out, *inputs), self.normal)
        arrays = replace(arrays, rhs=arrays.moved(code, rhs, [(begin, 1)]))
        if self.how.size and (self.outer_window or len(_regions(self.inner)) > 1):
            self._write_short(arrays)
            return
        arrays.along(code, self.around, lambda here: self._along(0, here, []))

    def _write_short(self, arrays: Arrays) -> None:
        """Which taps there are is found at each of them. Results are made in the order in which
        they lie, so that all addresses go on from where they are.
        """
        window = [*self.outer_window, self.inner]
        around = sorted([*self.around, *window], key=lambda axis: axis.out, reverse=True)
        first = [(-axis.padding, axis.lhs) for axis in window]
        arrays = replace(arrays, lhs=arrays.moved(self.code, arrays.lhs, first, inbounds=False))
        self._here_and_on(around, arrays, {})

    def _here_and_on(
        self,
        around: Sequence[DotAxis | WindowAxis],
        arrays: Arrays,
        taps: Mapping[WindowAxis, CheckedTaps | DotAxis],
    ) -> Arrays:
        """All results along these axes. Returns where what they read and write ends."""
        code = self.code
        if not around:
            window = [taps[axis] for axis in (*self.outer_window, self.inner)]
            inside = [term for term in window if isinstance(term, DotAxis)]
            checked = [term for term in window if isinstance(term, CheckedTaps)]
            ends = self._sums(arrays, ONE, checked, inside)
            return replace(arrays, results=tuple(map(code.opaque, ends)))
        axis, *inner = around
        behind = inner[0] if inner else self.column

        def step(place: ir.Value, state: list[ir.Value]) -> list[ir.Value]:
            here = replace(arrays, lhs=state[0], rhs=state[1], results=tuple(state[2:]))
            found = dict(taps)
            if isinstance(axis, WindowAxis):
                found[axis] = _terms(axis, place)
            here = self._here_and_on(inner, here, found)
            sides = [(1, _of_sides(axis)), (-behind.extent if inner else 0, _of_sides(behind))]
            results = [(1, axis), (-behind.extent, behind)]
            lhs, rhs = (
                arrays.moved(
                    code, base, [(count, steps[i]) for count, steps in sides], inbounds=False
                )
                for i, base in enumerate((here.lhs, here.rhs))
            )
            return [lhs, rhs, *here.moved_results(code, results).results]

        window = isinstance(axis, WindowAxis)
        first, stride = (-axis.padding, axis.stride) if window else (0, 1)
        state = [arrays.lhs, arrays.rhs, *arrays.results]
        ends = code.walk(first, stride, axis.extent, state, step)
        # LLVM would go on from where they were before the loop, and keep that.
        lhs, rhs, *results = [
            code.opaque(end) if end is not begin else end
            for begin, end in zip(state, ends, strict=True)
        ]
        return replace(arrays, lhs=lhs, rhs=rhs, results=tuple(results))

    def _along(self, depth: int, arrays: Arrays, taps: list[Taps]) -> None:
        """The places along the axes of the window from `depth` on."""
        if depth < len(self.outer_window):
            self._places(
                self.outer_window[depth],
                0,
                self.outer_window[depth].extent,
                arrays,
                lambda moved, found: self._along(depth + 1, moved, [*taps, found]),
            )
            return
        regions = _regions(self.inner)
        for first, count, found in regions:
            if found is None:
                self._places(
                    self.inner,
                    first,
                    count,
                    arrays,
                    lambda moved, found: self._sums(moved, ONE, [*taps, found], []),
                )
                continue
            axis = self.inner
            lhs = first * axis.stride - axis.padding + found.start * axis.dilation
            moved = replace(
                arrays.moved_results(self.code, [(first, axis)]),
                lhs=arrays.moved(self.code, arrays.lhs, [(lhs, axis.lhs)]),
                rhs=arrays.moved(self.code, arrays.rhs, [(found.start, axis.rhs)]),
            )
            row = DotAxis(count, axis.stride * axis.lhs, 0, axis.out, axis.inputs)
            terms = DotAxis(len(found), axis.dilation * axis.lhs, axis.rhs, 0)
            self._sums(moved, row, taps, [terms])

    def _sums(
        self, arrays: Arrays, row: DotAxis, taps: Sequence[Term], inside: list[DotAxis]
    ) -> Sequence[ir.Value]:
        inner = merged([*inside, *self.features]) or [ONE]
        terms = [*taps, *inner]
        return write_sums(self.code, self.how, arrays, row, self.column, terms, self.epilogue)

    def _places(self, axis: WindowAxis, first: int, count: int, arrays: Arrays, body) -> None:
        """A loop over places of the output in which the taps are found when the code runs."""
        code, build = self.code, self.code.build
        with code.loop(first + count, first) as o:
            begin = code.index((o, axis.stride), start=-axis.padding)
            # Of the taps, those from the first one at or behind 0 and before `input`.
            none = build.icmp_signed("<", begin, I32(0))
            before = build.sdiv(build.sub(I32(axis.dilation - 1), begin), I32(axis.dilation))
            low = build.select(none, before, I32(0))
            room = build.sub(I32(axis.input + axis.dilation - 1), begin)
            most = build.sdiv(room, I32(axis.dilation))
            high = build.select(build.icmp_signed("<", most, I32(axis.size)), most, I32(axis.size))
            place = code.add(begin, code.index((low, axis.dilation)))
            moved = replace(
                arrays.moved_results(code, [(o, axis)]),
                lhs=arrays.moved(code, arrays.lhs, [(place, axis.lhs)]),
                rhs=arrays.moved(code, arrays.rhs, [(low, axis.rhs)]),
            )
            taps = Taps(build.sub(high, low), axis.size, axis.dilation * axis.lhs, axis.rhs)
            body(moved, taps)


def _terms(axis: WindowAxis, first: ir.Value) -> CheckedTaps | DotAxis:
    """The taps, the first of which is at that place of the input."""
    step = axis.dilation * axis.lhs
    if all(len(_taps(axis, o)) == axis.size for o in range(axis.extent)):
        return DotAxis(axis.size, step, axis.rhs, 0)
    return CheckedTaps(first, axis.input, axis.dilation, axis.size, step, axis.rhs)


def _of_sides(axis: DotAxis | WindowAxis) -> tuple[int, int]:
    """By how many elements lhs and rhs go on with the axis."""
    if isinstance(axis, WindowAxis):
        return axis.stride * axis.lhs, 0
    return axis.lhs, axis.rhs


def _regions(axis: WindowAxis) -> list[tuple[int, int, range | None]]:
    """First place, how many, and their taps; None where these are not the same for all."""
    runs = []
    for taps, places in groupby(range(axis.extent), lambda o: _taps(axis, o)):
        found = list(places)
        runs.append((found[0], len(found), taps))
    if len(runs) <= _MOST_REGIONS:
        return runs
    first, count, taps = max(runs, key=lambda run: run[1])
    behind = first + count
    regions = [(0, first, None), (first, count, taps), (behind, axis.extent - behind, None)]
    return [region for region in regions if region[1]]
