# SPDX-License-Identifier: Apache-2.0
"""Plans the memory of temporaries by liveness.

The values in XLA's allocations are told apart and packed anew.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import groupby

from jax_embedded.ir.program import Program
from jax_embedded.ir.thunks import Slice
from jax_embedded.ir.values import Value, Webs
from jax_embedded.shape import DTYPES

# What a C programmer would keep in a local variable: mostly it ends up in registers.
LOCAL_BYTES = 64
# What does so even in loops: a vector.
VECTOR_BYTES = 16

WORKSPACE_ALIGN = 8  # bytes; of the memory that holds all other buffers


@dataclass(frozen=True)
class Buffer:
    """Memory of one value.

    size, align: bytes.
    first, last: the steps between which it is live, both included.
    offset: its place in the workspace; None for a local variable of the function.
    result: the allocation of a result in which its place is, rather than in the workspace.
    """

    size: int
    align: int
    first: int
    last: int
    offset: int | None = None
    result: int | None = None


@dataclass(frozen=True)
class Scratch:
    """Where the temporaries of a program lie.

    buffers: all of them.
    places: (step, slice) -> buffer, and the byte in it where the slice begins.
    workspace_bytes: of the memory that holds the buffers that are neither local nor in a result.
    workspace_lower_bound: bytes; no placement of these buffers takes fewer, since so much is live
        at one step.
    """

    buffers: tuple[Buffer, ...]
    places: dict[tuple[int, Slice], tuple[int, int]]
    workspace_bytes: int
    workspace_lower_bound: int = 0


def plan_scratch(program: Program, *, register_bytes: int = LOCAL_BYTES) -> Scratch:
    """The program must have passed `verify`.

    register_bytes: values of so many and fewer are left to LLVM; larger ones lie in results.
    """
    kinds = {a.index: a.kind for a in program.allocations.values()}
    values, places = Webs(program, {i for i in kinds if kinds[i] in ("temp", "result")}).values()
    times = _times_of_loops(program)
    values = [replace(v, first=times[v.first][0], last=times[v.last][1]) for v in values]
    temps = [number for number, value in enumerate(values) if kinds[value.allocation] == "temp"]
    results = [value for value in values if kinds[value.allocation] == "result"]
    unpacked = [Buffer(v.size, v.align, v.first, v.last) for v in (values[n] for n in temps)]
    unpacked = _in_results(unpacked, results, program, register_bytes)
    neighbours, lower_bound = _neighbours(unpacked)
    buffers = _pack(unpacked, neighbours, lower_bound)
    numbers = {number: buffer for buffer, number in enumerate(temps)}
    return Scratch(
        tuple(buffers),
        {
            access: (numbers[number], offset)
            for access, (number, offset) in places.items()
            if number in numbers
        },
        _end(buffers),
        lower_bound,
    )


def _times_of_loops(program: Program) -> list[tuple[int, int]]:
    """For each step the first and the last one of its loop of kernels, which take turns."""
    found: list[tuple[int, int]] = []
    by_loop = groupby(program.steps(), lambda step: getattr(step, "loop", 0))
    for loop, steps in by_loop:
        first, number = len(found), len(list(steps))
        if loop:
            found += [(first, first + number - 1)] * number
        else:
            found += [(time, time) for time in range(first, first + number)]
    return found


def _in_results(
    buffers: list[Buffer], values: list[Value], program: Program, register_bytes: int
) -> list[Buffer]:
    """Those that fit have a place in the memory of a result while it holds nothing else.

    values: what lies in results.
    """
    taken = [
        (v.allocation, v.offset, v.offset + v.size, v.first, math.inf if v.stays else v.last)
        for v in values
    ]
    homes = sorted(
        (where.shape.nbytes, where.allocation, DTYPES[where.shape.dtype].align)
        for where in program.result_slices
        if program.allocations[where.allocation].kind == "result"
    )
    found = list(buffers)
    order = sorted(range(len(buffers)), key=lambda i: (-buffers[i].size, buffers[i].first, i))
    for i in order:
        b = buffers[i]
        if b.size <= register_bytes:
            continue
        for size, home, align in homes:
            if b.align > align:
                continue
            at = 0
            for _, begin, end, first, last in sorted(t for t in taken if t[0] == home):
                if first <= b.last and b.first <= last and at + b.size > begin:
                    at = max(at, -(-end // b.align) * b.align)
            if at + b.size <= size:
                taken.append((home, at, at + b.size, b.first, b.last))
                found[i] = replace(b, offset=at, result=home)
                break
    return found


def _neighbours(buffers: list[Buffer]) -> tuple[dict[int, list[int]], int]:
    """For every buffer of the workspace those that are live with it, and the lower bound."""
    neighbours: dict[int, list[int]] = {}
    live: list[int] = []
    bound = 0
    shared = [i for i, b in enumerate(buffers) if b.size > LOCAL_BYTES and b.result is None]
    for i in sorted(shared, key=lambda i: (buffers[i].first, i)):
        live = [j for j in live if buffers[j].last >= buffers[i].first]
        neighbours[i] = list(live)
        for j in live:
            neighbours[j].append(i)
        live.append(i)
        bound = max(bound, _least_bytes([buffers[j] for j in live]))
    return neighbours, bound


def _least_bytes(buffers: list[Buffer]) -> int:
    """What buffers take side by side: all begin, hence all but the last end, at such a multiple."""
    align = min(b.align for b in buffers)
    padding = [-b.size % align for b in buffers]
    return sum(b.size for b in buffers) + sum(padding) - max(padding)


# What is placed first. None is the best for all programs.
_ORDERS: tuple[Callable[[Buffer], tuple[int, ...]], ...] = (
    lambda b: (-b.size, b.first),
    lambda b: (-b.size * (b.last - b.first + 1), b.first),
    lambda b: (b.first - b.last, -b.size),
    lambda b: (b.first, -b.size),
    lambda b: (-b.last, -b.size),
)


def _pack(
    buffers: list[Buffer], neighbours: dict[int, list[int]], lower_bound: int
) -> list[Buffer]:
    """The smallest of the placements that the orders give."""
    best = None
    for order in _ORDERS:
        packed = _place(
            buffers, neighbours, sorted(neighbours, key=lambda i: (*order(buffers[i]), i))
        )
        if best is None or _end(packed) < _end(best):
            best = packed
        if _end(best) == lower_bound:
            break
    return best or buffers


def _place(
    buffers: list[Buffer], neighbours: dict[int, list[int]], order: list[int]
) -> list[Buffer]:
    """One after the other, each at the lowest offset that no buffer live at the same time takes."""
    offsets: dict[int, int] = {}
    for i in order:
        b = buffers[i]
        at = 0
        for offset, j in sorted((offsets[j], j) for j in neighbours[i] if j in offsets):
            if at + b.size <= offset:
                break
            at = max(at, -(-(offset + buffers[j].size) // b.align) * b.align)
        offsets[i] = at
    return [replace(b, offset=offsets.get(i, b.offset)) for i, b in enumerate(buffers)]


def _end(buffers: list[Buffer]) -> int:
    return max(
        (b.offset + b.size for b in buffers if b.offset is not None and b.result is None), default=0
    )
