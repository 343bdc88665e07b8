# SPDX-License-Identifier: Apache-2.0
"""Thunks: the steps of XLA's schedule.

XLA's words: a *slice* is a part of a buffer allocation, a *kernel* a function in LLVM IR, a *thunk*
one step of the schedule. Thunks run in order.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, TypeVar

from jax_embedded.ir.elementwise import Elementwise, Operation
from jax_embedded.shape import Shape


@dataclass(frozen=True)
class Slice:
    """The bytes of an array: `shape.nbytes` of them at `offset` in an allocation, row-major."""

    allocation: int
    offset: int
    shape: Shape

    @property
    def end(self) -> int:
        return self.offset + self.shape.nbytes

    def overlaps(self, other: "Slice") -> bool:
        same = self.allocation == other.allocation
        return same and self.offset < other.end and other.offset < self.end

    def has_bytes_of(self, other: "Slice") -> bool:
        """Whether both are the same bytes, whatever the shapes."""
        return self.overlaps(other) and (self.offset, self.end) == (other.offset, other.end)

    def __str__(self) -> str:
        return f"%{self.allocation}[{self.offset}:{self.end}] {self.shape}"


@dataclass(frozen=True)
class Origin:
    """Where a thunk comes from, for messages.

    instruction: the HLO instruction.
    operation: JAX's name of the operation, such as "sort"; the HLO opcode if JAX gave none.
    location: the user's "file:line"; empty if unknown.
    """

    instruction: str
    operation: str
    location: str = ""

    def __str__(self) -> str:
        return self.operation + (f" at {self.location}" if self.location else "")


@dataclass(frozen=True)
class KernelThunk:
    """Calls a kernel once for every workgroup, x fastest.

    arguments: what it reads. results: what it writes; one that overlaps an argument is updated in
        place.
    workgroups: how many there are along x, y and z.
    elementwise: what it computes of its arguments, if it is known. dot: the same.
    loop: kernels in a row with the same number, unless it is 0, are called by turns: all of them
        for one workgroup, before any is for the next. Each computes the element that is there.
    """

    origin: Origin
    kernel: str
    arguments: tuple[Slice, ...]
    results: tuple[Slice, ...]
    workgroups: tuple[int, int, int] = (1, 1, 1)
    elementwise: Elementwise | None = None
    dot: "ElementwiseDot | None" = None
    loop: int = 0

    @property
    def in_place(self) -> bool:
        """Whether memory it writes is also reached through another of its slices."""
        return any(
            result.overlaps(other)
            for index, result in enumerate(self.results)
            for other in self.arguments + self.results[:index]
        )


@dataclass(frozen=True)
class CopyThunk:
    """Copies an array, element by element in the order of the destination.

    strides: the step in the source, in elements, for each dimension of `destination`; empty if the
        layouts are equal.
    """

    origin: Origin
    source: Slice
    destination: Slice
    strides: tuple[int, ...] = ()


@dataclass(frozen=True)
class DotAxis:
    """One index of a dot: its extent, and by how many elements each array goes on with it.

    inputs: of the epilogue.
    """

    extent: int
    lhs: int
    rhs: int
    out: int
    inputs: tuple[int, ...] = ()


@dataclass(frozen=True)
class DotThunk:
    """out = the sum of lhs * rhs over the contracting axes, for each index of the others.

    outer: batch axes, those of lhs alone and those of rhs alone, in the order of `out`.
    contracting: axes that out does not have.
    epilogue: what becomes of the sum; nothing more if empty. Values are numbered: the sum, the
        inputs, then these. The last one is out's.
    inputs: other arrays that the epilogue reads.
    sequential: whether XLA:CPU adds the products up one after the other.
    normal: of lhs and rhs, whether all elements are known to be normal numbers, and none is 0.
    """

    origin: Origin
    lhs: Slice
    rhs: Slice
    out: Slice
    outer: tuple[DotAxis, ...]
    contracting: tuple[DotAxis, ...]
    inputs: tuple[Slice, ...] = ()
    epilogue: tuple[Operation, ...] = ()
    sequential: bool = False
    normal: tuple[bool, bool] = (False, False)


@dataclass(frozen=True)
class ElementwiseDot:
    """A dot whose lhs is computed of some arguments of a kernel, element by element.

    arguments: their numbers. elementwise: what is computed of them.
    rhs: the number of the argument that is the other side.
    outer, contracting, epilogue: see DotThunk; it has no inputs.
    """

    arguments: tuple[int, ...]
    elementwise: Elementwise
    rhs: int
    outer: tuple[DotAxis, ...]
    contracting: tuple[DotAxis, ...]
    epilogue: tuple[Operation, ...]


Reduction = Literal["add", "maximum", "minimum"]


@dataclass(frozen=True)
class ReduceThunk:
    """out = all elements along the reduced axes as one, for each index of the others.

    Of f32. A maximum or a minimum is a NaN if one of the elements is.
    sources: one or two. What the prologue makes of an element of each of them is the element that
        is reduced: values are numbered, the sources first. Without a prologue it is the source's.
    outer, reduced: the axes out has, and those it does not have; lhs is for the first source, rhs
        for the second one, 0 if there is none.
    operation: how two elements become one.
    inputs, epilogue: see DotThunk.
    """

    origin: Origin
    sources: tuple[Slice, ...]
    out: Slice
    outer: tuple[DotAxis, ...]
    reduced: tuple[DotAxis, ...]
    operation: Reduction
    inputs: tuple[Slice, ...] = ()
    epilogue: tuple[Operation, ...] = ()
    prologue: tuple[Operation, ...] = ()


@dataclass(frozen=True)
class BakedDotThunk:
    """out = the sum of source * weights over the terms, for each result, by weights in the code.

    weights: elements of out's dtype, row-major: a row for each result, a column for each term.
    terms: where each of them lies in source, in elements.
    results: the same of each result, in out and in each of the inputs.
    inputs, epilogue, sequential: see DotThunk.
    constants: what the epilogue reads after the inputs, each with one element of out's dtype for
        each result.
    """

    origin: Origin
    source: Slice
    out: Slice
    weights: bytes
    terms: tuple[int, ...]
    results: tuple[tuple[int, ...], ...]
    inputs: tuple[Slice, ...] = ()
    constants: tuple[bytes, ...] = ()
    epilogue: tuple[Operation, ...] = ()
    sequential: bool = False


@dataclass(frozen=True)
class WindowAxis:
    """One spatial dimension of a convolution. Steps are in elements, as in DotAxis.

    At position o of the output and k of the kernel, the input is read at position
    (o * stride + k * dilation - padding) / base_dilation: where that is an integer from 0 to
    `input` - 1; elsewhere it is 0. reversed: the kernel is read from its end.
    """

    extent: int
    size: int
    input: int
    lhs: int
    rhs: int
    out: int
    stride: int = 1
    dilation: int = 1
    base_dilation: int = 1
    padding: int = 0
    reversed: bool = False
    inputs: tuple[int, ...] = ()


@dataclass(frozen=True)
class ConvolutionThunk:
    """out = the sum of lhs * rhs over the window and the contracting axes.

    outer: the batch, the feature groups, the output features of a group.
    contracting: the input features of a group.
    inputs, epilogue, normal: see DotThunk.
    """

    origin: Origin
    lhs: Slice
    rhs: Slice
    out: Slice
    outer: tuple[DotAxis, ...]
    contracting: tuple[DotAxis, ...]
    window: tuple[WindowAxis, ...]
    inputs: tuple[Slice, ...] = ()
    epilogue: tuple[Operation, ...] = ()
    normal: tuple[bool, bool] = (False, False)


@dataclass(frozen=True)
class SortThunk:
    """Sorts arrays in place along one of their dimensions, and keeps the order of equals.

    comparator: the function that tells of two places whether the first one goes before.
    operands: the arrays; they have the same dims, in the order of memory.
    dimension: of the dims.
    scratch: for each operand, `scratch_elements` of its dtype; none if that is 0.
    """

    origin: Origin
    comparator: str
    operands: tuple[Slice, ...]
    dimension: int
    scratch: tuple[Slice, ...] = ()

    @property
    def extent(self) -> int:
        """How many elements there are to a line."""
        return self.operands[0].shape.dims[self.dimension]

    @property
    def run(self) -> int:
        """Elements that are sorted by insertion; runs are then merged two by two."""
        run = self.extent
        while run > LONGEST_RUN:
            run = -(-run // 2)
        return run

    @property
    def scratch_elements(self) -> int:
        """The longest left one of two runs that are merged."""
        return _longest_left_run(self.extent, self.run)


LONGEST_RUN = 16


def _longest_left_run(extent: int, run: int) -> int:
    width = run
    while 2 * width < extent:
        width *= 2
    return width if width < extent else 0


@dataclass(frozen=True)
class TopKThunk:
    """The largest elements of each line, in XLA's total order, largest first, and their places.

    values: f32[lines,extent]. out: f32[lines,k]. indices: i32[lines,k].
    """

    origin: Origin
    values: Slice
    out: Slice
    indices: Slice


@dataclass(frozen=True)
class FftThunk:
    """The discrete Fourier transform of the last dimensions.

    kind: "fft", "ifft", "rfft" (of real numbers) or "irfft" (to real numbers).
    lengths: of the transform, for each of the last dimensions: those of the real numbers.
    scratch: of the complex dtype, what the emitter asked for; see `fft_scratch`.
    """

    origin: Origin
    source: Slice
    out: Slice
    kind: str
    lengths: tuple[int, ...]
    scratch: tuple[Slice, ...] = ()


def fft_scratch(kind: str, lengths: tuple[int, ...], source: Shape) -> tuple[int, ...]:
    """Complex elements of each piece of memory that the transform needs besides its result."""
    *_, last = lengths
    line = max(lengths)
    if kind in ("rfft", "irfft"):
        line = max((*lengths[:-1], last // 2 if last % 2 == 0 else last))
    lines = 2 if kind in ("rfft", "irfft") and last % 2 and last > 1 else 1
    whole = (source.elements,) if kind == "irfft" and len(lengths) > 1 else ()
    return (line,) * lines + whole


@dataclass(frozen=True)
class CallThunk:
    """Runs the thunks of a called computation."""

    origin: Origin
    thunks: "tuple[Thunk, ...]"


@dataclass(frozen=True)
class WhileThunk:
    """Runs `body` again and again.

    predicate: bool[], what `condition` writes: whether to go on. None if `trip_count` is known.
    condition: runs before every test; empty if `trip_count` is known.
    trip_count: how often `body` runs; None if that depends on values.
    """

    origin: Origin
    predicate: Slice | None
    condition: "tuple[Thunk, ...]"
    body: "tuple[Thunk, ...]"
    trip_count: int | None = None


@dataclass(frozen=True)
class ConditionalThunk:
    """Runs one of the branches.

    index: bool[], true for the first of two branches; or i32[], where what is out of range is the
        last.
    """

    origin: Origin
    index: Slice
    branches: "tuple[tuple[Thunk, ...], ...]"


# What is not a kernel of XLA's, but becomes a function of ours.
EmittedThunk = (
    DotThunk | ReduceThunk | BakedDotThunk | ConvolutionThunk | SortThunk | TopKThunk | FftThunk
)

# What reads and writes memory at one time: of a loop or a conditional, the test.
Step = KernelThunk | CopyThunk | EmittedThunk | WhileThunk | ConditionalThunk

Thunk = Step | CallThunk


def steps_of(thunks: tuple[Thunk, ...]) -> Iterator[Step]:
    """The steps of a sequence and of all that it contains."""
    for thunk in thunks:
        if isinstance(thunk, CallThunk):
            yield from steps_of(thunk.thunks)
        elif isinstance(thunk, WhileThunk):
            yield from steps_of(thunk.condition)
            yield thunk
            yield from steps_of(thunk.body)
        elif isinstance(thunk, ConditionalThunk):
            yield thunk
            for branch in thunk.branches:
                yield from steps_of(branch)
        else:
            yield thunk


def replace_steps(
    thunks: tuple[Thunk, ...], change: Callable[[Step], Step | None]
) -> tuple[Thunk, ...]:
    """The same sequence of other steps; they are visited in the order of `steps_of`.

    change: None for a step, other than a loop or a conditional, that is left out.
    """
    found: list[Thunk] = []
    for thunk in thunks:
        if isinstance(thunk, CallThunk):
            found.append(replace(thunk, thunks=replace_steps(thunk.thunks, change)))
        elif isinstance(thunk, WhileThunk):
            condition = replace_steps(thunk.condition, change)
            loop = change(thunk)
            assert loop
            body = replace_steps(thunk.body, change)
            found.append(replace(loop, condition=condition, body=body))
        elif isinstance(thunk, ConditionalThunk):
            conditional = change(thunk)
            assert conditional
            branches = tuple(replace_steps(branch, change) for branch in thunk.branches)
            found.append(replace(conditional, branches=branches))
        elif step := change(thunk):
            found.append(step)
    return tuple(found)


_Step = TypeVar("_Step", bound=Step)


def with_slices(step: _Step, change: Callable[[Slice], Slice]) -> _Step:
    """The same step in other memory."""
    changes: dict[str, Any] = {}
    for field in fields(step):
        value = getattr(step, field.name)
        if isinstance(value, Slice):
            changes[field.name] = change(value)
        elif isinstance(value, tuple) and all(isinstance(item, Slice) for item in value):
            changes[field.name] = tuple(map(change, value))
    return replace(step, **changes)


def without_places(step: _Step) -> _Step:
    """The same for all steps that do the same: without where their arrays lie and where they come
    from."""
    return replace(with_slices(step, lambda where: Slice(0, 0, where.shape)), origin=Origin("", ""))


def reads_and_writes(step: Step) -> tuple[tuple[Slice, ...], tuple[Slice, ...]]:
    """What a step reads and what it writes."""
    if isinstance(step, KernelThunk):
        return step.arguments, step.results
    if isinstance(step, CopyThunk):
        return (step.source,), (step.destination,)
    if isinstance(step, DotThunk | ConvolutionThunk):
        return (step.lhs, step.rhs, *step.inputs), (step.out,)
    if isinstance(step, ReduceThunk):
        return (*step.sources, *step.inputs), (step.out,)
    if isinstance(step, BakedDotThunk):
        return (step.source, *step.inputs), (step.out,)
    if isinstance(step, SortThunk):
        return step.operands, (*step.operands, *step.scratch)
    if isinstance(step, TopKThunk):
        return (step.values,), (step.out, step.indices)
    if isinstance(step, FftThunk):
        return (step.source,), (step.out, *step.scratch)
    if isinstance(step, ConditionalThunk):
        return (step.index,), ()
    return (step.predicate,) if step.predicate else (), ()


def must_follow(step: Thunk, other: Thunk) -> bool:
    """Whether a step that comes after another one may not come before it."""
    if isinstance(other, CallThunk | WhileThunk | ConditionalThunk):
        return True
    if isinstance(step, CallThunk | WhileThunk | ConditionalThunk):
        return True
    (reads, writes), (others_read, others_write) = reads_and_writes(step), reads_and_writes(other)
    return any(
        one.overlaps(two)
        for ours, theirs in ((reads + writes, others_write), (writes, others_read))
        for one in ours
        for two in theirs
    )


def kernels_of(step: Step) -> tuple[str, ...]:
    """The functions of XLA's that a step calls."""
    if isinstance(step, KernelThunk):
        return (step.kernel,)
    return (step.comparator,) if isinstance(step, SortThunk) else ()
