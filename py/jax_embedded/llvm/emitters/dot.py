# SPDX-License-Identifier: Apache-2.0
"""Dots."""

from dataclasses import replace
from math import prod

from llvmlite import ir

from jax_embedded.ir.thunks import DotAxis, DotThunk
from jax_embedded.llvm.emitters.arithmetic import Arithmetic, SumOptions, arithmetic
from jax_embedded.llvm.emitters.arrays import Arrays
from jax_embedded.llvm.emitters.code import Code
from jax_embedded.llvm.emitters.dsp import call_dot, dot_call
from jax_embedded.llvm.emitters.problem import in_order, problem_of
from jax_embedded.llvm.emitters.terms import ONE, axes_of_sides, merged
from jax_embedded.llvm.emitters.tile_choice import instructions
from jax_embedded.llvm.emitters.tiles import write_sums
from jax_embedded.target import Target

# Of a small dot, which has so few products, the tiles may follow each other without loops: what it
# reads and writes may then stay in registers.
_SMALL = 200
_MOST_TILES = 16


def dot(code: Code, thunk: DotThunk, target: Target, options: SumOptions) -> None:
    """Arguments: lhs, rhs, the inputs, out."""
    if not thunk.out.shape.elements:
        return
    call = dot_call(thunk) if options.library else None
    if call:
        call_dot(code, thunk, call, contract=options.contract)
        return
    how = _arithmetic(thunk, target, options)
    around, row, column, terms = _axes(thunk)
    lhs, rhs, *inputs, out = code.arguments
    left, right = (
        replace(how.number, memory=ir.IntType(8), align=1)
        if side.shape.dtype == "i8"
        else how.number
        for side in (thunk.lhs, thunk.rhs)
    )
    arrays = Arrays(how.number, left, right, lhs, rhs, (out, *inputs), thunk.normal)

    def sums(here: Arrays) -> None:
        write_sums(code, how, here, row, column, terms, thunk.epilogue)

    arrays.along(code, around, sums)


def instructions_of_dot(thunk: DotThunk, target: Target, options: SumOptions) -> float:
    """About how many it takes."""
    how = _arithmetic(thunk, target, options)
    around, first, second, contracting = _axes(thunk)
    row, column, _, terms = in_order(first, second, contracting)
    problem = problem_of(how, row, column, terms)
    of_each = instructions(problem, how.registers)
    return of_each * prod(axis.extent for axis in around)


def _arithmetic(thunk: DotThunk, target: Target, options: SumOptions) -> Arithmetic:
    count = prod(axis.extent for axis in thunk.contracting)
    dtype = thunk.out.shape.dtype
    how = arithmetic(dtype, target, count, options, sequential=thunk.sequential)
    is_small = count * prod(axis.extent for axis in thunk.outer) <= _SMALL
    if how.registers.sums == 1 or not is_small or options.size or "f32" not in target.float_dtypes:
        return how
    return replace(how, registers=replace(how.registers, tiles_written_out=_MOST_TILES))


def _axes(thunk: DotThunk) -> tuple[list[DotAxis], DotAxis, DotAxis, list[DotAxis]]:
    """The axes of loops around the tiles, that of the rows, that of the columns, and the terms."""
    around, row, column = axes_of_sides(thunk.outer)
    return around, row, column, merged(thunk.contracting) or [ONE]
