# SPDX-License-Identifier: Apache-2.0
"""Plans the memory of temporaries by liveness.

The values in XLA's allocations are told apart and packed anew.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from jax_embedded.ir.program import Program
from jax_embedded.ir.thunks import Slice
from jax_embedded.ir.values import Webs

# What a C programmer would keep in a local variable: mostly it ends up in registers.
LOCAL_BYTES = 64

WORKSPACE_ALIGN = 8  # bytes; of the memory that holds all other buffers


@dataclass(frozen=True)
class Buffer:
    """Memory of one value, or of several that are only ever used together.

    size, align: bytes.
    first, last: the steps between which it is live, both included.
    offset: its place in the workspace; None for a local variable of the function.
    """

    size: int
    align: int
    first: int
    last: int
    offset: int | None = None


@dataclass(frozen=True)
class Scratch:
    """Where the temporaries of a program lie.

    buffers: all of them.
    places: (step, slice) -> buffer, and the byte in it where the slice begins.
    workspace_bytes: of the memory that holds the buffers that are not local.
    workspace_lower_bound: bytes; no placement of these buffers takes fewer, since so much is live
        at one step.
    """

    buffers: tuple[Buffer, ...]
    places: dict[tuple[int, Slice], tuple[int, int]]
    workspace_bytes: int
    workspace_lower_bound: int = 0


def plan_scratch(program: Program) -> Scratch:
    """The program must have passed `verify`."""
    temps = {a.index for a in program.allocations.values() if a.kind == "temp"}
    values, places = Webs(program, temps).values()
    unpacked = [Buffer(v.size, v.align, v.first, v.last) for v in values]
    neighbours, lower_bound = _neighbours(unpacked)
    buffers = _pack(unpacked, neighbours, lower_bound)
    return Scratch(tuple(buffers), places, _end(buffers), lower_bound)


def _neighbours(buffers: list[Buffer]) -> tuple[dict[int, list[int]], int]:
    """For every buffer of the workspace those that are live with it, and the lower bound."""
    neighbours: dict[int, list[int]] = {}
    live: list[int] = []
    bound = 0
    shared = [i for i, b in enumerate(buffers) if b.size > LOCAL_BYTES]
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
    return [replace(b, offset=offsets.get(i)) for i, b in enumerate(buffers)]


def _end(buffers: list[Buffer]) -> int:
    return max((b.offset + b.size for b in buffers if b.offset is not None), default=0)
