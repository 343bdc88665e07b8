# SPDX-License-Identifier: Apache-2.0
"""What a tile reads of one side of its products."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial

from llvmlite import ir

from jax_embedded.llvm.emitters.number import Value


@dataclass(frozen=True)
class Operand:
    """One side of the products of a tile. Places count its elements.

    load_from: given an address and the places behind it that are wanted, what loads one of them.
    on: the address so many elements behind another.
    term: how many elements the next term is away.
    places: those of one term: of the rows, or of the columns.
    stretch: after the loads of so many terms the address goes on; 0: at the end of an iteration.
    together: make these loads one after the other, not each when it is asked for.
    goes_at_once: right behind these loads, not only before the next ones.
    """

    load_from: Callable[[ir.Value, Sequence[int]], Callable[[int], Value]]
    on: Callable[[ir.Value, int], ir.Value]
    term: int
    places: Sequence[int]
    stretch: int = 0
    together: bool = True
    goes_at_once: bool = False

    def reads(self, base: ir.Value, terms: int) -> "Reads | MovingReads":
        """What an iteration over so many terms reads, the first one from the address."""
        return (MovingReads if self.stretch else Reads)(self, base, terms)

    def wanted(self, terms: int) -> list[int]:
        return [n * self.term + place for n in range(terms) for place in self.places]


@dataclass(frozen=True)
class Absent:
    """The side that a reduction of one array does not have. one: what stands for its elements."""

    places: Sequence[int]
    one: Value | None

    def reads(self, base: ir.Value, _terms: int) -> "ReadsNothing":
        return ReadsNothing(base, self.one or [])


@dataclass(frozen=True)
class ReadsNothing:
    """An address that stays, and a constant."""

    base: ir.Value
    one: Value

    def load(self, _term: int, _place: int) -> Value:
        return self.one

    def end(self) -> ir.Value:
        return self.base


class Reads:
    """From one address."""

    def __init__(self, operand: Operand, base: ir.Value, terms: int):
        self._operand, self._base, self._terms = operand, base, terms
        self._load = operand.load_from(base, operand.wanted(terms))

    def load(self, term: int, place: int) -> Value:
        return self._load(term * self._operand.term + place)

    def end(self) -> ir.Value:
        """Where the next iteration reads."""
        return self._operand.on(self._base, self._terms * self._operand.term)


class MovingReads:
    """From an address that goes on with the loads of each stretch of terms."""

    def __init__(self, operand: Operand, base: ir.Value, terms: int):
        self._operand, self._next, self._terms = operand, base, terms
        self._begun = 0
        self._step = 0  # from there to where the next stretch is
        self._loads: dict[tuple[int, int], Callable[[], Value]] = {}

    def load(self, term: int, place: int) -> Value:
        while term >= self._begun:
            self._begin_stretch()
        return self._loads[term, place]()

    def _begin_stretch(self) -> None:
        operand, base = self._operand, self.end()
        count = min(operand.stretch, self._terms - self._begun)
        load_from = operand.load_from(base, operand.wanted(count))
        for n in range(count):
            for place in operand.places:
                load = cache(partial(load_from, n * operand.term + place))
                self._loads[self._begun + n, place] = load
                if operand.together:
                    load()
        self._begun += count
        self._step = count * operand.term
        if operand.goes_at_once:
            self.end()

    def end(self) -> ir.Value:
        """Where the next iteration reads."""
        if self._step:
            self._next = self._operand.on(self._next, self._step)
            self._step = 0
        return self._next
