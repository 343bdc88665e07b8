# SPDX-License-Identifier: Apache-2.0
"""Memory of its own for arrays that the caller's memory is not aligned for.

XLA keeps numbers of 4 bytes in the memory of a result of 2 bytes each, if they are dead before the
result is written, or reads an argument of bytes as numbers. The caller's memory is aligned for what
the C function says it holds. Such numbers get a temporary, which is copied from the argument in the
beginning, to the result in the end.
"""

from dataclasses import replace

from jax_embedded.ir.program import Allocation, Program
from jax_embedded.ir.thunks import CopyThunk, Origin, Slice, reads_and_writes
from jax_embedded.shape import DTYPES, Shape


def with_aligned_memory(program: Program) -> Program:
    """The same program, in which nothing reaches the caller's memory as a type it is too little
    aligned for.
    """
    allocations = dict(program.allocations)
    result_slices = list(program.result_slices)
    before, after = [], []
    for index in sorted(_too_little_aligned(program)):
        ours = allocations[index]
        shape = _shape(program, ours)
        callers = max(allocations) + 1
        allocations[callers] = replace(ours, index=callers)
        allocations[index] = Allocation(index, ours.size, "temp")
        inside, outside = Slice(index, 0, shape), Slice(callers, 0, shape)
        origin = Origin(f"copy.{index}", "copy")
        if ours.parameter is not None:
            before.append(CopyThunk(origin, outside, inside))
        for result, where in enumerate(result_slices):
            if where.allocation == index:
                result_slices[result] = replace(where, allocation=callers)
                after.append(CopyThunk(origin, inside, outside))
    return replace(
        program,
        allocations=allocations,
        result_slices=tuple(result_slices),
        thunks=(*before, *program.thunks, *after),
    )


def _too_little_aligned(program: Program) -> set[int]:
    found = set()
    for step in program.steps():
        for where in (slice_ for slices in reads_and_writes(step) for slice_ in slices):
            allocation = program.allocations.get(where.allocation)
            if allocation is None or allocation.kind in ("constant", "temp"):
                continue
            have = DTYPES[_shape(program, allocation).dtype].align
            if DTYPES[where.shape.dtype].align > have or where.offset % have:
                found.add(where.allocation)
    return found


def _shape(program: Program, allocation: Allocation) -> Shape:
    """Of the argument or the result whose memory it is."""
    if allocation.parameter is not None:
        return program.parameters[allocation.parameter].shape
    result = [where.allocation for where in program.result_slices].index(allocation.index)
    return program.results[result].shape
