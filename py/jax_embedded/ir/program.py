# SPDX-License-Identifier: Apache-2.0
"""Program: XLA's schedule and buffer assignment of one function, independent of the target.

XLA's words: an *allocation* is a piece of memory, a *slice* a part of one, a *kernel* a function in
LLVM IR, a *thunk* one step of the schedule. Thunks run in order.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from jax_embedded.errors import InternalError
from jax_embedded.ir.dump import Leaf
from jax_embedded.shape import Shape


@dataclass(frozen=True)
class Allocation:
    """A buffer allocation.

    index: XLA's number of it.
    size: bytes.
    kind: "parameter" (the caller's, read only), "constant" (read only), "result" (the caller's),
        "donated" (the caller's, a parameter and in the end a result) or "temp" (ours, undefined
        before the first write).
    parameter: for a parameter or a donated one, its place in Program.parameters.
    data: for a constant, its bytes, little endian.
    """

    index: int
    size: int
    kind: str
    parameter: int | None = None
    data: bytes | None = None


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
    """

    origin: Origin
    kernel: str
    arguments: tuple[Slice, ...]
    results: tuple[Slice, ...]
    workgroups: tuple[int, int, int] = (1, 1, 1)

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
    """One index of a dot: its extent, and by how many elements each array goes on with it."""

    extent: int
    lhs: int
    rhs: int
    out: int


@dataclass(frozen=True)
class DotThunk:
    """out = the sum of lhs * rhs over the contracting axes, for each index of the others.

    outer: batch axes, those of lhs alone and those of rhs alone, in the order of `out`.
    contracting: axes that out does not have.
    """

    origin: Origin
    lhs: Slice
    rhs: Slice
    out: Slice
    outer: tuple[DotAxis, ...]
    contracting: tuple[DotAxis, ...]


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


Thunk = KernelThunk | CopyThunk | DotThunk | CallThunk | WhileThunk | ConditionalThunk

# What reads and writes memory at one time: of a loop or a conditional, the test.
Step = KernelThunk | CopyThunk | DotThunk | WhileThunk | ConditionalThunk


@dataclass(frozen=True)
class Program:
    """One function, ready to be linked.

    name: of the C function.
    parameters, results: in the order of the C function.
    result_slices: where each result lies.
    allocations: by index.
    thunks: the schedule.
    kernels: LLVM IR by the name of the kernel's function.
    """

    name: str
    parameters: tuple[Leaf, ...]
    results: tuple[Leaf, ...]
    result_slices: tuple[Slice, ...]
    allocations: Mapping[int, Allocation]
    thunks: tuple[Thunk, ...]
    kernels: Mapping[str, str] = field(default_factory=dict)

    def steps(self) -> Iterator[Step]:
        """All steps in the order of the program text: a loop's condition, its test, its body."""
        return steps_of(self.thunks)

    def kernel_thunks(self) -> Iterator[KernelThunk]:
        """The steps that call a kernel."""
        return (step for step in self.steps() if isinstance(step, KernelThunk))

    def verify(self) -> None:
        """Errors: InternalError for the first invariant that does not hold."""
        _Verifier(self).run()

    def __str__(self) -> str:
        lines = [f"program {self.name}"]
        for index, leaf in enumerate(self.parameters):
            lines.append(f"  parameter {index} {leaf.name}: {leaf.shape}  // {leaf.path}")
        for leaf, where in zip(self.results, self.result_slices, strict=True):
            lines.append(f"  result {leaf.name}: {where}  // {leaf.path}")
        for a in sorted(self.allocations.values(), key=lambda a: a.index):
            detail = "" if a.parameter is None else f" {a.parameter}"
            if a.data is not None:
                detail = f" 0x{a.data[:16].hex()}" + ("..." if len(a.data) > 16 else "")
            lines.append(f"  allocation %{a.index} {a.size} bytes {a.kind}{detail}")
        lines += _lines(self.thunks, "  ")
        return "\n".join(lines) + "\n"


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


def reads_and_writes(step: Step) -> tuple[tuple[Slice, ...], tuple[Slice, ...]]:
    """What a step reads and what it writes."""
    if isinstance(step, KernelThunk):
        return step.arguments, step.results
    if isinstance(step, CopyThunk):
        return (step.source,), (step.destination,)
    if isinstance(step, DotThunk):
        return (step.lhs, step.rhs), (step.out,)
    if isinstance(step, ConditionalThunk):
        return (step.index,), ()
    return (step.predicate,) if step.predicate else (), ()


def _lines(thunks: tuple[Thunk, ...], indent: str) -> list[str]:
    lines = []
    for thunk in thunks:
        lines.append(f"{indent}{_head(thunk)}  // {_comment(thunk.origin)}")
        inner = indent + "  "
        if isinstance(thunk, CallThunk):
            lines += _lines(thunk.thunks, inner)
            continue
        reads, writes = reads_and_writes(thunk)
        lines += [f"{inner}reads  {s}" for s in reads]
        lines += [f"{inner}writes {s}" for s in writes]
        if isinstance(thunk, WhileThunk):
            if thunk.condition:
                lines += [f"{inner}condition", *_lines(thunk.condition, inner + "  ")]
            lines += [f"{inner}body", *_lines(thunk.body, inner + "  ")]
        if isinstance(thunk, ConditionalThunk):
            for number, branch in enumerate(thunk.branches):
                lines += [f"{inner}branch {number}", *_lines(branch, inner + "  ")]
    return lines


def _head(thunk: Thunk) -> str:
    if isinstance(thunk, KernelThunk):
        groups = thunk.workgroups
        return f"kernel {thunk.kernel}" + (f" x{groups}" if groups != (1, 1, 1) else "")
    if isinstance(thunk, CopyThunk):
        return "copy" + (f" strides {thunk.strides}" if thunk.strides else "")
    if isinstance(thunk, DotThunk):
        extents = (
            "x".join(str(a.extent) for a in axes) for axes in (thunk.outer, thunk.contracting)
        )
        return "dot {} over {}".format(*(text or "1" for text in extents))
    if isinstance(thunk, WhileThunk):
        return "while" if thunk.trip_count is None else f"while {thunk.trip_count} times"
    return "conditional" if isinstance(thunk, ConditionalThunk) else "call"


def _comment(origin: Origin) -> str:
    return " ".join(filter(None, [origin.operation, origin.location]))


class _Verifier:
    def __init__(self, program: Program):
        self.program = program
        # One byte for each byte of an allocation: whether it has been written.
        self.written = {
            a.index: bytearray(a.size if a.kind in ("result", "temp") else b"\1" * a.size)
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
                before = self._snapshot()
                self._check_thunks(thunk.body)
                if not thunk.trip_count:  # it may not run at all
                    self.written = before
            elif isinstance(thunk, ConditionalThunk):
                self._check_step(thunk)
                self._check_branches(thunk)
            else:
                self._check_step(thunk)

    def _check_branches(self, thunk: ConditionalThunk) -> None:
        before = self._snapshot()
        outcomes = []
        for branch in thunk.branches:
            self.written = before
            before = self._snapshot()
            self._check_thunks(branch)
            outcomes.append(self.written)
        self.written = {
            index: bytearray(map(min, *(o[index] for o in outcomes)) if len(outcomes) > 1 else data)
            for index, data in outcomes[0].items()
        }

    def _snapshot(self) -> dict[int, bytearray]:
        return {index: bytearray(data) for index, data in self.written.items()}

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
            if 0 in self.written[where.allocation][where.offset : where.end]:
                self._fail(f"{owner}: expected to read what was written before, found {where}")
        for where in writes:
            kind = self.program.allocations[where.allocation].kind
            if kind in ("parameter", "constant"):
                self._fail(
                    f"{owner}: expected to write a temp or a result, found a {kind}: {where}"
                )
            self.written[where.allocation][where.offset : where.end] = b"\1" * where.shape.nbytes
        if isinstance(step, CopyThunk):
            self._check_copy(step)
        if isinstance(step, DotThunk):
            self._check_dot(step)
        if isinstance(step, KernelThunk) and step.kernel not in self.program.kernels:
            self._fail(f"{owner}: expected a kernel {step.kernel}, found none")

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

    def _check_dot(self, step: DotThunk) -> None:
        axes = step.outer + step.contracting
        for role, where in (("lhs", step.lhs), ("rhs", step.rhs), ("out", step.out)):
            strides = [getattr(axis, role) for axis in axes]
            reach = sum((a.extent - 1) * s for a, s in zip(axes, strides, strict=True))
            if min(strides, default=0) < 0 or not 0 <= reach < where.shape.elements:
                self._fail(f"{step.origin.instruction}: expected strides within {role}, {where}")
            if role != "out" and where.overlaps(step.out):
                self._fail(f"{step.origin.instruction}: expected {role} apart from out, {where}")
        if {step.lhs.shape.dtype, step.rhs.shape.dtype} != {step.out.shape.dtype}:
            self._fail(f"{step.origin.instruction}: expected one dtype, found {step.out}")

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
            if 0 in self.written[where.allocation]:
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
