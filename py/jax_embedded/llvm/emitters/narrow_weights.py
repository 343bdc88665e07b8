# SPDX-License-Identifier: Apache-2.0
"""Constant integers that eight bits are enough for lie in memory as such."""

from array import array
from dataclasses import replace

from jax_embedded.ir.program import Program
from jax_embedded.ir.thunks import (
    DotThunk,
    Slice,
    Step,
    reads_and_writes,
    replace_steps,
    with_slices,
)
from jax_embedded.shape import Shape


def with_narrow_weights(program: Program) -> Program:
    """The same program; a constant of i32 that only dots multiply with may be one of i8."""
    narrow = {
        a.index: replace(a, size=a.size // 4, data=array("b", array("i", a.data)).tobytes())
        for a in program.allocations.values()
        if a.kind == "constant" and a.data is not None and _is_narrow(a.index, a.data, program)
    }

    def changed(where: Slice) -> Slice:
        if where.allocation not in narrow:
            return where
        return Slice(where.allocation, where.offset // 4, Shape("i8", where.shape.dims))

    thunks = replace_steps(program.thunks, lambda step: with_slices(step, changed))
    return replace(program, allocations={**program.allocations, **narrow}, thunks=thunks)


def is_narrow(data: bytes) -> bool:
    """Whether eight bits are enough for each of the i32."""
    return all(-128 <= value < 128 for value in array("i", data))


def _is_narrow(index: int, data: bytes, program: Program) -> bool:
    read = [
        (step, where)
        for step in program.steps()
        for where in reads_and_writes(step)[0]
        if where.allocation == index
    ]
    return bool(read) and all(_multiplies_with(*one) for one in read) and is_narrow(data)


def _multiplies_with(step: Step, where: Slice) -> bool:
    return (
        isinstance(step, DotThunk)
        and where.shape.dtype == "i32"
        and where in (step.lhs, step.rhs)
        and where not in step.inputs
    )
