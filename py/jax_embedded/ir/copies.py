# SPDX-License-Identifier: Apache-2.0
"""Leaves out copies of what does not change any more: whoever reads the copy reads the original."""

from collections import defaultdict
from dataclasses import replace
from itertools import count

from jax_embedded.ir.elementwise import Elementwise
from jax_embedded.ir.program import Program
from jax_embedded.ir.scratch import LOCAL_BYTES
from jax_embedded.ir.thunks import (
    CopyThunk,
    KernelThunk,
    Slice,
    Step,
    reads_and_writes,
    replace_steps,
    with_slices,
)
from jax_embedded.shape import DTYPES


def without_copies(program: Program) -> Program:
    """The same program. Its values must have allocations of their own.

    Copies of LOCAL_BYTES and less stay: what is in registers LLVM does not copy.
    """
    accesses = _Accesses(program)
    copies: set[int] = set()
    others: dict[int, int] = {}  # allocation -> the one that is accessed in its place

    def place(where: Slice) -> Slice:
        allocation = where.allocation
        while allocation in others:
            allocation = others[allocation]
        return replace(where, allocation=allocation)

    for time, step in enumerate(program.steps()):
        pair = _copied(step)
        if not pair or not all(accesses.is_whole(where) for where in pair):
            continue
        read, written = map(place, pair)
        if accesses.changes(read) or accesses.changes(written):
            continue
        for gone, kept in ((written, read), (read, written)):
            if accesses.may_be(gone, kept):
                accesses.join(gone, kept)
                others[gone.allocation] = kept.allocation
                copies.add(time)
                break
    times = count()

    def changed(step: Step) -> Step | None:
        return None if next(times) in copies else with_slices(step, place)

    return replace(program, thunks=replace_steps(program.thunks, changed))


def _copied(step: Step) -> tuple[Slice, Slice] | None:
    """What a step copies and where to, if it does nothing else and the order stays the same."""
    if isinstance(step, CopyThunk) and not step.strides:
        read, written = step.source, step.destination
    elif isinstance(step, KernelThunk) and _is_copy(step.elementwise):
        (read,), (written,) = step.arguments, step.results
    else:
        return None
    return (read, written) if read.shape.nbytes == written.shape.nbytes > LOCAL_BYTES else None


def _is_copy(done: Elementwise | None) -> bool:
    return done is not None and not done.operations and done.reads_in_order(0)


class _Accesses:
    """What the steps of a program do with each allocation."""

    def __init__(self, program: Program):
        self._allocations = program.allocations
        self._writes: dict[int, int] = defaultdict(int)  # steps
        self._widest: dict[int, int] = defaultdict(int)  # bytes of an element
        for step in program.steps():
            reads, writes = reads_and_writes(step)
            for where in writes:
                self._writes[where.allocation] += 1
            for where in (*reads, *writes):
                width = DTYPES[where.shape.dtype].itemsize
                self._widest[where.allocation] = max(self._widest[where.allocation], width)

    def is_whole(self, where: Slice) -> bool:
        return where.offset == 0 and where.end == self._allocations[where.allocation].size

    def changes(self, where: Slice) -> bool:
        """Whether it has one value now and another one then. What is not there yet is none."""
        kind = self._allocations[where.allocation].kind
        return kind == "donated" or self._writes[where.allocation] > 1

    def may_be(self, gone: Slice, kept: Slice) -> bool:
        """Whether all that is in the memory of the one may be in that of the other."""
        if self._allocations[gone.allocation].kind != "temp":
            return False
        # The caller's memory is aligned for its elements, ours for whatever is there.
        is_ours = self._allocations[kept.allocation].kind == "temp"
        return is_ours or self._widest[gone.allocation] <= DTYPES[kept.shape.dtype].itemsize

    def join(self, gone: Slice, kept: Slice) -> None:
        """From now on, all that was in the memory of the one is in that of the other."""
        widths = self._widest[gone.allocation], self._widest[kept.allocation]
        self._widest[kept.allocation] = max(widths)
