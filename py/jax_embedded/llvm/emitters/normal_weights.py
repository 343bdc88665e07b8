# SPDX-License-Identifier: Apache-2.0
"""Constants that are normal numbers throughout, with which sums without an FPU have less to do."""

from array import array
from dataclasses import replace

from jax_embedded.ir.program import Program
from jax_embedded.ir.thunks import ConvolutionThunk, DotThunk, Slice, Step, replace_steps
from jax_embedded.target import Target


def with_normal_weights(program: Program, target: Target) -> Program:
    """The same program; on a core without an FPU sums of products know which factors are normal."""
    if "f32" in target.float_dtypes:
        return program

    def is_normal(where: Slice) -> bool:
        data = program.allocations[where.allocation].data
        if data is None or where.shape.dtype != "f32":
            return False
        return all(
            0 < bits >> 23 & 255 < 255 for bits in array("I", data[where.offset : where.end])
        )

    def changed(step: Step) -> Step:
        if not isinstance(step, DotThunk | ConvolutionThunk):
            return step
        return replace(step, normal=(is_normal(step.lhs), is_normal(step.rhs)))

    return replace(program, thunks=replace_steps(program.thunks, changed))
