# SPDX-License-Identifier: Apache-2.0
"""Reductions of one array, or of what is computed of one or two."""

from math import prod

from jax_embedded.ir.thunks import ReduceThunk
from jax_embedded.llvm.emitters.arithmetic import (
    SumOptions,
    arithmetic_of_computed,
    arithmetic_of_one,
)
from jax_embedded.llvm.emitters.arrays import Arrays
from jax_embedded.llvm.emitters.code import Code
from jax_embedded.llvm.emitters.terms import ONE, axes_of_sides, merged
from jax_embedded.llvm.emitters.tiles import write_sums
from jax_embedded.target import Target


def reduce(code: Code, thunk: ReduceThunk, target: Target, options: SumOptions) -> None:
    """Arguments: the sources, the inputs, out."""
    if not thunk.out.shape.elements:
        return
    around, row, column = axes_of_sides(thunk.outer)
    terms = merged(thunk.reduced) or [ONE]
    count = prod(axis.extent for axis in thunk.reduced)
    sources = len(thunk.sources)
    if thunk.prologue:
        how = arithmetic_of_computed(
            thunk.operation, thunk.prologue, sources, target, count, options
        )
    else:
        how = arithmetic_of_one(thunk.operation, target, count, options)
    (lhs, *others), (*inputs, out) = code.arguments[:sources], code.arguments[sources:]
    rhs = others[0] if others else lhs
    # Of the element, and of what stands for the other factor if it is no product.
    normal = (False, how.prologue is None or how.prologue.one is not None)
    arrays = Arrays(how.number, how.number, how.number, lhs, rhs, (out, *inputs), normal)

    def tiles(here: Arrays) -> None:
        write_sums(code, how, here, row, column, terms, thunk.epilogue)

    arrays.along(code, around, tiles)
