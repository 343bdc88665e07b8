# SPDX-License-Identifier: Apache-2.0
"""The axes of sums of products."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from llvmlite import ir

from jax_embedded.ir.thunks import DotAxis

ONE = DotAxis(1, 0, 0, 0)


@dataclass(frozen=True)
class Taps:
    """An axis of the terms whose extent is known when the code runs: `count`, at least 1.

    extent: what it can be.
    """

    count: ir.Value
    extent: int
    lhs: int
    rhs: int


@dataclass(frozen=True)
class CheckedTaps:
    """An axis of the terms of which those count that lie inside of an axis of the input.

    first: the place there of the first one. Another one is `dilation` further on.
    input: how many places there are.
    """

    first: ir.Value
    input: int
    dilation: int
    extent: int
    lhs: int
    rhs: int


Term = DotAxis | Taps | CheckedTaps


def merged(axes: Sequence[DotAxis]) -> list[DotAxis]:
    """The same places in the same order, of as few axes as can be."""
    found: list[DotAxis] = []
    for axis in axes:
        before = found[-1] if found else None
        if axis.extent == 1:
            continue
        if before and _steps(before) == tuple(axis.extent * step for step in _steps(axis)):
            found[-1] = replace(axis, extent=before.extent * axis.extent)
        else:
            found.append(axis)
    return found


def _steps(axis: DotAxis) -> tuple[int, ...]:
    return (axis.lhs, axis.rhs, axis.out, *axis.inputs)


def axes_of_sides(outer: Sequence[DotAxis]) -> tuple[list[DotAxis], DotAxis, DotAxis]:
    """The axes of loops around the tiles, that of the rows and that of the columns."""
    rows = merged([axis for axis in outer if not axis.rhs]) or [ONE]
    columns = merged([axis for axis in outer if axis.rhs and not axis.lhs]) or [ONE]
    both = merged([axis for axis in outer if axis.rhs and axis.lhs])
    return [*both, *rows[:-1], *columns[:-1]], rows[-1], columns[-1]
