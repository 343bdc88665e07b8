# SPDX-License-Identifier: Apache-2.0
"""The sums of one tile, in registers."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial, reduce
from itertools import product
from math import prod

from llvmlite import ir

from jax_embedded.ir.thunks import DotAxis
from jax_embedded.llvm.emitters.arithmetic import Arithmetic
from jax_embedded.llvm.emitters.arrays import Arrays
from jax_embedded.llvm.emitters.code import I32, Code, Index
from jax_embedded.llvm.emitters.number import Number, Value
from jax_embedded.llvm.emitters.operand import Absent, MovingReads, Operand, Reads, ReadsNothing
from jax_embedded.llvm.emitters.pairs import Loads, frozen, load_run, load_two
from jax_embedded.llvm.emitters.problem import problem_of
from jax_embedded.llvm.emitters.reduction import Extremum, ExtremumOfBits, Sum
from jax_embedded.llvm.emitters.terms import CheckedTaps, Taps, Term
from jax_embedded.llvm.emitters.tile_choice import Sides, Tile, choose
from jax_embedded.llvm.emitters.unpacked import Unpacked
from jax_embedded.llvm.emitters.vector import Vector

Sums = list[Value]
AnyReads = Reads | MovingReads | ReadsNothing
# Terms that are neighbours, and loaded in pairs, after which an address goes on. More of them stay
# in registers for longer.
_PAIR = 2
# Where each term is for one product alone, the doubles that are loaded at once, by side.
_LEFT, _RIGHT = range(4), range(4, 8)


class Tiling:
    """What all tiles have in common."""

    def __init__(
        self,
        code: Code,
        how: Arithmetic,
        arrays: Arrays,
        row: DotAxis,
        column: DotAxis,
        terms: list[Term],
        there: Sides,
    ):
        self.code = code
        self.number = how.number
        self.left, self.right = arrays.left, arrays.right
        self.row, self.column, self.terms = row, column, terms
        self.last = last = terms[-1]
        assert isinstance(last, DotAxis)
        lanes = how.lanes
        problem = problem_of(how, row, column, terms, there)
        self.there, self.one, self.prologue = there, how.one, how.prologue
        self.tile: Tile = choose(problem, how.registers)
        # Numbers of both sides; beside vectors, those of one side that go to all of their lanes.
        self.pairs = how.pairs and self.tile.along == ("rows" if lanes == 1 else "columns")
        self.vector = Vector(lanes, how.number)
        # The vectors of a part go through memory as one stream.
        self.streams = how.is_mve and how.moves == "by_load" and self.tile.along == "columns"
        self.reach = how.registers.reach // how.number.align
        self.moves = "freely" if how.is_mve else how.moves
        # Where two vectors are loaded for each product or two, LLVM loads more ahead than there are
        # registers for.
        two = how.one is None and 0 not in (last.lhs, last.rhs)
        two = two and not isinstance(how.sum, Extremum)  # which has two registers for each
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
        self.inner = [
            prod(axis.extent for axis in self.terms[i + 1 :]) for i in range(len(self.terms))
        ]
        self.parted = self._parted()

    def makes_parts(self, depth: int) -> bool:
        """Whether the terms along this axis, and those further in, are made in parts."""
        inner, extent = self.inner[depth], self.terms[depth].extent
        return inner <= self.most < extent * inner

    def _parted(self) -> frozenset[int]:
        """The axes of CheckedTaps of which each step is a part: that of about as many parts as each
        of them has terms, and those further in if these are many.
        """
        checked = [d for d, axis in enumerate(self.terms) if isinstance(axis, CheckedTaps)]
        total = prod(axis.extent for axis in self.terms)
        others = (d for d in range(len(self.terms)) if d not in checked)
        if not checked or total <= self.most or any(map(self.makes_parts, others)):
            return frozenset()
        best = min(checked, key=lambda d: self.inner[d] + total / self.inner[d])
        within = [d for d in checked if d > best and 1 < self.inner[d] < self.inner[best]]
        return frozenset([best, *(within if self.inner[best] > self.most else [])])

    def factors(self, a: Value, b: Value) -> tuple[Value, Value]:
        """Of what is added, from elements of both sides."""
        return self.prologue.factors(self.code, a, b) if self.prologue else (a, b)

    def on(self, base: ir.Value, elements: int, number: Number) -> ir.Value:
        """The address so many elements further on."""
        if not elements and not self.code.is_general:
            return base
        address = number.address(self.code, base, elements)
        if self.moves == "freely":
            return address
        return frozen(self.code, address) if self.pairs else self.code.opaque(address)


class TileSums:
    """The sums of one tile, in the order of rows, columns, chains."""

    def __init__(self, tiling: Tiling, rows: int, columns: int):
        self.tiling = tiling
        self.code = tiling.code
        self.sum = tiling.sum
        self.rows = range(rows)
        self.columns = range(0, columns, tiling.width)
        self.chains = tiling.tile.chains
        # Scalars that are neighbours are one stream, too. Their address is that of the last load of
        # an iteration, which is the instruction with which it goes on.
        self.scalars_stream = tiling.streams and tiling.pairs and rows == 1 and tiling.last.lhs == 1
        once = min(tiling.tile.unroll, tiling.most)
        self.ahead = max(0, once - 2) if self.scalars_stream else 0
        left = [i * tiling.row.lhs - self.ahead for i in self.rows]
        right = [j * tiling.column.rhs for j in self.columns]
        along, last = tiling.tile.along, tiling.last
        # One element for all terms is in all lanes.
        stays = [along == "terms" and not step for step in (last.lhs, last.rhs)]
        splats = [along == "columns" or stays[0], stays[1]]
        self.left: Operand | Absent = Absent(left, tiling.one)
        self.right: Operand | Absent = Absent(right, tiling.one)
        if tiling.there[0]:
            self.left = self._operand(tiling.left, tiling.last.lhs, left, _LEFT, splat=splats[0])
        if tiling.there[1]:
            self.right = self._operand(
                tiling.right, tiling.last.rhs, right, _RIGHT, splat=splats[1]
            )

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
        tiling, code = self.tiling, self.code
        one, two = self.sum.load, None
        alone = False
        if isinstance(self.sum, Number):
            one = number.load  # which may be narrower
        if tiling.tile.along == "rows" and not isinstance(self.sum, Unpacked | ExtremumOfBits):
            two = partial(load_two, code, number)
            alone = tiling.pairs and term == len(self.rows) == len(self.columns) == 1
        elif splat:
            one, two = tiling.vector.load_splat, partial(tiling.vector.load_two_splats, code)

        def load_from(base: ir.Value, wanted: Sequence[int]) -> Callable[[int], Value]:
            if alone and wanted == list(range(2 * len(registers))):
                return load_run(code, number, base, registers)
            if tiling.pairs and two:
                return Loads(partial(one, code, base), partial(two, base), wanted).load
            return partial(one, code, base)

        def on(base: ir.Value, elements: int) -> ir.Value:
            return tiling.on(base, elements, number)

        def moved(base: ir.Value, elements: int) -> ir.Value:
            return code.opaque(number.address(code, base, elements))

        if splat and self.scalars_stream:
            return Operand(load_from, moved, term, places)
        if tiling.streams and not splat and 0 < term <= tiling.reach:
            return Operand(load_from, moved, term, places, tiling.reach // term, together=False)
        if tiling.moves != "by_load" or not term or (term == 1 and len(places) > 1):
            return Operand(load_from, on, term, places)
        stretch = (2 * len(registers) if alone else _PAIR) if term == 1 else 1
        # Of the loads without pairs, LLVM finds those alone that nothing stands behind.
        return Operand(load_from, moved, term, places, stretch, goes_at_once=not tiling.pairs)

    def add(
        self, depth: int, lhs: ir.Value, rhs: ir.Value, sums: Sums | None
    ) -> tuple[ir.Value, ir.Value, Sums]:
        """Adds the products along the axes of the terms from `depth` on; the pointers go along.

        sums: None for zeros.
        """
        axis = self.tiling.terms[depth]
        if isinstance(axis, CheckedTaps):
            return self._checked(depth, lhs, rhs, sums or self._zeros())
        parts = self._parts(depth)
        if not parts:
            extent = axis.count if isinstance(axis, Taps) else axis.extent
            return self._along(depth, extent, lhs, rhs, sums)
        count, most, rest = parts

        def add_part(count: int, state: list[ir.Value]) -> list[ir.Value]:
            lhs, rhs, terms = self._along(depth, count, state[0], state[1], None)
            totals = self._sums(state[2:])
            added = [self.sum.add(self.code, a, b) for a, b in zip(totals, terms, strict=True)]
            return [lhs, rhs, *_flat(added)]

        if isinstance(axis, Taps):
            state = [lhs, rhs, *_flat(sums or self._zeros())]
            state = self.code.repeat(axis.count, state, lambda s: add_part(1, s), axis.extent)
            return state[0], state[1], self._sums(state[2:])
        if sums is None and self.tiling.tile.first_apart and isinstance(count, int):
            lhs, rhs, sums = self._along(depth, most, lhs, rhs, None)
            count -= 1
        state = [lhs, rhs, *_flat(sums or self._zeros())]
        state = self._repeat(count, state, lambda state: add_part(most, state))
        if rest:
            state = add_part(rest, state)
        return state[0], state[1], self._sums(state[2:])

    def _parts(self, depth: int) -> tuple[Index, int, int] | None:
        """How many parts the terms along the axis at `depth` are made in, how many steps along it
        each of them has, and how many are left; None if there are no parts.
        """
        axis = self.tiling.terms[depth]
        if self.tiling.makes_parts(depth):
            most = self.tiling.most // self.tiling.inner[depth]
            return axis.extent // most, most, axis.extent % most
        may_have_more = isinstance(self.sum, Number | Vector) and not isinstance(axis, Taps)
        if not (self.code.is_general and may_have_more and len(self.tiling.terms) == 1):
            return None
        # One part, so that it may be one function with others that have more.
        one = self.code.number(1)
        return None if isinstance(one, int) else (one, axis.extent, 0)

    def _checked(
        self, depth: int, lhs: ir.Value, rhs: ir.Value, sums: Sums, before: Sequence[ir.Value] = ()
    ) -> tuple[ir.Value, ir.Value, Sums]:
        """The same where the axis at `depth` is one of CheckedTaps. before: whether the places
        along those in front of it lie inside of the input.
        """
        code, build, tiling = self.code, self.code.build, self.tiling
        axis, inner = tiling.terms[depth : depth + 2]
        assert isinstance(axis, CheckedTaps)
        skipped = [
            (tiling.left, inner.extent * inner.lhs),
            (tiling.right, inner.extent * inner.rhs),
        ]
        steps = (axis.lhs - skipped[0][1], axis.rhs - skipped[1][1])

        def on(bases: Sequence[ir.Value], elements: Sequence[int]) -> list[ir.Value]:
            numbers = (tiling.left, tiling.right)
            return [
                number.address(code, base, n, inbounds=False) if n else base
                for number, base, n in zip(numbers, bases, elements, strict=True)
            ]

        in_parts = depth in tiling.parted

        def add(lhs: ir.Value, rhs: ir.Value, flat: list[ir.Value], inside: list[ir.Value]):
            sums = self._sums(flat)
            begin = self._zeros() if in_parts else sums
            if isinstance(inner, CheckedTaps):
                lhs, rhs, found = self._checked(depth + 1, lhs, rhs, begin, inside)
            else:
                lhs, rhs, found = self.add(depth + 1, lhs, rhs, begin)
            if in_parts:
                found = [self.sum.add(code, a, b) for a, b in zip(sums, found, strict=True)]
            return [lhs, rhs, *_flat(found)]

        def step(state: list[ir.Value]) -> list[ir.Value]:
            place, *here = state
            inside = [*before, build.icmp_unsigned("<", place, I32(axis.input))]
            if isinstance(inner, CheckedTaps):
                here = add(*here[:2], here[2:], inside)
            else:
                skip = [*on(here[:2], [n for _, n in skipped]), *here[2:]]
                is_inside = reduce(build.and_, inside)
                here = code.if_(is_inside, lambda: add(*here[:2], here[2:], inside), skip)
            return [build.add(place, I32(axis.dilation)), *on(here[:2], steps), *here[2:]]

        _, lhs, rhs, *flat = code.repeat(axis.extent, [axis.first, lhs, rhs, *_flat(sums)], step)
        return code.opaque(lhs), code.opaque(rhs), self._sums(flat)

    def _repeat(
        self,
        count: Index,
        state: list[ir.Value],
        body: Callable[[list[ir.Value]], list[ir.Value]],
    ) -> list[ir.Value]:
        return self.code.repeat(count, state, body, in_hardware=self.tiling.streams)

    def _along(
        self, depth: int, count: Index, lhs: ir.Value, rhs: ir.Value, sums: Sums | None
    ) -> tuple[ir.Value, ir.Value, Sums]:
        axis = self.tiling.terms[depth]
        innermost = depth == len(self.tiling.terms) - 1

        def step(products: int, lhs: ir.Value, rhs: ir.Value, sums: Sums | None) -> list[ir.Value]:
            if innermost:
                left, right = self.left.reads(lhs, products), self.right.reads(rhs, products)
                for term in range(products):
                    sums = self._products(left, right, term, sums)
                lhs, rhs = left.end(), right.end()
            else:
                _, _, sums = self.add(depth + 1, lhs, rhs, sums)
                lhs = self.tiling.on(lhs, products * axis.lhs, self.tiling.left)
                rhs = self.tiling.on(rhs, products * axis.rhs, self.tiling.right)
            return [lhs, rhs, *_flat(sums or self._zeros())]

        def step_on(products: int, state: list[ir.Value]) -> list[ir.Value]:
            return step(products, state[0], state[1], self._sums(state[2:]))

        terms = self.tiling.inner[depth] * count if isinstance(count, int) else 0
        if not innermost and 0 < terms <= self.tiling.tile.unroll and not self.code.is_general:
            state = step(1, lhs, rhs, sums)
            for _ in range(count - 1):
                state = step_on(1, state)
            return state[0], state[1], self._sums(state[2:])
        if not innermost or not isinstance(count, int):
            state = [lhs, rhs, *_flat(sums or self._zeros())]
            state = self.code.repeat(count, state, lambda s: step_on(1, s), axis.extent)
            return state[0], state[1], self._sums(state[2:])
        unroll = self.tiling.tile.unroll
        if not self.code.is_general:
            unroll = min(unroll, max(count, self.chains))
        iterations, rest = divmod(count, unroll)
        once = iterations == 1 and not self.code.is_general
        if sums is None and iterations and (self.tiling.tile.peeled or once):
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
        tiling, code = self.tiling, self.code
        lefts = cache(lambda i: left.load(term, i))
        rights = cache(lambda j: right.load(term, j))
        if not tiling.pinned:
            for load, places in ((lefts, self.left.places), (rights, self.right.places)):
                for place in places:
                    load(place)
        chain = term % self.chains
        begins = sums is None or not sums[chain]
        sums = list(sums or [[]] * (len(self.rows) * len(self.columns) * self.chains))
        for number_, (i, j) in enumerate(product(self.left.places, self.right.places)):
            at = number_ * self.chains + chain
            a, b = tiling.factors(lefts(i), rights(j))
            if begins:
                sums[at] = self.sum.multiply(code, a, b)
            else:
                sums[at] = self.sum.add_product(code, sums[at], a, b)
            if tiling.pinned:
                sums[at] = tiling.vector.pinned(code, sums[at])
        return sums

    def totals(self, lhs: ir.Value, rhs: ir.Value, sums: Sums) -> dict[tuple[int, int], Value]:
        """By row and column. lhs, rhs: where the terms that make no whole vector begin."""
        tiling, code = self.tiling, self.code
        totals = {}
        places = [(i, j) for i in self.rows for j in self.columns]
        for number_, place in enumerate(places):
            chains = sums[number_ * self.chains : (number_ + 1) * self.chains]
            while len(chains) > 1:
                pairs = zip(chains[::2], chains[1::2], strict=True)
                chains = [self.sum.add(code, a, b) for a, b in pairs]
            total, sum_ = chains[0], self.sum
            if isinstance(sum_, Vector | Sum | Extremum) and tiling.tile.along == "terms":
                total, sum_ = sum_.total(code, total), sum_.lane
                for k in range(tiling.rest):
                    a, b = tiling.one or [], tiling.one or []
                    if tiling.there[0]:
                        at = (k if tiling.last.lhs else 0) + place[0] * tiling.row.lhs
                        a = tiling.number.load(code, lhs, at)
                    if tiling.there[1]:
                        at = (k if tiling.last.rhs else 0) + place[1] * tiling.column.rhs
                        b = tiling.number.load(code, rhs, at)
                    total = sum_.add_product(code, total, *tiling.factors(a, b))
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
