# SPDX-License-Identifier: Apache-2.0
"""The arrays that sums of products are made of, and go to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from llvmlite import ir

from jax_embedded.ir.thunks import DotAxis, WindowAxis
from jax_embedded.llvm.emitters.code import Code, Index
from jax_embedded.llvm.emitters.number import Number

Place = tuple[Index, DotAxis | WindowAxis]


@dataclass(frozen=True)
class Arrays:
    """Where their next elements lie. results: of out, then of the inputs of the epilogue.

    number: their elements. left, right: those of lhs and rhs, which may be narrower in memory.
    normal: see DotThunk.
    """

    number: Number
    left: Number
    right: Number
    lhs: ir.Value
    rhs: ir.Value
    results: tuple[ir.Value, ...]
    normal: tuple[bool, bool] = (False, False)

    @property
    def turned(self) -> "Arrays":
        """The same, lhs and rhs in each other's place."""
        return replace(
            self,
            lhs=self.rhs,
            rhs=self.lhs,
            left=self.right,
            right=self.left,
            normal=(self.normal[1], self.normal[0]),
        )

    def moved_to(self, code: Code, places: Sequence[Place]) -> "Arrays":
        """So far along each of the axes."""
        return replace(
            self.moved_results(code, places),
            lhs=self.moved(code, self.lhs, [(i, axis.lhs) for i, axis in places], self.left),
            rhs=self.moved(code, self.rhs, [(i, axis.rhs) for i, axis in places], self.right),
        )

    def along(self, code: Code, axes: Sequence[DotAxis], body: Callable[["Arrays"], None]) -> None:
        """A loop for each axis, the first one outermost, with `body` at each place."""
        if not axes:
            body(self)
            return
        axis, *inner = axes

        def step(state: list[ir.Value]) -> list[ir.Value]:
            here = replace(self, lhs=state[0], rhs=state[1], results=tuple(state[2:]))
            here.along(code, inner, body)
            further = here.moved_to(code, [(1, axis)])
            return [further.lhs, further.rhs, *further.results]

        code.repeat(axis.extent, [self.lhs, self.rhs, *self.results], step)

    def moved_results(self, code: Code, places: Sequence[Place]) -> "Arrays":
        """lhs and rhs stay."""
        found = []
        for role, base in enumerate(self.results):
            steps = [(i, step_of_result(axis, role)) for i, axis in places]
            found.append(self.moved(code, base, steps))
        return replace(self, results=tuple(found))

    def moved(
        self,
        code: Code,
        base: ir.Value,
        steps: Sequence[tuple[Index, int]],
        number: Number | None = None,
        *,
        inbounds: bool = True,
    ) -> ir.Value:
        """The address so many elements further on: the sum of the products. number: the elements,
        if not those of the results. inbounds: see Code.address.
        """
        number = number or self.number
        start = sum(i * step for i, step in steps if isinstance(i, int))
        unknown = [(i, step) for i, step in steps if step and not isinstance(i, int)]
        if unknown:
            return number.address(code, base, code.index(*unknown, start=start), inbounds=inbounds)
        if not start and not code.is_general:
            return base
        return number.address(code, base, start, inbounds=inbounds)


def step_of_result(axis: DotAxis | WindowAxis, role: int) -> int:
    """By how many elements out (0) or one of the inputs goes on with the axis."""
    if role == 0:
        return axis.out
    return axis.inputs[role - 1] if axis.inputs else 0
