# SPDX-License-Identifier: Apache-2.0
"""Sums of products, tile by tile."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from llvmlite import ir

from jax_embedded.ir.elementwise import Operation
from jax_embedded.ir.thunks import DotAxis
from jax_embedded.llvm.emitters.arithmetic import Arithmetic
from jax_embedded.llvm.emitters.arrays import Arrays, step_of_result
from jax_embedded.llvm.emitters.code import Code
from jax_embedded.llvm.emitters.epilogue import finish
from jax_embedded.llvm.emitters.number import Number, Value
from jax_embedded.llvm.emitters.problem import in_order, sides
from jax_embedded.llvm.emitters.terms import Taps, Term
from jax_embedded.llvm.emitters.tile_sums import TileSums, Tiling
from jax_embedded.llvm.emitters.vector import Vector


def write_sums(
    code: Code,
    how: Arithmetic,
    arrays: Arrays,
    row: DotAxis,
    column: DotAxis,
    terms: Sequence[Term],
    epilogue: Sequence[Operation] = (),
) -> Sequence[ir.Value]:
    """out[row, column] = the sum over the terms of lhs[row, term] * rhs[column, term].

    row, column: an axis of the one side only. terms: merged; the last of them is no Taps.
    epilogue: what becomes of the sum before.
    Returns where the results of the last row end.
    """
    turned = False
    if how.registers.sums > 1 or not code.is_general:
        row, column, turned, terms = in_order(row, column, terms)
        arrays = arrays.turned if turned else arrays
        if how.prologue:
            how = replace(how, prologue=replace(how.prologue, turned=turned))
    terms = _by_classes(how.lanes, column, list(terms))
    tiling = Tiling(code, how, arrays, row, column, terms, sides(how, turned=turned))
    return _Sums(tiling, arrays, row, column, epilogue).write()


def _by_classes(lanes: int, column: DotAxis, terms: list[Term]) -> list[Term]:
    """Where each column reads one element further on with each term, terms that lie a vector apart
    follow each other, as they read the same vectors.
    """
    last = terms[-1]
    slides = isinstance(last, DotAxis) and last.rhs == column.rhs == column.out == 1
    if lanes == 1 or not slides or last.extent < 2 * lanes or last.extent % lanes:
        return terms
    first = replace(last, extent=lanes)
    steps = replace(last, extent=last.extent // lanes, lhs=last.lhs * lanes, rhs=last.rhs * lanes)
    return [*terms[:-1], first, steps]


class _Sums:
    def __init__(
        self,
        tiling: Tiling,
        arrays: Arrays,
        row: DotAxis,
        column: DotAxis,
        epilogue: Sequence[Operation],
    ):
        self.tiling, self.code = tiling, tiling.code
        self.arrays = arrays
        self.row, self.column = row, column
        self.epilogue = epilogue

    def write(self) -> Sequence[ir.Value]:
        """Returns where the results of the last row end."""
        behind: Sequence[ir.Value] = ()

        def tiles(state: list[ir.Value], rows: int) -> list[ir.Value]:
            nonlocal behind
            ends, behind = self._columns(state[0], state[1:], rows)
            if len(ends) == 1 and self._ends_at(rows * self.row.lhs, "lhs"):
                lhs = ends[0]
            else:
                lhs = self.tiling.on(state[0], rows * self.row.lhs, self.tiling.left)
            results = [
                behind[role]
                if self._row_ends_at(rows, role)
                else self._result_along(base, role, rows, self.row)
                for role, base in enumerate(state[1:])
            ]
            return [lhs, *results]

        size = self.tiling.tile.rows
        whole, rest = divmod(self.row.extent, size)
        # What is read and written for each result goes along with it.
        state = [self.arrays.lhs, *self.arrays.results]
        state = self._repeat(whole, state, lambda state: tiles(state, size))
        if rest:
            tiles(state, rest)
        return behind

    def _repeat(
        self, count: int, state: list[ir.Value], tiles: Callable[[list[ir.Value]], list[ir.Value]]
    ) -> list[ir.Value]:
        if not self.tiling.tile.written_out or self.code.is_general:
            return self.code.repeat(count, state, tiles)
        for _ in range(count):
            state = tiles(state)
        return state

    def _along(self, results: list[ir.Value], count: int, axis: DotAxis) -> list[ir.Value]:
        return [self._result_along(base, role, count, axis) for role, base in enumerate(results)]

    def _result_along(self, base: ir.Value, role: int, count: int, axis: DotAxis) -> ir.Value:
        return self.tiling.on(base, count * step_of_result(axis, role), self.tiling.number)

    @property
    def _saves_addresses(self) -> bool:
        """Whether to go on where something ends, rather than with an address more."""
        return self.tiling.short and not self.code.is_general

    def _ends_at(self, elements: int, side: Literal["lhs", "rhs"]) -> bool:
        """Whether what a tile has read of one side ends there."""
        first = self.tiling.terms[0]
        if not self._saves_addresses or isinstance(first, Taps) or self.tiling.rest:
            return False
        return first.extent * getattr(first, side) == elements

    def _row_ends_at(self, rows: int, role: int) -> bool:
        """Whether the results of a row end where those of so many rows further on begin."""
        row, column = (step_of_result(axis, role) for axis in (self.row, self.column))
        return self._saves_addresses and self.column.extent * column == rows * row

    def _columns(
        self, lhs: ir.Value, results: list[ir.Value], rows: int
    ) -> tuple[list[ir.Value], list[ir.Value]]:
        """Returns where each of the tiles has ended on the left, and where the results end."""
        ends = []

        def tiles(state: list[ir.Value], columns: int) -> list[ir.Value]:
            left, right = self._tile(lhs, state[0], state[1:], rows, columns)
            ends.append(left)
            if self._ends_at(columns * self.column.rhs, "rhs"):
                rhs = right
            else:
                rhs = self.tiling.on(state[0], columns * self.column.rhs, self.tiling.right)
            return [rhs, *self._along(state[1:], columns, self.column)]

        size = self.tiling.tile.columns
        whole, rest = divmod(self.column.extent, size)
        state = [self.arrays.rhs, *results]
        state = self._repeat(whole, state, lambda state: tiles(state, size))
        if rest:
            # Vectors that would reach beyond the end begin earlier: some sums are made twice.
            columns = -(-rest // self.tiling.width) * self.tiling.width
            back = columns - rest
            rhs = self.tiling.on(state[0], -back * self.column.rhs, self.tiling.right)
            state = tiles([rhs, *self._along(state[1:], -back, self.column)], columns)
        return ends if whole + bool(rest) == 1 else [], state[1:]

    def _tile(
        self, lhs: ir.Value, rhs: ir.Value, results: list[ir.Value], rows: int, columns: int
    ) -> tuple[ir.Value, ir.Value]:
        """Returns where its terms end, on both sides."""
        tile = TileSums(self.tiling, rows, columns)
        lhs = self.tiling.on(lhs, tile.ahead, self.tiling.left)
        lhs, rhs, sums = tile.add(0, lhs, rhs, None)
        kind = self.tiling.vector if self.tiling.tile.along == "columns" else self.tiling.number
        out, *inputs = results
        for (i, j), total in tile.totals(lhs, rhs, sums).items():
            read = [self._input(kind, base, n, i, j) for n, base in enumerate(inputs, 1)]
            value = finish(self.code, self.tiling.number, total, read, self.epilogue)
            kind.store(self.code, value, out, i * self.row.out + j * self.column.out)
        return self.tiling.on(lhs, -tile.ahead, self.tiling.left), rhs

    def _input(self, kind: Number | Vector, base: ir.Value, role: int, i: int, j: int) -> Value:
        along = step_of_result(self.column, role)
        index = i * step_of_result(self.row, role) + j * along
        if isinstance(kind, Vector) and not along:
            return kind.load_splat(self.code, base, index)
        return kind.load(self.code, base, index)
