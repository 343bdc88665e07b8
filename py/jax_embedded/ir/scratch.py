# SPDX-License-Identifier: Apache-2.0
"""Plans the memory of temporaries by liveness.

XLA packs temporaries into one allocation, in slots of 64 bytes made for a host's cache lines. Here
the values in it are told apart again, by what each step reads and writes, and packed anew.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace

from jax_embedded.ir.program import Program
from jax_embedded.ir.thunks import (
    CallThunk,
    ConditionalThunk,
    Slice,
    Step,
    Thunk,
    WhileThunk,
    reads_and_writes,
)
from jax_embedded.shape import DTYPES

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
    unpacked, places = _Webs(program, temps).buffers()
    neighbours, lower_bound = _neighbours(unpacked)
    buffers = _pack(unpacked, neighbours, lower_bound)
    return Scratch(tuple(buffers), places, _end(buffers), lower_bound)


@dataclass(frozen=True)
class _Owners:
    """Whose value the bytes of a segment may hold.

    nodes: the accesses that may have put it there.
    loops: those around whose back edge it has come since it was written.
    """

    nodes: frozenset[int] = frozenset()
    loops: frozenset[int] = frozenset()

    def __or__(self, other: "_Owners") -> "_Owners":
        return _Owners(self.nodes | other.nodes, self.loops | other.loops)


# For every allocation, the owners of each segment between two neighbouring ends of slices.
_State = dict[int, list[_Owners]]


class _Webs:
    """Groups the accesses of the same bytes between a first write and the last read of it.

    A write that no read of the same step overlaps begins a new value; everything that one slice
    reaches at one time belongs together and keeps its distance. The body of a loop is gone through
    twice, so that what one iteration leaves reaches the next.
    """

    def __init__(self, program: Program, temps: set[int]):
        self.parent: list[int] = []
        self.node_of: dict[tuple[int, Slice], int] = {}
        self.loops: dict[int, tuple[int, int]] = {}  # first step -> first and last step
        self.carried: list[tuple[int, int]] = []  # (loop, node): alive in all of the loop
        self.ends = _segment_ends(program, temps)
        self.state: _State = {a: [_Owners()] * len(ends) for a, ends in self.ends.items()}
        self._run(program.thunks, 0)

    def find(self, node: int) -> int:
        while self.parent[node] != node:
            self.parent[node] = self.parent[self.parent[node]]
            node = self.parent[node]
        return node

    def _run(self, thunks: tuple[Thunk, ...], time: int) -> int:
        """Goes through the thunks, the first of whose steps is `time`. Returns the step after."""
        for thunk in thunks:
            if isinstance(thunk, CallThunk):
                time = self._run(thunk.thunks, time)
            elif isinstance(thunk, WhileThunk):
                time = self._loop(thunk, time)
            elif isinstance(thunk, ConditionalThunk):
                time = self._branches(thunk, time)
            else:
                self._step(thunk, time)
                time += 1
        return time

    def _loop(self, thunk: WhileThunk, start: int) -> int:
        before = _copy(self.state)
        end = start
        exits = before
        for _ in range(2):
            time = self._run(thunk.condition, start)
            self._step(thunk, time)
            exits = _copy(self.state)
            end = self._run(thunk.body, time + 1)
            around = _merge(before, self.state)
            self.state = {
                a: [_Owners(o.nodes, o.loops | {start}) for o in owners]
                for a, owners in around.items()
            }
        self.loops[start] = (start, end - 1)
        if thunk.trip_count is None:
            self.state = _merge(exits, self.state)
        return end

    def _branches(self, thunk: ConditionalThunk, time: int) -> int:
        self._step(thunk, time)
        time += 1
        before = _copy(self.state)
        merged: _State | None = None
        for branch in thunk.branches:
            self.state = _copy(before)
            time = self._run(branch, time)
            merged = self.state if merged is None else _merge(merged, self.state)
        self.state = merged or before
        return time

    def _step(self, step: Step, time: int) -> None:
        temps = self.ends.keys()
        reads, writes = (
            [s for s in slices if s.allocation in temps] for slices in reads_and_writes(step)
        )
        for where in reads:
            self._access(time, where, joins=True)
        for where in writes:
            self._access(time, where, joins=any(where.overlaps(read) for read in reads))

    def _access(self, time: int, where: Slice, *, joins: bool) -> None:
        node = self.node_of.get((time, where))
        if node is None:
            node = len(self.parent)
            self.parent.append(node)
            self.node_of[time, where] = node
        ends, owners = self.ends[where.allocation], self.state[where.allocation]
        first = bisect_right(ends, where.offset)
        last = bisect_left(ends, where.end)
        for segment in range(first, last + 1):
            if joins:
                for other in owners[segment].nodes:
                    self.parent[self.find(other)] = self.find(node)
                self.carried += [(loop, node) for loop in owners[segment].loops]
                owners[segment] = _Owners(frozenset([node]), owners[segment].loops)
            else:
                owners[segment] = _Owners(frozenset([node]))

    def buffers(self) -> tuple[list[Buffer], dict[tuple[int, Slice], tuple[int, int]]]:
        """The buffers, not yet packed, and the places of the slices in them."""
        members: dict[int, list[tuple[int, Slice]]] = {}
        for access, node in self.node_of.items():
            members.setdefault(self.find(node), []).append(access)
        alive: dict[int, set[int]] = {}
        for loop, node in self.carried:
            alive.setdefault(self.find(node), set()).update(self.loops.get(loop, ()))
        buffers = []
        places = {}
        for number, (root, accesses) in enumerate(members.items()):
            times = {time for time, _ in accesses} | alive.get(root, set())
            slices = [where for _, where in accesses]
            align = max(min(DTYPES[s.shape.dtype].itemsize, 8) for s in slices)
            start = min(s.offset for s in slices) // align * align
            size = max(s.end for s in slices) - start
            buffers.append(Buffer(size, align, min(times), max(times)))
            for time, where in accesses:
                places[time, where] = (number, where.offset - start)
        return buffers, places


def _segment_ends(program: Program, temps: set[int]) -> dict[int, list[int]]:
    ends: dict[int, set[int]] = {}
    for step in program.steps():
        for slices in reads_and_writes(step):
            for where in slices:
                if where.allocation in temps:
                    ends.setdefault(where.allocation, set()).update((where.offset, where.end))
    return {allocation: sorted(found - {0}) for allocation, found in ends.items()}


def _copy(state: _State) -> _State:
    return {allocation: list(owners) for allocation, owners in state.items()}


def _merge(one: _State, other: _State) -> _State:
    return {a: [x | y for x, y in zip(one[a], other[a], strict=True)] for a in one}


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
