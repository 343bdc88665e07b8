# SPDX-License-Identifier: Apache-2.0
"""Dots."""

from math import prod

from jax_embedded.ir.thunks import DotThunk
from jax_embedded.llvm.emitters.arithmetic import SumOptions, arithmetic
from jax_embedded.llvm.emitters.arrays import Arrays
from jax_embedded.llvm.emitters.code import Code
from jax_embedded.llvm.emitters.tiles import ONE, merged, write_sums
from jax_embedded.target import Target


def dot(code: Code, thunk: DotThunk, target: Target, options: SumOptions) -> None:
    """Arguments: lhs, rhs, the inputs, out. options."""
    if not thunk.out.shape.elements:
        return
    count = prod(axis.extent for axis in thunk.contracting)
    how = arithmetic(thunk.out.shape.dtype, target, count, options)
    rows = merged([axis for axis in thunk.outer if not axis.rhs]) or [ONE]
    columns = merged([axis for axis in thunk.outer if axis.rhs and not axis.lhs]) or [ONE]
    both = merged([axis for axis in thunk.outer if axis.rhs and axis.lhs])
    around = [*both, *rows[:-1], *columns[:-1]]
    lhs, rhs, *inputs, out = code.arguments
    arrays = Arrays(how.number, lhs, rhs, (out, *inputs))
    terms = merged(thunk.contracting) or [ONE]

    def sums(here: Arrays) -> None:
        write_sums(code, how, here, rows[-1], columns[-1], terms, thunk.epilogue)

    arrays.along(code, around, sums)
