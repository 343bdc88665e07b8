# SPDX-License-Identifier: Apache-2.0
"""Functions that differ in numbers alone, in extents and steps, as one that is told these: in the
bits of one more argument if they fit, else in a table. Each of those whom it serves has its own.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from llvmlite import ir

from jax_embedded.errors import InternalError
from jax_embedded.llvm.emitters.arithmetic import SumOptions
from jax_embedded.llvm.emitters.code import I32, POINTER, Code, Index, Numbers, code_of
from jax_embedded.llvm.emitters.pairs import with_neon
from jax_embedded.llvm.emitters.trial import Cost, rated, trial
from jax_embedded.target import Target

_CALL = 12  # bytes: of a function that would else be inlined
_TOLD = 6  # bytes: of one more argument, and the instruction that loads it


@dataclass(frozen=True)
class Candidate:
    """A function that may become one with others.

    write: writes it. pointers: its arguments.
    calls: how many there are. inline: whether it is to become a part of its only caller.
    paired: whether it loads pairs.
    """

    write: Callable[[Code], None]
    pointers: int
    calls: int = 1
    inline: bool = False
    paired: bool = False


@dataclass(frozen=True)
class Tables:
    """What functions are told that are the same but for their numbers.

    rows: of each function, its numbers.
    places: of each number that is written: the number, if they all have it, or the place in the
        row and by what is there is to be multiplied.
    """

    rows: tuple[tuple[int, ...], ...]
    places: tuple[int | tuple[int, int], ...]

    @property
    def element(self) -> ir.IntType:
        """The narrowest type for all of them."""
        found = [number for row in self.rows for number in row]
        for bits in (8, 16):
            if all(number >> bits == 0 for number in found):
                return ir.IntType(bits)
        return I32

    @property
    def fields(self) -> tuple[tuple[int, int], ...] | None:
        """Of each place in a row, its first bit in a word that holds the row, and how many it has;
        None if they are too many.
        """
        columns = list(zip(*self.rows, strict=True))
        widths = [max(number.bit_length() for number in column) for column in columns]
        if any(min(column) < 0 for column in columns) or sum(widths) > I32.width:
            return None
        return tuple((sum(widths[:place]), width) for place, width in enumerate(widths))

    def constants(self) -> list[ir.Constant]:
        """Of each function, the word, or the table."""
        if self.fields is None:
            kind = ir.ArrayType(self.element, len(self.rows[0]))
            return [ir.Constant(kind, list(row)) for row in self.rows]
        firsts = [first for first, _ in self.fields]
        words = [sum(n << first for n, first in zip(row, firsts, strict=True)) for row in self.rows]
        return [I32(word) for word in words]


class Told:
    """The numbers of a function that takes them from the word or the table that it is given.

    row: of the one that writes it.
    """

    def __init__(self, tables: Tables, row: int = 0):
        self._tables = tables
        self._fields = tables.fields
        self._row = tables.rows[row]
        self._places = iter(tables.places)
        self._taken: dict[tuple[int, int], ir.Value] = {}
        self.kind = POINTER if self._fields is None else I32

    def of(self, code: Code, value: int) -> Index:
        place = next(self._places)
        told = place if isinstance(place, int) else self._row[place[0]] * place[1]
        if told != value:
            raise InternalError(f"alike: expected to tell {value}, found {told}")
        if isinstance(place, int):
            return place
        if place not in self._taken:
            self._taken[place] = self._number(code, *place)
        return self._taken[place]

    def _number(self, code: Code, place: int, factor: int) -> ir.Value:
        if self._fields is None:
            number = code.number_in_table(self._tables.element, place)
        else:
            number = code.number_in_word(*self._fields[place])
        return code.begin.mul(number, I32(factor)) if factor != 1 else number


@dataclass(frozen=True)
class _Recorded:
    """text: LLVM IR without its numbers. numbers: these, in the order of the code.

    inner: those of the innermost loops.
    """

    text: str
    numbers: tuple[int, ...]
    inner: tuple[int, ...]


class _Recorder:
    kind = POINTER

    def __init__(self) -> None:
        self.found: list[tuple[int, int]] = []

    def of(self, code: Code, value: int) -> Index:
        self.found.append((value, code.depth))
        return ir.FormattedConstant(I32, "number")


def groups(candidates: Sequence[Candidate], target: Target, options: SumOptions) -> list[list[int]]:
    """Which of the candidates, by their places, become one function; the first ones first.

    Of those that differ in numbers alone all do, or those whose innermost loops have the same
    numbers, or none: whatever is worth most.
    """
    recorded = [_record(candidate) for candidate in candidates]
    found = []
    for alike in _by(range(len(candidates)), lambda i: (recorded[i].text, candidates[i].paired)):
        ways = {
            tuple(map(tuple, way)): None
            for way in (
                [[i] for i in alike],
                _by(alike, lambda i: recorded[i].inner),
                [alike],
            )
        }
        if len(ways) == 1:
            found += [alike]
            continue

        def cost(way: Sequence[Sequence[int]]) -> Cost:
            size = options.size
            costs = [_cost([candidates[i] for i in group], target, size=size) for group in way]
            instructions, code, stack = zip(*costs, strict=True)
            return Cost(sum(instructions), sum(code), max(stack))

        best = min(ways, key=lambda way: rated(cost(way), options))
        found += [list(group) for group in best]
    return sorted(found)


def _by(places: Sequence[int], key: Callable[[int], Hashable]) -> list[list[int]]:
    """Those with the same key together."""
    found = defaultdict(list)
    for i in places:
        found[key(i)].append(i)
    return list(found.values())


def _record(candidate: Candidate) -> _Recorded:
    recorder = _Recorder()
    text, _ = _written(candidate, recorder)
    deepest = max((depth for _, depth in recorder.found), default=0)
    return _Recorded(
        text,
        tuple(number for number, _ in recorder.found),
        tuple(number for number, depth in recorder.found if depth == deepest),
    )


def tables(candidates: Sequence[Candidate]) -> Tables:
    """Of candidates that differ in numbers alone."""
    columns = list(zip(*(_record(candidate).numbers for candidate in candidates), strict=True))
    kept: list[tuple[int, ...]] = []
    for column in sorted({*columns}, key=lambda column: (sum(map(abs, column)), column)):
        if len({*column}) > 1 and not any(_factor(column, base) for base in kept):
            kept.append(column)
    places = tuple(_place(column, kept) for column in columns)
    return Tables(tuple(zip(*kept, strict=True)) or ((),) * len(candidates), places)


def _place(column: tuple[int, ...], kept: list[tuple[int, ...]]) -> int | tuple[int, int]:
    for number, base in enumerate(kept):
        if factor := _factor(column, base):
            return number, factor
    return column[0]


def _factor(column: tuple[int, ...], base: tuple[int, ...]) -> int:
    """By what the base has to be multiplied; 0 if there is nothing."""
    largest = max(range(len(base)), key=lambda i: abs(base[i]))
    factor = column[largest] // base[largest]
    return factor if column == tuple(factor * number for number in base) else 0


def _cost(group: Sequence[Candidate], target: Target, *, size: bool) -> Cost:
    """Of all calls, and of the code."""
    found = tables(group) if len(group) > 1 else None
    instructions = code = stack = 0
    for row, candidate in enumerate(group):
        text, times = _written(candidate, Told(found, row) if found else None)
        if candidate.paired:
            text = with_neon(text, target)
        cost = trial(text, times, target, paired=candidate.paired, size=size)
        if cost is None:
            raise InternalError("alike: expected functions without NEON, found one with it")
        instructions += cost.instructions * candidate.calls
        code, stack = cost.code, cost.stack
    if found:
        code += sum(_CALL for candidate in group if candidate.inline)
        code += len(group) * _TOLD
        if found.fields is None:
            code += sum(len(row) * found.element.width // 8 for row in found.rows)
    return Cost(instructions, code, stack)


def _written(candidate: Candidate, numbers: Numbers | None) -> tuple[str, dict[str, int]]:
    """LLVM IR, and `times` of Code."""
    module = ir.Module()
    code = Code(module, "f", candidate.pointers, inline=False, numbers=numbers)
    candidate.write(code)
    code.end()
    return code_of(module), code.times
