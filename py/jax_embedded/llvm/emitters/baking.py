# SPDX-License-Identifier: Apache-2.0
"""Which dots have their weights in the code."""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product

from jax_embedded.ir.elementwise import Operation
from jax_embedded.ir.program import Program
from jax_embedded.ir.thunks import BakedDotThunk, DotAxis, DotThunk, Slice, Step, replace_steps
from jax_embedded.llvm.emitters.arithmetic import SumOptions
from jax_embedded.llvm.emitters.baked_dot import cost, is_bakeable
from jax_embedded.llvm.emitters.dot import instructions_of_dot
from jax_embedded.llvm.emitters.narrow_weights import is_narrow
from jax_embedded.target import Target

_LOOPS = 200  # bytes of the code of a dot that reads its weights


def with_baked_weights(
    program: Program, target: Target, options: SumOptions, *, always: bool
) -> tuple[Program, bool]:
    """The same program, and whether anything has been baked: the products of a constant matrix and
    a vector can be.

    always: otherwise, only what takes neither more instructions nor more bytes than the same dot
        with its weights in memory.
    """

    def change(step: Step) -> Step:
        if not isinstance(step, DotThunk):
            return step
        found = _baked(step, program, target)
        if found is None:
            return step
        if not always:
            instructions, size = cost(found, target)
            if instructions > instructions_of_dot(step, target, options):
                return step
            if size > _bytes_in_memory(found) + _LOOPS:
                return step
        return found

    thunks = replace_steps(program.thunks, change)
    return replace(program, thunks=thunks), thunks != program.thunks


def _baked(step: DotThunk, program: Program, target: Target) -> BakedDotThunk | None:
    if not is_bakeable(step.out.shape.dtype, target) or not step.out.shape.elements:
        return None
    sides = {"lhs": step.lhs, "rhs": step.rhs}
    constant = [side for side in sides if _elements(program, sides[side]) is not None]
    if len(constant) != 1:
        return None
    (side,) = constant
    other = "rhs" if side == "lhs" else "lhs"
    if any(getattr(axis, other) and axis.extent > 1 for axis in step.outer):
        return None  # the other side is no vector
    elements = _elements(program, sides[side])
    assert elements is not None
    terms = _places(step.contracting, lambda axis: (getattr(axis, side), getattr(axis, other)))
    results = _places(
        step.outer, lambda axis: (getattr(axis, side), axis.out, *axis.inputs), 2 + len(step.inputs)
    )
    known = [_elements(program, where) for where in step.inputs]
    read = [n for n, found in enumerate(known) if found is None]
    in_code = [n for n, found in enumerate(known) if found is not None]
    order = [0, *(n + 1 for n in (*read, *in_code))]
    return BakedDotThunk(
        step.origin,
        sides[other],
        step.out,
        array("I", (elements[row[0] + term[0]] for row in results for term in terms)).tobytes(),
        tuple(at for _, at in terms),
        tuple((row[1], *(row[2 + n] for n in read)) for row in results),
        tuple(step.inputs[n] for n in read),
        tuple(
            array("I", (found[row[2 + n]] for row in results)).tobytes()
            for n, found in enumerate(known)
            if found is not None
        ),
        tuple(_renumbered(operation, order) for operation in step.epilogue),
        step.sequential,
    )


def _bytes_in_memory(thunk: BakedDotThunk) -> int:
    narrow = thunk.out.shape.dtype == "i32" and is_narrow(thunk.weights)
    return len(thunk.weights) // 4 if narrow else len(thunk.weights)


def _elements(program: Program, where: Slice) -> array | None:
    """The bits of what is a constant, of four bytes each."""
    allocation = program.allocations[where.allocation]
    if allocation.kind != "constant" or allocation.data is None:
        return None
    return array("I", allocation.data[where.offset : where.end])


def _renumbered(operation: Operation, order: list[int]) -> Operation:
    """order: the old numbers of the sum and of all that is read."""
    new = {old: number for number, old in enumerate(order)}
    return replace(operation, operands=tuple(new.get(n, n) for n in operation.operands))


def _places(
    axes: Sequence[DotAxis], steps: Callable[[DotAxis], tuple[int, ...]], arrays: int = 2
) -> list[tuple[int, ...]]:
    """Where each element of the axes lies in some arrays, the last axis fastest.

    steps: by how many elements each array goes on with an axis.
    """
    along = [steps(axis) for axis in axes]
    return [
        tuple(sum(i * by[n] for i, by in zip(index, along, strict=True)) for n in range(arrays))
        for index in product(*(range(axis.extent) for axis in axes))
    ]
