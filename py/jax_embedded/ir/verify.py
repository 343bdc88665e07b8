# SPDX-License-Identifier: Apache-2.0
"""What must be true of a Program."""

import functools
from collections.abc import Sequence

from jax_embedded.errors import InternalError
from jax_embedded.ir.elementwise import OPCODES, Operation
from jax_embedded.ir.program import Program
from jax_embedded.ir.thunks import (
    CallThunk,
    ConditionalThunk,
    ConvolutionThunk,
    CopyThunk,
    DotAxis,
    DotThunk,
    FftThunk,
    ReduceThunk,
    Slice,
    SortThunk,
    Step,
    Thunk,
    TopKThunk,
    WhileThunk,
    WindowAxis,
    fft_scratch,
    kernels_of,
    reads_and_writes,
)
from jax_embedded.shape import Shape


def verify(program: Program) -> None:
    """Errors: InternalError for the first invariant that does not hold."""
    _Verifier(program).run()


class _Verifier:
    def __init__(self, program: Program):
        self.program = program
        # Which bytes of an allocation have been written: ranges that do not touch, in order.
        self.written: dict[int, tuple[tuple[int, int], ...]] = {
            a.index: () if a.kind in ("result", "temp") else ((0, a.size),)
            for a in program.allocations.values()
        }

    def run(self) -> None:
        self._check_thunks(self.program.thunks)
        self._check_border()

    def _check_thunks(self, thunks: tuple[Thunk, ...]) -> None:
        for thunk in thunks:
            if isinstance(thunk, CallThunk):
                self._check_thunks(thunk.thunks)
            elif isinstance(thunk, WhileThunk):
                self._check_thunks(thunk.condition)
                self._check_step(thunk)
                before = dict(self.written)
                self._check_thunks(thunk.body)
                if not thunk.trip_count:  # it may not run at all
                    self.written = before
            elif isinstance(thunk, ConditionalThunk):
                self._check_step(thunk)
                self._check_branches(thunk)
            else:
                self._check_step(thunk)

    def _check_branches(self, thunk: ConditionalThunk) -> None:
        before = self.written
        outcomes = []
        for branch in thunk.branches:
            self.written = dict(before)
            self._check_thunks(branch)
            outcomes.append(self.written)
        self.written = {
            index: functools.reduce(_common, [outcome[index] for outcome in outcomes])
            for index in before
        }

    def _is_written(self, where: Slice) -> bool:
        ranges = self.written[where.allocation]
        within = (start <= where.offset and where.end <= end for start, end in ranges)
        return where.shape.nbytes == 0 or any(within)

    def _fail(self, what: str) -> None:
        details = tuple(str(self.program).splitlines())
        raise InternalError(f"program {self.program.name}: {what}", details)

    def _check_slice(self, where: Slice, owner: str) -> None:
        allocation = self.program.allocations.get(where.allocation)
        if allocation is None:
            self._fail(f"{owner}: expected a known allocation, found {where}")
        elif where.offset < 0 or where.end > allocation.size:
            self._fail(f"{owner}: expected a slice of {allocation.size} bytes, found {where}")

    def _check_step(self, step: Step) -> None:
        owner = step.origin.instruction
        reads, writes = reads_and_writes(step)
        for where in reads + writes:
            self._check_slice(where, owner)
        for where in reads:
            if not self._is_written(where):
                self._fail(f"{owner}: expected to read what was written before, found {where}")
        for where in writes:
            kind = self.program.allocations[where.allocation].kind
            if kind in ("parameter", "constant"):
                self._fail(
                    f"{owner}: expected to write a temp or a result, found a {kind}: {where}"
                )
            ranges = self.written[where.allocation]
            self.written[where.allocation] = _with(ranges, where.offset, where.end)
        if isinstance(step, CopyThunk):
            self._check_copy(step)
        if isinstance(step, DotThunk | ConvolutionThunk):
            self._check_sum_of_products(step)
        if isinstance(step, ReduceThunk):
            self._check_reduce(step)
        if isinstance(step, SortThunk):
            self._check_sort(step)
        if isinstance(step, TopKThunk):
            self._check_top_k(step)
        if isinstance(step, FftThunk):
            self._check_fft(step)
        for kernel in kernels_of(step):
            if kernel not in self.program.kernels:
                self._fail(f"{owner}: expected a kernel {kernel}, found none")

    def _check_copy(self, step: CopyThunk) -> None:
        source, destination = step.source.shape, step.destination.shape
        if (source.dtype, source.elements) != (destination.dtype, destination.elements):
            self._fail(f"{step.origin.instruction}: expected {source}, found {destination}")
        if step.strides and len(step.strides) != len(destination.dims):
            self._fail(
                f"{step.origin.instruction}: expected a stride for each of {destination.dims}"
            )
        reach = sum(
            (n - 1) * stride for n, stride in zip(destination.dims, step.strides, strict=False)
        )
        if not 0 <= reach < source.elements or min(step.strides, default=0) < 0:
            self._fail(f"{step.origin.instruction}: expected strides within {source}")

    def _check_sum_of_products(self, step: DotThunk | ConvolutionThunk) -> None:
        owner = step.origin.instruction
        window = step.window if isinstance(step, ConvolutionThunk) else ()
        axes = step.outer + step.contracting
        for axis in window:
            counts = (axis.extent, axis.size, axis.input, axis.stride, axis.dilation)
            if min(*counts, axis.base_dilation) < 1:
                self._fail(f"{owner}: expected a window of positive numbers, found {axis}")
        for role, where in (("lhs", step.lhs), ("rhs", step.rhs), ("out", step.out)):
            reach = [(axis.extent, getattr(axis, role)) for axis in axes]
            counts = {"lhs": "input", "rhs": "size", "out": "extent"}
            reach += [(getattr(axis, counts[role]), getattr(axis, role)) for axis in window]
            self._check_reach(reach, role, where, owner)
            if role != "out" and where.overlaps(step.out):
                self._fail(f"{owner}: expected {role} apart from out, {where}")
        if {where.shape.dtype for where in (step.lhs, step.rhs, *step.inputs)} != {
            step.out.shape.dtype
        }:
            self._fail(f"{owner}: expected one dtype, found {step.out}")
        self._check_epilogue(step, (*step.outer, *window), owner)

    def _check_reduce(self, step: ReduceThunk) -> None:
        owner = step.origin.instruction
        axes = step.outer + step.reduced
        if len(step.sources) not in (1, 2 if step.prologue else 1):
            self._fail(f"{owner}: expected one source, or two and a prologue")
        for source, side in zip(step.sources, ("lhs", "rhs"), strict=False):
            reach = [(axis.extent, getattr(axis, side)) for axis in axes]
            self._check_reach(reach, "source", source, owner)
            if source.overlaps(step.out):
                self._fail(f"{owner}: expected source apart from out, {source}")
            if {source.shape.dtype, step.out.shape.dtype} != {"f32"}:
                self._fail(f"{owner}: expected f32, found {source} and {step.out}")
        self._check_reach([(a.extent, a.out) for a in axes], "out", step.out, owner)
        self._check_operands(step.prologue, len(step.sources), owner)
        self._check_epilogue(step, step.outer, owner)

    def _check_reach(
        self, reach: list[tuple[int, int]], role: str, where: Slice, owner: str
    ) -> None:
        """reach: extents and steps, in elements."""
        if min((step for _, step in reach), default=0) < 0 or not (
            0 <= sum((n - 1) * step for n, step in reach) < where.shape.elements
        ):
            self._fail(f"{owner}: expected strides within {role}, {where}")

    def _check_epilogue(
        self,
        step: DotThunk | ConvolutionThunk | ReduceThunk,
        axes: Sequence[DotAxis | WindowAxis],
        owner: str,
    ) -> None:
        """axes: of out."""
        for number, where in enumerate(step.inputs):
            reach = sum((axis.extent - 1) * axis.inputs[number] for axis in axes)
            if not 0 <= reach < where.shape.elements:
                self._fail(f"{owner}: expected strides within an input, {where}")
            if where.overlaps(step.out):
                self._fail(f"{owner}: expected an input apart from out, {where}")
        self._check_operands(step.epilogue, 1 + len(step.inputs), owner)

    def _check_operands(self, operations: Sequence[Operation], first: int, owner: str) -> None:
        """first: how many values there are before these."""
        for number, operation in enumerate(operations, first):
            count = OPCODES.get(operation.opcode, 0)
            if len(operation.operands) != count or not all(
                0 <= operand < number for operand in operation.operands
            ):
                self._fail(f"{owner}: expected operands that are there, found {operation}")

    def _check_sort(self, step: SortThunk) -> None:
        owner = step.origin.instruction
        dims = {where.shape.dims for where in step.operands}
        if len(dims) != 1 or not 0 <= step.dimension < len(next(iter(dims))):
            self._fail(f"{owner}: expected arrays of the same dims with a dimension to sort along")
        self._check_apart(owner, step.operands + step.scratch)
        expected = [
            Shape(where.shape.dtype, (step.scratch_elements,))
            for where in step.operands
            if step.scratch_elements
        ]
        self._check_scratch(owner, expected, step.scratch)

    def _check_top_k(self, step: TopKThunk) -> None:
        owner = step.origin.instruction
        values, out, indices = (s.shape for s in (step.values, step.out, step.indices))
        if (values.dtype, out.dtype, indices.dtype) != ("f32", "f32", "i32"):
            self._fail(f"{owner}: expected f32 and their places, found {values}, {indices}")
        if out.dims != indices.dims or values.dims[:1] != out.dims[:1]:
            self._fail(f"{owner}: expected as many lines of {values}, found {out} and {indices}")
        if not 1 <= out.dims[1] <= values.dims[1]:
            self._fail(f"{owner}: expected 1 to {values.dims[1]} elements, found {out.dims[1]}")
        self._check_apart(owner, (step.values, step.out, step.indices))

    def _check_fft(self, step: FftThunk) -> None:
        owner = step.origin.instruction
        source, out = step.source.shape, step.out.shape
        rank = len(step.lengths)
        halved = (*step.lengths[:-1], step.lengths[-1] // 2 + 1)
        complex_type = out.dtype if step.kind != "irfft" else source.dtype
        real_type = {"c64": "f32", "c128": "f64"}.get(complex_type)
        ends = {
            "fft": (step.lengths, step.lengths),
            "ifft": (step.lengths, step.lengths),
            "rfft": (step.lengths, halved),
            "irfft": (halved, step.lengths),
        }[step.kind]
        dtypes = {"rfft": (real_type, complex_type), "irfft": (complex_type, real_type)}
        if (
            real_type is None
            or (source.dims[-rank:], out.dims[-rank:]) != ends
            or source.dims[:-rank] != out.dims[:-rank]
            or (source.dtype, out.dtype) != dtypes.get(step.kind, (complex_type, complex_type))
        ):
            self._fail(f"{owner}: expected the shapes of {step.kind} {step.lengths}, found {out}")
        self._check_apart(owner, (step.source, step.out, *step.scratch))
        sizes = fft_scratch(step.kind, step.lengths, source)
        self._check_scratch(owner, [Shape(complex_type, (n,)) for n in sizes], step.scratch)

    def _check_apart(self, owner: str, slices: tuple[Slice, ...]) -> None:
        for index, where in enumerate(slices):
            if any(where.overlaps(other) for other in slices[:index]):
                self._fail(f"{owner}: expected memory of its own, found {where}")

    def _check_scratch(self, owner: str, expected: list[Shape], found: tuple[Slice, ...]) -> None:
        if [where.shape for where in found] != expected:
            self._fail(f"{owner}: expected scratch {[str(shape) for shape in expected]}")

    def _check_border(self) -> None:
        program = self.program
        taken = set()
        for leaf, where in zip(program.results, program.result_slices, strict=True):
            self._check_slice(where, leaf.path)
            allocation = program.allocations[where.allocation]
            if allocation.kind not in ("result", "donated") or (where.offset, where.end) != (
                0,
                allocation.size,
            ):
                self._fail(f"{leaf.path}: expected a whole result allocation, found {where}")
            if where.allocation in taken:
                self._fail(f"{leaf.path}: expected an allocation of its own, found {where}")
            if where.shape != leaf.shape:
                self._fail(f"{leaf.path}: expected {leaf.shape}, found {where}")
            if not self._is_written(where):
                self._fail(f"{leaf.path}: expected that all of it is written, found {where}")
            taken.add(where.allocation)
        for a in program.allocations.values():
            if a.kind in ("result", "donated") and a.index not in taken:
                self._fail(f"allocation %{a.index}: expected to hold a result, found none")
            if a.kind in ("parameter", "donated"):
                leaf = program.parameters[a.parameter or 0]
                if leaf.shape.nbytes != a.size:
                    self._fail(f"{leaf.path}: expected {a.size} bytes, found {leaf.shape}")
            if a.kind == "constant" and len(a.data or b"") != a.size:
                self._fail(f"allocation %{a.index}: expected {a.size} bytes of data, found fewer")


def _with(ranges: tuple[tuple[int, int], ...], start: int, end: int) -> tuple[tuple[int, int], ...]:
    near = [(s, e) for s, e in ranges if s <= end and start <= e]
    apart = [one for one in ranges if one not in near]
    joined = min([start, *(s for s, _ in near)]), max([end, *(e for _, e in near)])
    return tuple(sorted([*apart, joined]))


def _common(
    some: tuple[tuple[int, int], ...], others: tuple[tuple[int, int], ...]
) -> tuple[tuple[int, int], ...]:
    both = ((max(s, t), min(e, f)) for s, e in some for t, f in others)
    return tuple((start, end) for start, end in both if start < end)
