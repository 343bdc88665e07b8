# SPDX-License-Identifier: Apache-2.0
"""How a dot is cut into tiles: by the extents of its axes and the registers of the core.

A tile is a rectangle of the result whose sums are kept in registers while the loop over what is
summed reads a few elements of each side. The more sums, the fewer loads for each product, up to the
number of registers.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from math import inf

MOST_CODE = 1100  # bytes for one dot
_PAIRED = 8  # registers that LLVM loads pairs into ahead of their use
_RUN = 8  # neighbours that one instruction loads at most
AS_GOOD = 0.02  # of the instructions
_GOES_ON = 8  # instructions from one tile to the next
# Half the code is as good as 2.1 % of the instructions.
CODE_WEIGHT = 0.03


Sides = tuple[bool, bool]


@dataclass(frozen=True)
class Registers:
    """values: how many a core has for what it computes with, of `lanes` elements each.

    sums: how many of them may hold sums.
    terms: of a sum that is made at once, at most; a longer one is made in parts.
    steps: instructions of a multiplication and an addition. rare: and of what mostly is skipped.
    unroll: how many products for each sum an iteration may make.
    pairs: whether two neighbours are loaded by one instruction.
    rank: which of the tiles, the best of which has 0.
    reach: how many bytes behind an address a load reaches.
    in_order: terms of a sum that is made at once if they are added one after the other.
    scalars_stay: whether those that vectors are multiplied by stay in scalar registers in any case.
    code_weight: see `worth`.
    tiles_written_out: how many tiles may follow each other without loops over them.
    """

    values: int
    sums: int
    terms: int
    lanes: int = 1
    steps: int = 1
    rare: int = 0
    unroll: int = 32
    pairs: bool = False
    rank: int = 0
    reach: int = 1020
    in_order: int = 0
    scalars_stay: bool = False
    code_weight: float = CODE_WEIGHT
    tiles_written_out: int = 0


@dataclass(frozen=True)
class Tile:
    """rows, columns: sums, in elements.

    along: "rows" if there are no vectors, "columns" if a vector is of neighbours in a row, "terms"
        if it is of what is summed.
    unroll: products for each sum in one iteration. chains: how many sums each of them is cut into.
    peeled: whether the first iteration stands before the loop, so that no sum begins with a zero.
    part: terms of a sum that is made at once.
    first_apart: of two parts, whether the second one is added to the first one, without a loop.
    written_out: whether the tiles follow each other without loops over them.
    """

    rows: int
    columns: int
    unroll: int
    chains: int = 1
    along: str = "rows"
    peeled: bool = False
    part: int = 1
    first_apart: bool = False
    written_out: bool = False


@dataclass(frozen=True)
class Problem:
    """rows, columns, terms: how many. vectors: along what the elements of a vector may lie.

    sliding: whether a row reads what its neighbour has read one term before. sliding_vectors: the
        same of the vectors along a row.
    row_steps, column_steps: how many elements the next row or column, and the next term, is away.
    last: of the terms, how many are along their last axis.
    there: which of the two sides are read.
    """

    rows: int
    columns: int
    terms: int
    vectors: tuple[str, ...] = ()
    sliding: bool = False
    sliding_vectors: bool = False
    row_steps: tuple[int, int] = (0, 0)
    column_steps: tuple[int, int] = (0, 0)
    last: int = 1
    there: Sides = (True, True)


def choose(problem: Problem, registers: Registers) -> Tile:
    """The tile of this rank: that of 0 is thought to be worth most, in code that is no longer than
    MOST_CODE if that can be; of fast ones that take about as few instructions, the shortest.
    """
    tiles = _ranked(problem, replace(registers, rank=0))
    return tiles[min(registers.rank, len(tiles) - 1)]


@cache
def _ranked(problem: Problem, registers: Registers) -> list[Tile]:
    weight = registers.code_weight
    candidates = []
    for along in ("rows", *problem.vectors):
        lanes = registers.lanes if along != "rows" else 1
        candidates += [
            (_cost(problem, registers, tile, lanes), tile)
            for tile in _tiles(problem, registers, along, lanes)
        ]
    if weight < inf:
        shortest = min(code for (_, code), _ in candidates)
        candidates = [c for c in candidates if c[0][1] <= max(MOST_CODE, shortest)]
    candidates.sort(key=lambda c: worth(*c[0], weight))
    first = candidates[0]
    if weight == CODE_WEIGHT:
        fewest = min(instructions for (instructions, _), _ in candidates)
        good = [c for c in candidates if c[0][0] <= fewest * (1 + AS_GOOD)]
        first = min(good, key=lambda c: (c[0][1], c[0][0]))
    return [tile for _, tile in [first, *(c for c in candidates if c is not first)]]


def worth(instructions: float, code: float, code_weight: float) -> tuple[float, float]:
    """The less, the better.

    code_weight: how many percent more instructions code may take that is one percent shorter; inf:
        as many as it likes.
    """
    return (code, instructions) if code_weight == inf else (instructions * code**code_weight, code)


def instructions(problem: Problem, registers: Registers) -> float:
    """About how many the dot takes with the tile that `choose` gives."""
    tile = choose(problem, registers)
    return _cost(problem, registers, tile, registers.lanes if tile.along != "rows" else 1)[0]


def _tiles(problem: Problem, registers: Registers, along: str, lanes: int) -> Iterator[Tile]:
    width = lanes if along == "columns" else 1
    terms = problem.terms // lanes if along == "terms" else problem.terms
    fast = registers.unroll > 1 and registers.code_weight == CODE_WEIGHT
    for rows, columns, chains in product(
        _sizes(problem.rows, 1, registers.sums),
        _sizes(problem.columns, width, registers.sums * width),
        (1, 2, 4, 8),
    ):
        if rows * (columns // width) * chains > registers.sums:
            continue
        parts = _parts(problem, terms, registers, chains, along)
        ways = ((part, unroll) for part in parts for unroll in sorted({1, 2, 4, 8, 16, 32, part}))
        for (part, unroll), peeled in product(ways, (False, True)):
            if unroll % chains or unroll > min(max(terms, 1), part, registers.unroll):
                continue
            if peeled and registers.unroll == 1:
                continue
            if not peeled and fast and unroll == min(terms, part) > 1:
                continue  # the same as peeled, but for functions that are told numbers
            if along == "terms" and unroll > 8:
                continue  # little fewer instructions, much more code
            splats = along == "columns" and not registers.scalars_stay
            if splats and not _splats_stay(problem, rows, columns, unroll, peeled):
                continue
            tile = Tile(rows, columns, unroll, chains, along, peeled, part)
            yield tile
            has_no_loop = terms <= min(unroll * (1 + peeled), part)
            if has_no_loop and 1 < _count(problem, tile) <= registers.tiles_written_out:
                yield replace(tile, written_out=True)
            if part < terms <= 2 * part:
                yield Tile(rows, columns, unroll, chains, along, peeled, part, first_apart=True)


def _count(problem: Problem, tile: Tile) -> int:
    """Of tiles."""
    return -(-problem.rows // tile.rows) * -(-problem.columns // tile.columns)


def _parts(
    problem: Problem, terms: int, registers: Registers, chains: int, along: str
) -> list[int]:
    """How many terms to add up at once: as many as may be, or half of them unless that makes so
    many parts that their own sum is the less exact one; or fewer, to cut an axis evenly.
    """
    most, half = registers.terms * chains, registers.terms // 2 * chains
    found = {most}
    if terms > half > 0 and (terms - half) * chains <= 2 * half**2:
        found.add(half)
    if along != "terms":
        pieces = -(-problem.last // most)
        if problem.last % pieces == 0 and pieces > 1:
            found.add(problem.last // pieces)
        if chains == 1:
            found.add(max(most, registers.in_order))
    return sorted(found)


def _splats_stay(problem: Problem, rows: int, columns: int, unroll: int, peeled: bool) -> bool:
    """Whether the scalars of the rows stay in scalar registers. LLVM makes vectors of those that it
    can load, one by one, before a loop over several tiles.
    """
    once = peeled or problem.terms <= unroll
    return rows * unroll <= 8 and not (once and problem.columns > columns)


def _sizes(extent: int, width: int, most: int):
    for size in range(width, min(extent, most) + 1, width):
        if size <= 6 * width or size in (8 * width, 10 * width, 12 * width, 16 * width):
            yield size


def _cost(problem: Problem, registers: Registers, tile: Tile, lanes: int) -> tuple[float, float]:
    """Instructions, and bytes of code."""
    width = lanes if tile.along == "columns" else 1
    terms = problem.terms // lanes if tile.along == "terms" else problem.terms
    tail = problem.terms % lanes if tile.along == "terms" else 0
    part = max(1, min(terms, tile.part))
    parts = max(1, -(-terms // part))
    loops, rest = divmod(part, tile.unroll)
    steps = tile.unroll * min(loops, 2 if tile.peeled else 1) + rest
    iterations = max(0, loops - tile.peeled)
    instructions = code = loads = 0.0
    for rows, row_count in _cuts(problem.rows, tile.rows):
        for columns, column_count in _cuts(problem.columns, tile.columns):
            vectors = -(-columns // width)
            sums = rows * vectors
            held = sums * tile.chains
            left: float = 1 + (rows - 1) / tile.unroll if problem.sliding else rows
            left *= _instructions_of_a_load(problem.row_steps, rows, tile, held, registers)
            right: float = vectors
            if tile.along == "rows" and problem.column_steps[0] == problem.column_steps[1] != 0:
                right = 1 + (columns - 1) / tile.unroll
            if problem.sliding_vectors and tile.along == "columns":
                right = 1 + (vectors - 1) / tile.unroll
            right *= _instructions_of_a_load(problem.column_steps, columns, tile, held, registers)
            left, right = left * problem.there[0], right * problem.there[1]
            body = registers.steps * sums + left + right
            if tile.along == "terms":
                body += 2 * max(0, held + min(rows, vectors) + 1 - registers.values)
            begin = 0 if tile.peeled else sums * tile.chains
            end = sums * tile.chains + _GOES_ON + tail * (registers.steps * sums + rows + vectors)
            if tile.along == "terms":
                end += 3 * sums
            of_a_part = begin
            if parts > 1:
                live = 2 * sums * tile.chains + min(rows, vectors) + 1
                live += _PAIRED if registers.pairs else 0
                of_a_part += sums * tile.chains + 4 + 2 * max(0, live - registers.values)
            if parts > 1:
                end += sums * tile.chains
            loop = (5 if lanes == 1 else 3) * iterations if iterations > 1 else 0
            per_tile = body * terms + parts * (loop + of_a_part) + end
            written = body + registers.rare * sums
            here = 4 * (written * steps + of_a_part + end) + 12
            if tile.first_apart:
                per_tile -= begin + sums * tile.chains
                here += 4 * written * steps
            tiles = row_count * column_count
            instructions += per_tile * tiles
            code += here * (tiles if tile.written_out else 1)
            loads += (left + right) * terms * tiles
    if tile.written_out:
        tiles = _count(problem, tile)
        saved = _GOES_ON * (tiles - 1)
        kept = (problem.columns + tile.rows) * terms + tile.rows * tile.columns
        if tile.along == "terms" and kept <= registers.values:
            saved += loads - (problem.rows + problem.columns) * terms  # each vector once
        instructions -= saved
        code -= 4 * saved + 12 * (tiles - 1)
    return instructions, code


def _instructions_of_a_load(
    steps: tuple[int, int], count: int, tile: Tile, held: int, registers: Registers
) -> float:
    """On average, of the elements or vectors that an iteration reads on one side.

    held: registers with sums.
    """
    of_tile, of_terms = steps
    unroll = tile.unroll
    # An addition for each load that is out of reach; where the terms of a row lie side by side LLVM
    # finds an address that many of them share.
    places = product(range(count), range(unroll)) if of_terms != 1 else ()
    far = sum(4 * (i * of_tile + n * of_terms) > registers.reach for i, n in places)
    instructions = 1 + far / (count * unroll)
    if registers.pairs and registers.lanes == 1:
        along = count if of_tile == 1 else unroll if of_terms == 1 else 1
        loads = along - along // 2
        # An address that does nothing but go on, and room for what is loaded ahead.
        alone = tile.rows == tile.columns == 1 and of_terms == 1
        stream = of_tile == 1 and of_terms == count > 1 and held + 2 * count <= registers.values
        if alone or stream:
            loads = -(-along // _RUN)
        instructions *= loads / along
    return instructions


def _cuts(extent: int, size: int) -> list[tuple[int, int]]:
    """Sizes and how often each of them is there."""
    whole, rest = divmod(extent, size)
    return [cut for cut in ((size, whole), (rest, 1 if rest else 0)) if cut[1]]
