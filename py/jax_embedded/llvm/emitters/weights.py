# SPDX-License-Identifier: Apache-2.0
"""Lays constant matrices out the way the loops of a dot read them: tile after tile, and in a tile
the columns of one term side by side.
"""

from array import array
from dataclasses import dataclass, replace
from functools import cache

from jax_embedded.ir.program import Program
from jax_embedded.ir.thunks import (
    DotAxis,
    DotThunk,
    Slice,
    Step,
    reads_and_writes,
    replace_steps,
    without_places,
)
from jax_embedded.llvm.emitters.arithmetic import Arithmetic, SumOptions, arithmetic
from jax_embedded.llvm.emitters.code import Code
from jax_embedded.llvm.emitters.dot import dot
from jax_embedded.llvm.emitters.dsp import dot_call
from jax_embedded.llvm.emitters.problem import in_order, problem_of
from jax_embedded.llvm.emitters.terms import ONE, merged
from jax_embedded.llvm.emitters.tile_choice import instructions
from jax_embedded.llvm.emitters.trial import (
    LONG_SUM,
    Cost,
    best_tile,
    is_worth_trying,
    rated,
)
from jax_embedded.target import Target

_GAIN = 0.02  # of the instructions: less is not worth another order
# Where this has more instructions by the estimate than the order that is there, it is not tried.
_MOST_WORSE = 0.15
_PATIENCE = 4  # tiles
_TRIED = 3  # layouts
_PER_TILE = 8  # instructions


@dataclass(frozen=True)
class _Layout:
    """A matrix of `columns` * `terms` elements in tiles of `width` columns.

    column_step, term_step: how many elements the next one is away before.
    """

    columns: int
    terms: int
    column_step: int
    term_step: int
    width: int

    def applied(self, data: bytes) -> bytes:
        elements = array("I", data)
        return array(
            "I",
            (
                elements[(first + column) * self.column_step + term * self.term_step]
                for first in range(0, self.columns, self.width)
                for term in range(self.terms)
                for column in range(self.width)
            ),
        ).tobytes()


def with_laid_out_weights(program: Program, target: Target, options: SumOptions) -> Program:
    """The same program; constants that only dots read may have their elements in another order."""
    readers: dict[int, list[tuple[Step, Slice]]] = {}
    for step in program.steps():
        for where in reads_and_writes(step)[0]:
            readers.setdefault(where.allocation, []).append((step, where))
    allocations = dict(program.allocations)
    changed: dict[Step, Step] = {}
    for a in program.allocations.values():
        found = readers.get(a.index, [])
        if a.kind != "constant" or not found or a.data is None:
            continue
        layouts = {_layout(step, where, target, options) for step, where in found}
        (layout, *others) = layouts
        whole = all((where.offset, where.end) == (0, a.size) for _, where in found)
        if layout is None or others or not whole or any(step in changed for step, _ in found):
            continue
        allocations[a.index] = replace(a, data=layout.applied(a.data))
        changed |= {
            step: _with_layout(step, where, layout)
            for step, where in found
            if isinstance(step, DotThunk)
        }
    thunks = replace_steps(program.thunks, lambda step: changed.get(step, step))
    return replace(program, allocations=allocations, thunks=thunks)


def _layout(step: Step, where: Slice, target: Target, options: SumOptions) -> _Layout | None:
    """How the step wants a constant that it reads to lie; None: as it is."""
    if not isinstance(step, DotThunk) or where.shape.dtype != "f32" or step.lhs == step.rhs:
        return None
    if where not in (step.lhs, step.rhs) or where in step.inputs:
        return None
    if "f32" not in target.float_dtypes or (options.library and dot_call(step)):
        return None
    side, other = ("lhs", "rhs") if where == step.lhs else ("rhs", "lhs")
    rows, columns, terms = _axes(step, other)
    if len(columns) != 1 or len(terms) != 1 or columns[0].out != 1:
        return None
    (column,), (term,) = columns, terms
    if any(getattr(axis, side) for axis in rows) or len(rows) > 1:
        return None
    row = rows[0] if rows else ONE
    how = arithmetic("f32", target, term.extent, options, sequential=step.sequential)
    as_it_is = instructions(*_problem(how, row, column, term, side))
    products = row.extent * column.extent * term.extent
    tried = products >= LONG_SUM and is_worth_trying(target, size=options.size)
    most = as_it_is * (1 + _MOST_WORSE if tried else 1 - _GAIN)
    estimates = []
    for width in range(1, how.registers.sums * how.lanes + 1):
        if column.extent % width == 0 and column.extent * term.extent > 1:
            narrow = replace(column, extent=width, **{side: 1})
            tall = replace(term, **{side: width})
            of_tile = instructions(*_problem(how, row, narrow, tall, side))
            found = (of_tile + _PER_TILE) * (column.extent // width)
            if found < most:
                estimates.append((found, width))
    steps = getattr(column, side), getattr(term, side)
    layouts = [_Layout(column.extent, term.extent, *steps, width) for _, width in sorted(estimates)]
    if not tried:
        return layouts[0] if layouts else None

    def with_layout(layout: _Layout | None) -> tuple[float, float]:
        changed = _with_layout(step, where, layout) if layout else step
        return rated(_cost(without_places(changed), target, options), options)

    return min([None, *layouts[:_TRIED]], key=with_layout)


@cache
def _cost(step: DotThunk, target: Target, options: SumOptions) -> Cost:
    reads, writes = reads_and_writes(step)

    def write(code: Code, tried: SumOptions) -> None:
        dot(code, step, target, tried)

    pairs, pointers = options.pairs, len(reads + writes)
    best = best_tile(
        write, pointers, target, options, pairs=pairs, patience=_PATIENCE, one_way=True, of=step
    )
    return best[0]


def _axes(step: DotThunk, other: str) -> tuple[list[DotAxis], list[DotAxis], list[DotAxis]]:
    """The axes that the other side has, those that it does not have, and the terms."""
    rows = merged([axis for axis in step.outer if getattr(axis, other)])
    columns = merged([axis for axis in step.outer if not getattr(axis, other)])
    return rows, columns, merged(step.contracting)


def _problem(how: Arithmetic, row: DotAxis, column: DotAxis, term: DotAxis, side: str):
    pair = (column, row) if side == "lhs" else (row, column)
    first, second, _, terms = in_order(*pair, [term])
    return problem_of(how, first, second, terms), how.registers


def _with_layout(step: DotThunk, where: Slice, layout: _Layout) -> DotThunk:
    side, other = ("lhs", "rhs") if where == step.lhs else ("rhs", "lhs")
    rows, (column,), (term,) = _axes(step, other)
    width = layout.width
    tiles = DotAxis(
        layout.columns // width,
        column.lhs * width,
        column.rhs * width,
        column.out * width,
        tuple(by * width for by in column.inputs),
    )
    tiles = replace(tiles, **{side: width * layout.terms})
    inside = replace(column, extent=width, **{side: 1})
    return replace(
        step,
        outer=(*rows, tiles, inside),
        contracting=(replace(term, **{side: width}),),
    )
