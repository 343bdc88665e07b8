# SPDX-License-Identifier: Apache-2.0
"""Sums of products, tile by tile."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import product
from math import prod
from typing import Literal, TypeVar

from llvmlite import ir

from jax_embedded.ir.elementwise import Operation
from jax_embedded.ir.thunks import DotAxis
from jax_embedded.llvm.emitters.arithmetic import Arithmetic
from jax_embedded.llvm.emitters.arrays import Arrays, step_of_result
from jax_embedded.llvm.emitters.code import Code, Index
from jax_embedded.llvm.emitters.epilogue import finish
from jax_embedded.llvm.emitters.number import Number, Value
from jax_embedded.llvm.emitters.operand import Absent, MovingReads, Operand, Reads, ReadsNothing
from jax_embedded.llvm.emitters.pairs import Loads, frozen, load_run, load_two
from jax_embedded.llvm.emitters.reduction import Extremum, ExtremumOfBits, Sum
from jax_embedded.llvm.emitters.tile_choice import Problem, Sides, Tile, choose
from jax_embedded.llvm.emitters.unpacked import Unpacked
from jax_embedded.llvm.emitters.vector import Vector

ONE = DotAxis(1, 0, 0, 0)
Sums = list[Value]
AnyReads = Reads | MovingReads | ReadsNothing
# Terms that are neighbours, and loaded in pairs, after which an address goes on. More of them stay
# in registers for longer.
_PAIR = 2
# Where each term is for one product alone, the doubles that are loaded at once, by side.
_LEFT, _RIGHT = range(4), range(4, 8)


@dataclass(frozen=True)
class Taps:
    """An axis of the terms whose extent is known when the code runs: `count`, at least 1.

    most: what it can be.
    """

    count: ir.Value
    most: int
    lhs: int
    rhs: int


def merged(axes: Sequence[DotAxis]) -> list[DotAxis]:
    """The same places in the same order, of as few axes as can be."""
    found: list[DotAxis] = []
    for axis in axes:
        before = found[-1] if found else None
        if axis.extent == 1:
            continue
        if before and _steps(before) == tuple(axis.extent * step for step in _steps(axis)):
            found[-1] = replace(axis, extent=before.extent * axis.extent)
        else:
            found.append(axis)
    return found


def _steps(axis: DotAxis) -> tuple[int, ...]:
    return (axis.lhs, axis.rhs, axis.out, *axis.inputs)


def write_sums(
    code: Code,
    how: Arithmetic,
    arrays: Arrays,
    row: DotAxis,
    column: DotAxis,
    terms: Sequence[Taps | DotAxis],
    epilogue: Sequence[Operation] = (),
) -> None:
    """out[row, column] = the sum over the terms of lhs[row, term] * rhs[column, term].

    row, column: an axis of the one side only. terms: merged; the last of them is no Taps.
    epilogue: what becomes of the sum before.
    """
    turned = False
    if how.registers.sums > 1 or not code.is_general:
        row, column, turned, terms = in_order(row, column, terms)
        arrays = arrays.turned if turned else arrays
    terms = _by_classes(how.lanes, column, list(terms))
    there = sides(how, turned=turned)
    _Sums(code, how, arrays, row, column, terms, there, epilogue).write()


def _by_classes(lanes: int, column: DotAxis, terms: list[Taps | DotAxis]) -> list[Taps | DotAxis]:
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


def in_order(
    row: DotAxis, column: DotAxis, terms: Sequence[Taps | DotAxis]
) -> tuple[DotAxis, DotAxis, bool, list[Taps | DotAxis]]:
    """row and column, so that vectors may lie along the columns; whether they, and with them lhs
    and rhs, had to change places; and the terms.
    """
    if row.lhs == row.out == 1 and row.extent > 1 and column.rhs != 1:
        return _turned(column), _turned(row), True, [_turned(axis) for axis in terms]
    return row, column, False, list(terms)


_Axis = TypeVar("_Axis", bound=Taps | DotAxis)


def _turned(axis: _Axis) -> _Axis:
    return replace(axis, lhs=axis.rhs, rhs=axis.lhs)


def sides(how: Arithmetic, *, turned: bool) -> Sides:
    """turned: see `in_order`."""
    if how.one is None:
        return True, True
    return not turned, turned


def _most(axis: Taps | DotAxis) -> int:
    return axis.most if isinstance(axis, Taps) else axis.extent


def problem_of(
    how: Arithmetic,
    row: DotAxis,
    column: DotAxis,
    terms: Sequence[Taps | DotAxis],
    there: Sides = (True, True),
) -> Problem:
    """What a tile has to be chosen for."""
    last = terms[-1]
    steps = [step for step, is_there in zip((last.lhs, last.rhs), there, strict=True) if is_there]
    lanes = how.lanes
    vectors = []
    are_vectors = column.rhs == column.out == 1 and {*column.inputs} <= {0, 1}
    if lanes > 1 and are_vectors and column.extent >= lanes:
        vectors.append("columns")
    if lanes > 1 and len(terms) == 1 and {*steps} == {1} and _most(last) >= lanes:
        vectors.append("terms")
    return Problem(
        row.extent,
        column.extent,
        prod(map(_most, terms)),
        tuple(vectors),
        row.lhs == last.lhs != 0,
        last.rhs == lanes > 1 and column.rhs == 1,
        (row.lhs, last.lhs),
        (column.rhs, last.rhs),
        _most(last),
        there,
    )


class _Sums:
    def __init__(
        self,
        code: Code,
        how: Arithmetic,
        arrays: Arrays,
        row: DotAxis,
        column: DotAxis,
        terms: list[Taps | DotAxis],
        there: Sides,
        epilogue: Sequence[Operation],
    ):
        self.code = code
        self.epilogue = epilogue
        self.number = how.number
        self.left, self.right = arrays.left, arrays.right
        self.arrays = arrays
        self.row, self.column, self.terms = row, column, terms
        self.last = last = terms[-1]
        assert isinstance(last, DotAxis)
        lanes = how.lanes
        problem = problem_of(how, row, column, terms, there)
        self.there, self.one = there, how.one
        self.tile: Tile = choose(problem, how.registers, size=how.size)
        # Numbers of both sides; beside vectors, those of one side that go to all of their lanes.
        self.pairs = how.pairs and self.tile.along == ("rows" if lanes == 1 else "columns")
        self.vector = Vector(lanes, how.number)
        # The vectors of a part go through memory as one stream.
        self.streams = how.is_mve and how.moves == "by_load" and self.tile.along == "columns"
        self.reach = how.registers.reach // how.number.align
        self.moves = "freely" if how.is_mve else how.moves
        # Where two vectors are loaded for each product or two, LLVM loads more ahead than there are
        # registers for.
        two = how.one is None
        self.pinned = how.is_mve and self.tile.along == "terms" and problem.terms > lanes and two
        self.short = how.size
        self.most = self.tile.part
        self.sum: Number | Unpacked | Vector | Sum | Extremum | ExtremumOfBits = how.sum
        if isinstance(how.sum, Unpacked):
            self.sum = replace(how.sum, normal=arrays.normal)
        elif self.tile.along != "rows":
            reduces = isinstance(how.sum, Sum | Extremum)
            self.sum = how.sum.of(self.vector) if reduces else self.vector
        self.width = lanes if self.tile.along == "columns" else 1
        self.rest = 0  # terms that make no whole vector
        if self.tile.along == "terms":
            self.rest = last.extent % lanes
            self.last = DotAxis(last.extent // lanes, lanes * last.lhs, lanes * last.rhs, 0)
            self.terms = [self.last]
        # Of each axis of the terms: how many terms lie in one step along it.
        self.inner = [prod(map(_most, self.terms[i + 1 :])) for i in range(len(self.terms))]

    def on(self, base: ir.Value, elements: int, number: Number) -> ir.Value:
        """The address so many elements further on."""
        if not elements and not self.code.is_general:
            return base
        address = number.address(self.code, base, elements)
        if self.moves == "freely":
            return address
        return frozen(self.code, address) if self.pairs else self.code.opaque(address)

    def write(self) -> None:
        def tiles(state: list[ir.Value], rows: int) -> list[ir.Value]:
            ends = self._columns(state[0], state[1:], rows)
            if len(ends) == 1 and self._ends_at(rows * self.row.lhs, "lhs"):
                lhs = ends[0]
            else:
                lhs = self.on(state[0], rows * self.row.lhs, self.left)
            return [lhs, *self._along(state[1:], rows, self.row)]

        size = self.tile.rows
        whole, rest = divmod(self.row.extent, size)
        # What is read and written for each result goes along with it.
        state = [self.arrays.lhs, *self.arrays.results]
        state = self.code.repeat(whole, state, lambda state: tiles(state, size))
        if rest:
            tiles(state, rest)

    def _along(self, results: list[ir.Value], count: int, axis: DotAxis) -> list[ir.Value]:
        return [
            self.on(base, count * step_of_result(axis, role), self.number)
            for role, base in enumerate(results)
        ]

    def _ends_at(self, elements: int, side: Literal["lhs", "rhs"]) -> bool:
        """Whether what a tile has read of one side ends there, which saves an address."""
        first = self.terms[0]
        if not self.short or self.code.is_general or isinstance(first, Taps) or self.rest:
            return False
        return first.extent * getattr(first, side) == elements

    def _columns(self, lhs: ir.Value, results: list[ir.Value], rows: int) -> list[ir.Value]:
        """Returns where each of the tiles has ended on the left."""
        ends = []

        def tiles(state: list[ir.Value], columns: int) -> list[ir.Value]:
            left, right = self._tile(lhs, state[0], state[1:], rows, columns)
            ends.append(left)
            if self._ends_at(columns * self.column.rhs, "rhs"):
                rhs = right
            else:
                rhs = self.on(state[0], columns * self.column.rhs, self.right)
            return [rhs, *self._along(state[1:], columns, self.column)]

        size = self.tile.columns
        whole, rest = divmod(self.column.extent, size)
        state = [self.arrays.rhs, *results]
        state = self.code.repeat(whole, state, lambda state: tiles(state, size))
        if rest:
            # Vectors that would reach beyond the end begin earlier: some sums are made twice.
            columns = -(-rest // self.width) * self.width
            back = columns - rest
            rhs = self.on(state[0], -back * self.column.rhs, self.right)
            tiles([rhs, *self._along(state[1:], -back, self.column)], columns)
        return ends if whole + bool(rest) == 1 else []

    def _tile(
        self, lhs: ir.Value, rhs: ir.Value, results: list[ir.Value], rows: int, columns: int
    ) -> tuple[ir.Value, ir.Value]:
        """Returns where its terms end, on both sides."""
        tile = _Tile(self, rows, columns)
        lhs = self.on(lhs, tile.ahead, self.left)
        lhs, rhs, sums = tile.add(0, lhs, rhs, None)
        kind = self.vector if self.tile.along == "columns" else self.number
        out, *inputs = results
        for (i, j), total in tile.totals(lhs, rhs, sums).items():
            read = [self._input(kind, base, n, i, j) for n, base in enumerate(inputs, 1)]
            value = finish(self.code, self.number, total, read, self.epilogue)
            kind.store(self.code, value, out, i * self.row.out + j * self.column.out)
        return self.on(lhs, -tile.ahead, self.left), rhs

    def _input(self, kind: Number | Vector, base: ir.Value, role: int, i: int, j: int) -> Value:
        along = step_of_result(self.column, role)
        index = i * step_of_result(self.row, role) + j * along
        if isinstance(kind, Vector) and not along:
            return kind.load_splat(self.code, base, index)
        return kind.load(self.code, base, index)


class _Tile:
    """The sums are in the order of rows, columns, chains."""

    def __init__(self, whole: _Sums, rows: int, columns: int):
        self.whole = whole
        self.code = whole.code
        self.sum = whole.sum
        self.rows = range(rows)
        self.columns = range(0, columns, whole.width)
        self.chains = whole.tile.chains
        # So do scalars that are neighbours. Their address is that of the last load of an iteration,
        # which is the instruction with which it goes on.
        self.scalars_stream = whole.streams and whole.pairs and rows == 1 and whole.last.lhs == 1
        once = min(whole.tile.unroll, whole.most)
        self.ahead = max(0, once - 2) if self.scalars_stream else 0
        left = [i * whole.row.lhs - self.ahead for i in self.rows]
        right = [j * whole.column.rhs for j in self.columns]
        splat = whole.tile.along == "columns"
        self.left: Operand | Absent = Absent(left, whole.one)
        self.right: Operand | Absent = Absent(right, whole.one)
        if whole.there[0]:
            self.left = self._operand(whole.left, whole.last.lhs, left, _LEFT, splat=splat)
        if whole.there[1]:
            self.right = self._operand(whole.right, whole.last.rhs, right, _RIGHT)

    def _operand(
        self,
        number: Number,
        term: int,
        places: Sequence[int],
        registers: Sequence[int],
        *,
        splat: bool = False,
    ) -> Operand:
        """registers: for a tile of one sum. splat: whether elements become vectors each."""
        whole, code = self.whole, self.code
        one, two = self.sum.load, None
        alone = False
        if isinstance(self.sum, Number):
            one = number.load  # which may be narrower
        if whole.tile.along == "rows" and not isinstance(self.sum, Unpacked | ExtremumOfBits):
            two = partial(load_two, code, number)
            alone = whole.pairs and term == len(self.rows) == len(self.columns) == 1
        elif splat:
            one, two = whole.vector.load_splat, partial(whole.vector.load_two_splats, code)

        def load_from(base: ir.Value, wanted: Sequence[int]) -> Callable[[int], Value]:
            if alone and wanted == list(range(2 * len(registers))):
                return load_run(code, number, base, registers)
            if whole.pairs and two:
                return Loads(partial(one, code, base), partial(two, base), wanted).load
            return partial(one, code, base)

        def on(base: ir.Value, elements: int) -> ir.Value:
            return whole.on(base, elements, number)

        def moved(base: ir.Value, elements: int) -> ir.Value:
            return code.opaque(number.address(code, base, elements))

        if splat and self.scalars_stream:
            return Operand(load_from, moved, term, places)
        if whole.streams and not splat and 0 < term <= whole.reach:
            return Operand(load_from, moved, term, places, whole.reach // term, together=False)
        if whole.moves != "by_load" or not term or (term == 1 and len(places) > 1):
            return Operand(load_from, on, term, places)
        stretch = (2 * len(registers) if alone else _PAIR) if term == 1 else 1
        # Of the loads without pairs, LLVM finds those alone that nothing stands behind.
        return Operand(load_from, moved, term, places, stretch, goes_at_once=not whole.pairs)

    def add(
        self, depth: int, lhs: ir.Value, rhs: ir.Value, sums: Sums | None
    ) -> tuple[ir.Value, ir.Value, Sums]:
        """Adds the products along the axes of the terms from `depth` on; the pointers go along.

        sums: None for zeros.
        """
        axis = self.whole.terms[depth]
        inner = self.whole.inner[depth]
        extent = axis.count if isinstance(axis, Taps) else axis.extent
        most = max(1, self.whole.most // max(inner, 1))
        if _most(axis) <= most or inner > self.whole.most:
            return self._along(depth, extent, lhs, rhs, sums)

        def add_part(count: int, state: list[ir.Value]) -> list[ir.Value]:
            lhs, rhs, terms = self._along(depth, count, state[0], state[1], None)
            totals = self._sums(state[2:])
            added = [self.sum.add(self.code, a, b) for a, b in zip(totals, terms, strict=True)]
            return [lhs, rhs, *_flat(added)]

        if isinstance(axis, Taps):
            state = [lhs, rhs, *_flat(sums or self._zeros())]
            state = self.code.repeat(axis.count, state, lambda s: add_part(1, s), axis.most)
            return state[0], state[1], self._sums(state[2:])
        parts, rest = divmod(axis.extent, most)
        if sums is None and self.whole.tile.first_apart:
            lhs, rhs, sums = self._along(depth, most, lhs, rhs, None)
            parts -= 1
        state = [lhs, rhs, *_flat(sums or self._zeros())]
        state = self._repeat(parts, state, lambda state: add_part(most, state))
        if rest:
            state = add_part(rest, state)
        return state[0], state[1], self._sums(state[2:])

    def _repeat(
        self,
        count: int,
        state: list[ir.Value],
        body: Callable[[list[ir.Value]], list[ir.Value]],
    ) -> list[ir.Value]:
        return self.code.repeat(count, state, body, in_hardware=self.whole.streams)

    def _along(
        self, depth: int, count: Index, lhs: ir.Value, rhs: ir.Value, sums: Sums | None
    ) -> tuple[ir.Value, ir.Value, Sums]:
        axis = self.whole.terms[depth]
        innermost = depth == len(self.whole.terms) - 1

        def step(products: int, lhs: ir.Value, rhs: ir.Value, sums: Sums | None) -> list[ir.Value]:
            if innermost:
                left, right = self.left.reads(lhs, products), self.right.reads(rhs, products)
                for term in range(products):
                    sums = self._products(left, right, term, sums)
                lhs, rhs = left.end(), right.end()
            else:
                _, _, sums = self.add(depth + 1, lhs, rhs, sums)
                lhs = self.whole.on(lhs, products * axis.lhs, self.whole.left)
                rhs = self.whole.on(rhs, products * axis.rhs, self.whole.right)
            return [lhs, rhs, *_flat(sums or self._zeros())]

        def step_on(products: int, state: list[ir.Value]) -> list[ir.Value]:
            return step(products, state[0], state[1], self._sums(state[2:]))

        terms = self.whole.inner[depth] * count if isinstance(count, int) else 0
        if not innermost and 0 < terms <= self.whole.tile.unroll and not self.code.is_general:
            state = step(1, lhs, rhs, sums)
            for _ in range(count - 1):
                state = step_on(1, state)
            return state[0], state[1], self._sums(state[2:])
        if not innermost or not isinstance(count, int):
            state = [lhs, rhs, *_flat(sums or self._zeros())]
            state = self.code.repeat(count, state, lambda s: step_on(1, s), _most(axis))
            return state[0], state[1], self._sums(state[2:])
        unroll = self.whole.tile.unroll
        if not self.code.is_general:
            unroll = min(unroll, max(count, self.chains))
        iterations, rest = divmod(count, unroll)
        once = iterations == 1 and not self.code.is_general
        if sums is None and iterations and (self.whole.tile.peeled or once):
            state = step(unroll, lhs, rhs, None)
            iterations -= 1
        else:
            state = [lhs, rhs, *_flat(sums or self._zeros())]
        state = self._repeat(iterations, state, lambda state: step_on(unroll, state))
        if rest:
            state = step_on(rest, state)
        return state[0], state[1], self._sums(state[2:])

    def _products(self, left: AnyReads, right: AnyReads, term: int, sums: Sums | None) -> Sums:
        """Adds the products of one term. sums: None before the first one."""
        whole, code = self.whole, self.code
        lefts = cache(lambda i: left.load(term, i))
        rights = cache(lambda j: right.load(term, j))
        if not whole.pinned:
            for load, places in ((lefts, self.left.places), (rights, self.right.places)):
                for place in places:
                    load(place)
        chain = term % self.chains
        begins = sums is None or not sums[chain]
        sums = list(sums or [[]] * (len(self.rows) * len(self.columns) * self.chains))
        for number_, (i, j) in enumerate(product(self.left.places, self.right.places)):
            at = number_ * self.chains + chain
            if begins:
                sums[at] = self.sum.multiply(code, lefts(i), rights(j))
            else:
                sums[at] = self.sum.add_product(code, sums[at], lefts(i), rights(j))
            if whole.pinned:
                sums[at] = whole.vector.pinned(code, sums[at])
        return sums

    def totals(self, lhs: ir.Value, rhs: ir.Value, sums: Sums) -> dict[tuple[int, int], Value]:
        """By row and column. lhs, rhs: where the terms that make no whole vector begin."""
        whole, code = self.whole, self.code
        totals = {}
        places = [(i, j) for i in self.rows for j in self.columns]
        for number_, place in enumerate(places):
            chains = sums[number_ * self.chains : (number_ + 1) * self.chains]
            while len(chains) > 1:
                pairs = zip(chains[::2], chains[1::2], strict=True)
                chains = [self.sum.add(code, a, b) for a, b in pairs]
            total, sum_ = chains[0], self.sum
            if isinstance(sum_, Vector | Sum | Extremum) and whole.tile.along == "terms":
                total, sum_ = sum_.total(code, total), sum_.lane
                for k in range(whole.rest):
                    a, b = whole.one or [], whole.one or []
                    if whole.there[0]:
                        a = whole.number.load(code, lhs, k + place[0] * whole.row.lhs)
                    if whole.there[1]:
                        b = whole.number.load(code, rhs, k + place[1] * whole.column.rhs)
                    total = sum_.add_product(code, total, a, b)
            totals[place] = sum_.packed(code, total)
        return totals

    def _zeros(self) -> Sums:
        count = len(self.rows) * len(self.columns) * self.chains
        return [self.sum.zero() for _ in range(count)]

    def _sums(self, flat: list[ir.Value]) -> Sums:
        parts = len(self.sum.zero())
        return [flat[i : i + parts] for i in range(0, len(flat), parts)]


def _flat(sums: Sums) -> list[ir.Value]:
    return [part for value in sums for part in value]
