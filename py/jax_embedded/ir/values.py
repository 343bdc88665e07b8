# SPDX-License-Identifier: Apache-2.0
"""Tells the values apart that lie in the memory of temporaries.

XLA packs temporaries into one allocation, in slots of 64 bytes made for a host's cache lines, and
uses a slot again and again. What each step reads and writes says which value is meant.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from itertools import count

from jax_embedded.ir.program import Allocation, Program
from jax_embedded.ir.thunks import (
    CallThunk,
    ConditionalThunk,
    Slice,
    Step,
    Thunk,
    WhileThunk,
    reads_and_writes,
    replace_steps,
    with_slices,
)
from jax_embedded.shape import DTYPES


@dataclass(frozen=True)
class Value:
    """A value, or several that are only ever used together.

    allocation, offset: where it lies, in bytes.
    size, align: bytes.
    first, last: the steps between which it is live, both included.
    stays: whether it is there when all is done.
    """

    allocation: int
    offset: int
    size: int
    align: int
    first: int
    last: int
    stays: bool = False


def separate_values(program: Program) -> Program:
    """The same program; each value has an allocation of its own, also those that XLA keeps in the
    memory of a result meanwhile. It must have passed `verify`.
    """
    ours = {a.index for a in program.allocations.values() if a.kind in ("temp", "result")}
    values, places = Webs(program, ours).values()
    first = max(program.allocations, default=-1) + 1
    allocations = {a.index: a for a in program.allocations.values() if a.kind != "temp"}
    results = allocations.keys() & ours
    moves = [not (value.stays and value.allocation in results) for value in values]
    for number, value in enumerate(values):
        if moves[number]:
            allocations[first + number] = Allocation(first + number, value.size, "temp")

    times = count()

    def moved(step: Step) -> Step:
        time = next(times)

        def place(where: Slice) -> Slice:
            if where.allocation not in ours:
                return where
            number, offset = places[time, where]
            return Slice(first + number, offset, where.shape) if moves[number] else where

        return with_slices(step, place)

    return replace(program, allocations=allocations, thunks=replace_steps(program.thunks, moved))


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


class Webs:
    """Groups the accesses of the same bytes between a first write and the last read of it.

    A write that no read of the same step overlaps begins a new value; everything that one slice
    reaches at one time belongs together and keeps its distance. The body of a loop is gone through
    twice, so that what one iteration leaves reaches the next.
    """

    def __init__(self, program: Program, temps: set[int]):
        """temps: the allocations that are looked at."""
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

    def values(self) -> tuple[list[Value], dict[tuple[int, Slice], tuple[int, int]]]:
        """The values, and (step, slice) -> value, and the byte in it where the slice begins."""
        members: dict[int, list[tuple[int, Slice]]] = {}
        for access, node in self.node_of.items():
            members.setdefault(self.find(node), []).append(access)
        alive: dict[int, set[int]] = {}
        for loop, node in self.carried:
            alive.setdefault(self.find(node), set()).update(self.loops.get(loop, ()))
        left = {
            self.find(node)
            for owners in self.state.values()
            for segment in owners
            for node in segment.nodes
        }
        values = []
        places = {}
        for number, (root, accesses) in enumerate(members.items()):
            times = {time for time, _ in accesses} | alive.get(root, set())
            slices = [where for _, where in accesses]
            align = max(min(DTYPES[s.shape.dtype].itemsize, 8) for s in slices)
            start = min(s.offset for s in slices) // align * align
            size = max(s.end for s in slices) - start
            stays = root in left
            allocation = slices[0].allocation
            values.append(Value(allocation, start, size, align, min(times), max(times), stays))
            for time, where in accesses:
                places[time, where] = (number, where.offset - start)
        return values, places


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
