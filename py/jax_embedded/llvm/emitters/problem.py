# SPDX-License-Identifier: Apache-2.0
"""What tiles have to be chosen for."""

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import TypeVar

from jax_embedded.ir.thunks import DotAxis
from jax_embedded.llvm.emitters.arithmetic import Arithmetic
from jax_embedded.llvm.emitters.terms import Term
from jax_embedded.llvm.emitters.tile_choice import Problem, Sides


def in_order(
    row: DotAxis, column: DotAxis, terms: Sequence[Term]
) -> tuple[DotAxis, DotAxis, bool, list[Term]]:
    """row and column, so that vectors may lie along the columns; whether they, and with them lhs
    and rhs, had to change places; and the terms.
    """
    if row.lhs == row.out == 1 and row.extent > 1 and column.rhs != 1:
        return _turned(column), _turned(row), True, [_turned(axis) for axis in terms]
    return row, column, False, list(terms)


_Axis = TypeVar("_Axis", bound=Term)


def _turned(axis: _Axis) -> _Axis:
    return replace(axis, lhs=axis.rhs, rhs=axis.lhs)


def sides(how: Arithmetic, *, turned: bool) -> Sides:
    """turned: see `in_order`."""
    if how.one is None:
        return True, True
    return not turned, turned


def problem_of(
    how: Arithmetic,
    row: DotAxis,
    column: DotAxis,
    terms: Sequence[Term],
    there: Sides = (True, True),
) -> Problem:
    """What a tile has to be chosen for."""
    last = terms[-1]
    steps = [step for step, is_there in zip((last.lhs, last.rhs), there, strict=True) if is_there]
    lanes = how.lanes
    vectors = []
    are_vectors = column.rhs == column.out == 1 and {*column.inputs} <= {0, 1}
    if lanes > 1 and are_vectors and column.extent >= lanes:
        vectors.append("columns")
    if lanes > 1 and len(terms) == 1 and {1} <= {*steps} <= {0, 1} and last.extent >= lanes:
        vectors.append("terms")
    return Problem(
        row.extent,
        column.extent,
        prod(axis.extent for axis in terms),
        tuple(vectors),
        row.lhs == last.lhs != 0,
        last.rhs == lanes > 1 and column.rhs == 1,
        (row.lhs, last.lhs),
        (column.rhs, last.rhs),
        last.extent,
        there,
    )
