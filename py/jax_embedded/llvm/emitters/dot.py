# SPDX-License-Identifier: Apache-2.0
"""Dots."""

from math import prod

from jax_embedded.ir.thunks import DotThunk
from jax_embedded.llvm.emitters.code import Code
from jax_embedded.llvm.emitters.tiles import ONE, arithmetic, merged, write_sums
from jax_embedded.target import Target


def dot(code: Code, thunk: DotThunk, target: Target, *, contract: bool) -> None:
    """Arguments: lhs, rhs, out."""
    if not thunk.out.shape.elements:
        return
    count = prod(axis.extent for axis in thunk.contracting)
    how = arithmetic(thunk.out.shape.dtype, target, count, contract=contract)
    rows = merged([axis for axis in thunk.outer if not axis.rhs]) or [ONE]
    columns = merged([axis for axis in thunk.outer if axis.rhs and not axis.lhs]) or [ONE]
    both = merged([axis for axis in thunk.outer if axis.rhs and axis.lhs])
    around = [*both, *rows[:-1], *columns[:-1]]
    with code.loops([axis.extent for axis in around]) as counters:
        places = list(zip(counters, around, strict=True))
        steps = [[(i, getattr(axis, side)) for i, axis in places] for side in ("lhs", "rhs", "out")]
        pointers = [
            how.number.address(code, base, code.index(*step)) if places else base
            for base, step in zip(code.arguments, steps, strict=True)
        ]
        terms = merged(thunk.contracting) or [ONE]
        write_sums(code, how, tuple(pointers), rows[-1], columns[-1], terms)
