# SPDX-License-Identifier: Apache-2.0
"""Reductions of one array."""

from math import prod

from jax_embedded.ir.thunks import ReduceThunk
from jax_embedded.llvm.emitters.arithmetic import SumOptions, arithmetic_of_one
from jax_embedded.llvm.emitters.arrays import Arrays
from jax_embedded.llvm.emitters.code import Code
from jax_embedded.llvm.emitters.terms import ONE, merged
from jax_embedded.llvm.emitters.tiles import write_sums
from jax_embedded.target import Target


def reduce(code: Code, thunk: ReduceThunk, target: Target, options: SumOptions) -> None:
    """Arguments: the source, the inputs, out."""
    if not thunk.out.shape.elements:
        return
    *around, row = merged(thunk.outer) or [ONE]
    terms = merged(thunk.reduced) or [ONE]
    count = prod(axis.extent for axis in thunk.reduced)
    how = arithmetic_of_one(thunk.operation, target, count, options)
    source, *inputs, out = code.arguments
    normal = (False, True)  # of the source, and of what stands for the other factor
    arrays = Arrays(how.number, how.number, how.number, source, source, (out, *inputs), normal)

    def tiles(here: Arrays) -> None:
        write_sums(code, how, here, row, ONE, terms, thunk.epilogue)

    arrays.along(code, around, tiles)
