# SPDX-License-Identifier: Apache-2.0
"""Dots."""

from math import prod

from llvmlite import ir

from jax_embedded.ir.thunks import DotThunk
from jax_embedded.llvm.emitters.code import Code
from jax_embedded.llvm.emitters.tiles import ONE, Arrays, SumOptions, arithmetic, merged, write_sums
from jax_embedded.target import Target


def dot(code: Code, thunk: DotThunk, target: Target, options: SumOptions) -> None:
    """Arguments: lhs, rhs, the addend if there is one, out. options."""
    if not thunk.out.shape.elements:
        return
    count = prod(axis.extent for axis in thunk.contracting)
    how = arithmetic(thunk.out.shape.dtype, target, count, options)
    rows = merged([axis for axis in thunk.outer if not axis.rhs]) or [ONE]
    columns = merged([axis for axis in thunk.outer if axis.rhs and not axis.lhs]) or [ONE]
    both = merged([axis for axis in thunk.outer if axis.rhs and axis.lhs])
    around = [*both, *rows[:-1], *columns[:-1]]
    lhs, rhs, *addend, out = code.arguments
    with code.loops([axis.extent for axis in around]) as counters:
        places = list(zip(counters, around, strict=True))

        def moved(base: ir.Value, side: str) -> ir.Value:
            steps = [(i, getattr(axis, side)) for i, axis in places]
            return how.number.address(code, base, code.index(*steps)) if places else base

        arrays = Arrays(
            moved(lhs, "lhs"),
            moved(rhs, "rhs"),
            moved(out, "out"),
            moved(addend[0], "out") if addend else None,
        )
        terms = merged(thunk.contracting) or [ONE]
        write_sums(code, how, arrays, rows[-1], columns[-1], terms)
