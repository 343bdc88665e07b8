# SPDX-License-Identifier: Apache-2.0
"""Kernels that go through the same elements one after the other become one loop, in which each
does one element: what several of them read or compute, LLVM then reads or computes once.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count, product

from jax_embedded.ir.program import Program
from jax_embedded.ir.thunks import (
    CallThunk,
    ConditionalThunk,
    KernelThunk,
    Slice,
    Thunk,
    WhileThunk,
)
from jax_embedded.llvm.kernel_loops import KernelLoops, collapsed, loops_of
from jax_embedded.llvm.kernel_text import canonical_kernel, clean_kernel
from jax_embedded.llvm.math import elementary_functions, rename_math

_ANGLES = frozenset(("sin", "cos", "tan"))  # begin alike
# A loop of several kernels is no function that others call too, and LLVM takes more than twice the
# time for a function of twice the size: kernels in a program of more than so many, and those of
# which all copies have more lines than so many, stay by themselves.
MOST_KERNELS = 300
MOST_LINES = 1000


@dataclass(frozen=True)
class _Array:
    """Of a kernel. in_order: whether each iteration is at the next element."""

    where: Slice
    in_order: bool
    is_written: bool


def with_joined_loops(program: Program, *, vectors: bool, size: bool = False) -> Program:
    """The same program, in which kernels that go through the same elements are one loop.

    vectors: whether it will be a loop of vectors. size: whether short code is preferred.
    """
    return _Joiner(program, vectors, size).joined()


class _Joiner:
    def __init__(self, program: Program, vectors: bool, size: bool):
        self.program = program
        self.vectors, self.size = vectors, size
        self.numbers = count(1)
        self.loops: dict[str, KernelLoops | None] = {}
        self.functions: dict[str, set[str]] = {}  # elementary ones, that a kernel calls
        self.codes: dict[str, str] = {}
        self.copies = Counter(self._code(thunk.kernel) for thunk in program.kernel_thunks())

    def joined(self) -> Program:
        if self.copies.total() > MOST_KERNELS:
            return self.program
        return replace(self.program, thunks=self._sequence(self.program.thunks))

    def _sequence(self, thunks: tuple[Thunk, ...]) -> tuple[Thunk, ...]:
        found: list[Thunk] = []
        for group in self._groups(thunks):
            if len(group) == 1:
                found.append(self._inside(group[0]))
                continue
            number = next(self.numbers)
            loops = [kernel for thunk in group if (kernel := self._loops(thunk))]
            in_line = [all(of_all) for of_all in zip(*(one.in_line for one in loops), strict=True)]
            extents = collapsed(loops[0].extents, in_line, size=self.size)
            x, y, z = (*reversed(extents), 1, 1)[:3]
            for thunk in group:
                assert isinstance(thunk, KernelThunk)
                found.append(replace(thunk, workgroups=(x, y, z), loop=number))
        return tuple(found)

    def _groups(self, thunks: tuple[Thunk, ...]) -> Iterator[list[Thunk]]:
        group: list[Thunk] = []
        for thunk in thunks:
            if group and not self._joins(group, thunk):
                yield group
                group = []
            group.append(thunk)
        if group:
            yield group

    def _inside(self, thunk: Thunk) -> Thunk:
        if isinstance(thunk, CallThunk):
            return replace(thunk, thunks=self._sequence(thunk.thunks))
        if isinstance(thunk, WhileThunk):
            return replace(
                thunk,
                condition=self._sequence(thunk.condition),
                body=self._sequence(thunk.body),
            )
        if isinstance(thunk, ConditionalThunk):
            return replace(thunk, branches=tuple(map(self._sequence, thunk.branches)))
        return thunk

    def _loops(self, thunk: Thunk) -> KernelLoops | None:
        if not isinstance(thunk, KernelThunk) or thunk.workgroups != (1, 1, 1):
            return None
        if thunk.kernel not in self.loops:
            code = self._code(thunk.kernel)
            is_short = self.copies[code] * code.count("\n") <= MOST_LINES
            cleaned = self._cleaned(thunk.kernel)
            self.loops[thunk.kernel] = loops_of(cleaned) if is_short else None
            self.functions[thunk.kernel] = elementary_functions(rename_math(cleaned)[1])
        loops = self.loops[thunk.kernel]
        arrays = len(thunk.arguments) + len(thunk.results)
        return loops if loops and len(loops.places) == arrays else None

    def _cleaned(self, kernel: str) -> str:
        return clean_kernel(self.program.kernels[kernel], keep_noalias=True, contract=False)

    def _code(self, kernel: str) -> str:
        if kernel not in self.codes:
            self.codes[kernel] = canonical_kernel(self._cleaned(kernel))
        return self.codes[kernel]

    def _joins(self, group: list[Thunk], thunk: Thunk) -> bool:
        """Whether it has something to do with the kernels, in the same order."""
        kernels = [one for one in [*group, thunk] if isinstance(one, KernelThunk)]
        loops = [self._loops(kernel) for kernel in kernels]
        extents = {found.extents if found else None for found in loops}
        if len(kernels) <= len(group) or len(extents) > 1 or None in extents:
            return False
        functions = set[str]().union(*(self.functions[kernel.kernel] for kernel in kernels))
        # The constants of more than one do not stay in the registers of vectors.
        if self.vectors and len(functions) > 1 and not functions <= _ANGLES:
            return False
        *others, last = kernels
        shares = False
        for other in others:
            for one, two in product(self._arrays(other), self._arrays(last)):
                if not one.where.overlaps(two.where):
                    continue
                both = one.in_order and two.in_order and one.where.has_bytes_of(two.where)
                if (one.is_written or two.is_written) and not both:
                    return False
                shares = shares or both
        return shares

    def _arrays(self, thunk: KernelThunk) -> list["_Array"]:
        loops = self._loops(thunk)
        assert loops
        slices = thunk.arguments + thunk.results
        return [
            _Array(where, loops.in_order(n), n >= len(thunk.arguments))
            for n, where in enumerate(slices)
        ]
