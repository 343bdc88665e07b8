# SPDX-License-Identifier: Apache-2.0
"""Plans the memory of temporaries by liveness.

XLA packs temporaries into one allocation, in slots of 64 bytes made for a host's cache lines. Here
the values in it are told apart again, by what each step reads and writes, and packed anew.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from jax_embedded.ir.program import Program, Slice, reads_and_writes
from jax_embedded.shape import DTYPES

# What a C programmer would keep in a local variable: mostly it ends up in registers.
LOCAL_BYTES = 64


@dataclass(frozen=True)
class Buffer:
    """Memory of one value, or of several that are only ever used together.

    size, align: bytes.
    first, last: the steps between which it is live, both included.
    offset: its place in the arena; None for a local variable of the function.
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
    arena_bytes, arena_align: of the memory that holds the buffers that are not local.
    """

    buffers: tuple[Buffer, ...]
    places: dict[tuple[int, Slice], tuple[int, int]]
    arena_bytes: int
    arena_align: int


def plan_scratch(program: Program) -> Scratch:
    """The program must have passed `verify`."""
    temps = {a.index for a in program.allocations.values() if a.kind == "temp"}
    webs = _Webs(program, temps)
    buffers = _pack([webs.buffer(members) for members in webs.groups()])
    number = {root: i for i, root in enumerate(webs.roots)}
    places = {}
    for key, node in webs.node_of.items():
        root = webs.find(node)
        places[key] = (number[root], key[1].offset - webs.base[root])
    ends = [b.offset + b.size for b in buffers if b.offset is not None]
    aligns = [b.align for b in buffers if b.offset is not None]
    return Scratch(tuple(buffers), places, max(ends, default=0), max(aligns, default=1))


class _Webs:
    """Groups accesses of the same bytes between a first write and the last read of it.

    A write that no read of the same step overlaps begins a new value; everything that one slice
    reaches at one time belongs together and keeps its distance.
    """

    def __init__(self, program: Program, temps: set[int]):
        self.parent: list[int] = []
        self.node_of: dict[tuple[int, Slice], int] = {}
        self.accesses: list[tuple[int, Slice]] = []
        current: dict[int, dict[tuple[int, int], int]] = {}  # allocation -> byte range -> node
        for time, step in enumerate(program.steps()):
            reads, writes = (
                [s for s in slices if s.allocation in temps] for slices in reads_and_writes(step)
            )
            for where in reads:
                self._access(current, time, where, joins=True)
            for where in writes:
                in_place = any(where.overlaps(read) for read in reads)
                self._access(current, time, where, joins=in_place)
        self.roots: list[int] = []
        self.base: dict[int, int] = {}

    def find(self, node: int) -> int:
        while self.parent[node] != node:
            self.parent[node] = self.parent[self.parent[node]]
            node = self.parent[node]
        return node

    def _access(self, current: dict, time: int, where: Slice, *, joins: bool) -> None:
        ranges = current.setdefault(where.allocation, {})
        node = len(self.parent)
        self.parent.append(node)
        self.accesses.append((time, where))
        self.node_of[time, where] = node
        for (start, end), owner in list(ranges.items()):
            if start >= where.end or end <= where.offset:
                continue
            if joins:
                self.parent[self.find(owner)] = self.find(node)
            else:  # what is overwritten ends here; what sticks out on either side stays
                del ranges[start, end]
                if start < where.offset:
                    ranges[start, where.offset] = owner
                if end > where.end:
                    ranges[where.end, end] = owner
        if not joins:
            ranges[where.offset, where.end] = node

    def groups(self) -> Iterable[list[tuple[int, Slice]]]:
        members: dict[int, list[tuple[int, Slice]]] = {}
        for node, access in enumerate(self.accesses):
            members.setdefault(self.find(node), []).append(access)
        self.roots = list(members)
        for root, accesses in members.items():
            self.base[root] = min(where.offset for _, where in accesses)
        return members.values()

    @staticmethod
    def buffer(accesses: list[tuple[int, Slice]]) -> Buffer:
        times = [time for time, _ in accesses]
        slices = [where for _, where in accesses]
        start = min(s.offset for s in slices)
        size = max(s.end for s in slices) - start
        align = max(min(DTYPES[s.shape.dtype].itemsize, 8) for s in slices)
        return Buffer(size, align, min(times), max(times))


def _pack(buffers: list[Buffer]) -> list[Buffer]:
    """Largest first, each at the lowest offset that no buffer live at the same time takes."""
    packed = list(buffers)
    placed: list[Buffer] = []
    order = sorted(range(len(buffers)), key=lambda i: (-buffers[i].size, buffers[i].first, i))
    for i in order:
        b = buffers[i]
        if b.size <= LOCAL_BYTES:
            continue
        at = 0
        for other in sorted(placed, key=lambda other: other.offset or 0):
            if other.last < b.first or b.last < other.first or other.offset is None:
                continue
            if at + b.size <= other.offset:
                break
            at = max(at, -(-(other.offset + other.size) // b.align) * b.align)
        packed[i] = Buffer(b.size, b.align, b.first, b.last, at)
        placed.append(packed[i])
    return packed
