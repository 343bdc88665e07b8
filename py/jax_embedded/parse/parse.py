# SPDX-License-Identifier: Apache-2.0
"""Reads XLA's thunk sequence and buffer assignment into a Program."""

import re
from typing import Any

from jax_embedded.errors import ExportError, InternalError
from jax_embedded.ir.dump import Dump, root_order
from jax_embedded.ir.program import (
    Allocation,
    CallThunk,
    ConditionalThunk,
    CopyThunk,
    DotAxis,
    DotThunk,
    KernelThunk,
    Origin,
    Program,
    Slice,
    Thunk,
    WhileThunk,
    steps_of,
)
from jax_embedded.parse.hlo import Hlo, is_row_major
from jax_embedded.schema import EXECUTABLE, Schema
from jax_embedded.shape import Shape

_LARGEST_ALLOCATION = 1 << 31  # bytes; more than any target has


def parse(dump: Dump, name: str) -> Program:
    """name: of the C function.

    Errors: ExportError for an operation that is not supported, InternalError for a dump that does
    not hold together.
    """
    executable = Schema(dump.schema).decode(EXECUTABLE, dump.executable)
    try:
        return _Parser(dump, executable, name).program()
    except (LookupError, ValueError, OverflowError, MemoryError, RecursionError) as error:
        what = f"{type(error).__name__} {error}".strip()
        raise InternalError(
            f"executable: expected one that holds together, found {what}"
        ) from error


class _Parser:
    def __init__(self, dump: Dump, executable: Any, name: str):
        self.dump = dump
        self.executable = executable
        self.name = name
        self.hlo = Hlo(executable.hlo_module.hlo_module)
        # Logical buffer -> the instruction's id and the shape index of the value.
        self.defined_at = {
            b.id: (b.defined_at.instruction_id, tuple(b.defined_at.shape_index))
            for b in executable.buffer_assignment.logical_buffers
        }
        self.slices = self._slices_by_definition()
        self.unused_kernels: set[str] = set()  # of conditions that a trip count replaces

    def program(self) -> Program:
        result_slices = self._result_slices()
        program = Program(
            name=self.name,
            parameters=self.dump.parameters,
            results=self.dump.results,
            result_slices=result_slices,
            allocations=self._allocations(result_slices),
            thunks=self._thunks(self.executable.thunk_sequence),
            kernels=_kernels(self.dump),
        )
        used = {step.kernel for step in program.kernel_thunks()} | self.unused_kernels
        unused = program.kernels.keys() - used
        if unused:
            raise InternalError(
                f"kernels: expected a thunk for each, found none for {sorted(unused)}"
            )
        return program

    def _slices_by_definition(self) -> dict[tuple[int, tuple[int, ...]], tuple[int, int, int]]:
        """(instruction id, shape index) of a value -> allocation, offset, size."""
        return {
            self.defined_at[assigned.logical_buffer_id]: (a.index, assigned.offset, assigned.size)
            for a in self.executable.buffer_assignment.buffer_allocations
            for assigned in a.assigned
            if assigned.logical_buffer_id in self.defined_at
        }

    def _result_slices(self) -> tuple[Slice, ...]:
        root = self.hlo.entry_root
        if self.hlo.type_name(root.shape) == "TUPLE":
            places = [((i,), shape) for i, shape in enumerate(root.shape.tuple_shapes)]
        else:
            places = [((), root.shape)]
        if len(places) != len(self.dump.results):
            raise InternalError(
                f"results: expected {len(self.dump.results)}, found {len(places)} in the HLO module"
            )
        slices: dict[int, Slice] = {}
        order = root_order(self.dump.donated, len(places))
        for result, (index, proto) in zip(order, places, strict=True):
            leaf = self.dump.results[result]
            if not is_row_major(proto):
                raise InternalError(f"{leaf.path}: expected a row-major layout, found another")
            for place in self.hlo.definitions(root, index):
                if place in self.slices:
                    allocation, offset, _ = self.slices[place]
                    slices[result] = Slice(allocation, offset, self.hlo.shape(proto, leaf.path))
                    break
            else:
                raise InternalError(f"{leaf.path}: expected a buffer, found none")
        return tuple(slices[result] for result in range(len(places)))

    def _allocations(self, result_slices: tuple[Slice, ...]) -> dict[int, Allocation]:
        results = [where.allocation for where in result_slices]
        allocations = {}
        for a in self.executable.buffer_assignment.buffer_allocations:
            # Thread-local: inside a kernel. Tuples: tables of the host's pointers.
            if a.is_thread_local or all(self.hlo.type_name(s) == "TUPLE" for s in a.assigned):
                continue
            if not 0 < a.size <= _LARGEST_ALLOCATION:
                raise InternalError(f"allocation %{a.index}: expected a size, found {a.size} bytes")
            if a.is_constant:
                data = self._constant(a)
                allocations[a.index] = Allocation(a.index, a.size, "constant", data=data)
            elif a.is_entry_computation_parameter:
                number = a.parameter_number
                if number >= len(self.dump.parameters):
                    raise InternalError(f"parameter {number}: expected an argument, found none")
                kind = "parameter"
                if number in self.dump.donated:
                    kind = "donated"
                    result = self.dump.donated[number]
                    if results[result] != a.index:
                        raise InternalError(
                            f"{self.dump.results[result].path}: expected the memory of"
                            f" {self.dump.parameters[number].path}, %{a.index},"
                            f" found {result_slices[result]}"
                        )
                allocations[a.index] = Allocation(a.index, a.size, kind, number)
            else:
                kind = "result" if a.index in results else "temp"
                allocations[a.index] = Allocation(a.index, a.size, kind)
        return allocations

    def _constant(self, allocation: Any) -> bytes:
        for assigned in allocation.assigned:
            defined_at = self.defined_at.get(assigned.logical_buffer_id)
            instruction = self.hlo.instructions.get(defined_at[0]) if defined_at else None
            if instruction is not None and instruction.opcode == "constant":
                return self.hlo.literal_bytes(instruction)
        raise InternalError(f"allocation %{allocation.index}: expected a literal, found none")

    def _thunks(self, sequence: Any) -> tuple[Thunk, ...]:
        return tuple(self._thunk(thunk) for thunk in sequence.thunks)

    def _thunk(self, thunk: Any) -> Thunk:
        origin = self.hlo.origin(thunk.info.op_name)
        kind = thunk.WhichOneof("impl")
        if kind == "kernel_thunk":
            return self._kernel(thunk.kernel_thunk, origin)
        if kind == "copy_thunk":
            return self._copy(thunk.copy_thunk, origin)
        if kind == "dot_thunk":
            return self._dot(thunk.dot_thunk, origin)
        if kind == "call_thunk":
            return CallThunk(origin, self._thunks(thunk.call_thunk.called_sequence))
        if kind == "while_thunk":
            return self._while(thunk.while_thunk, origin)
        if kind == "conditional_thunk":
            return self._conditional(thunk.conditional_thunk, origin)
        name = (kind or "nothing").removesuffix("_thunk").replace("_", "-")
        raise unsupported(origin, name)

    def _kernel(self, thunk: Any, origin: Origin) -> KernelThunk:
        return KernelThunk(
            origin,
            thunk.kernel_name,
            tuple(self._slice(b.slice, b.shape, origin) for b in thunk.arguments_buffers),
            tuple(self._slice(b.slice, b.shape, origin) for b in thunk.results_buffers),
            (thunk.num_workgroups.x, thunk.num_workgroups.y, thunk.num_workgroups.z),
        )

    def _copy(self, thunk: Any, origin: Origin) -> CopyThunk:
        source, destination = thunk.src_buffer_shape, thunk.dst_buffer_shape
        return CopyThunk(
            origin,
            self._slice(source.slice, source.shape, origin),
            self._slice(destination.slice, destination.shape, origin, physical=True),
            _strides(source.shape, destination.shape),
        )

    def _dot(self, thunk: Any, origin: Origin) -> DotThunk:
        buffers = (thunk.lhs_buffer_shape, thunk.rhs_buffer_shape, thunk.out_buffer_shape)
        lhs, rhs, out = (self._slice(b.slice, b.shape, origin) for b in buffers)
        dtypes = {lhs.shape.dtype, rhs.shape.dtype, out.shape.dtype}
        if len(dtypes) > 1 or "bool" in dtypes:
            raise unsupported(origin, f"dot of {lhs.shape} and {rhs.shape} to {out.shape}")
        outer, contracting = _dot_axes(thunk.dot_dimensions, *(b.shape for b in buffers))
        return DotThunk(origin, lhs, rhs, out, outer, contracting)

    def _while(self, thunk: Any, origin: Origin) -> WhileThunk:
        body = self._thunks(thunk.body_sequence)
        condition = self._thunks(thunk.cond_sequence)
        if thunk.trip_count.contains_value:
            steps = steps_of(condition)
            self.unused_kernels |= {s.kernel for s in steps if isinstance(s, KernelThunk)}
            return WhileThunk(origin, None, (), body, thunk.trip_count.value)
        predicate = self._scalar(thunk.cond_buffer, "bool", origin)
        return WhileThunk(origin, predicate, condition, body)

    def _conditional(self, thunk: Any, origin: Origin) -> ConditionalThunk:
        buffer = thunk.branch_index_buffer
        index = self._scalar(buffer, "bool" if buffer.size == 1 else "i32", origin)
        branches = tuple(self._thunks(branch) for branch in thunk.branch_sequences)
        if not branches:
            raise InternalError(f"{origin.instruction}: expected branches, found none")
        return ConditionalThunk(origin, index, branches)

    def _scalar(self, proto: Any, dtype: str, origin: Origin) -> Slice:
        where = Slice(proto.buffer_allocation_index, proto.offset, Shape(dtype))
        if where.shape.nbytes != proto.size:
            raise InternalError(
                f"{origin.instruction}: expected {where.shape}, found {proto.size} bytes"
            )
        return where

    def _slice(self, proto: Any, shape: Any, origin: Origin, *, physical: bool = False) -> Slice:
        """physical: the dimensions in the order of memory, outermost first."""
        found = self.hlo.shape(shape, origin.instruction)
        if physical:
            order = reversed(shape.layout.minor_to_major)
            found = Shape(found.dtype, tuple(found.dims[d] for d in order))
        if found.nbytes != proto.size:
            raise InternalError(
                f"{origin.instruction}: {found}: expected {found.nbytes} bytes, found {proto.size}"
            )
        return Slice(proto.buffer_allocation_index, proto.offset, found)


def unsupported(origin: Origin, kind: str) -> ExportError:
    return ExportError(
        "unsupported-operation",
        f"{origin}: expected an operation that XLA compiles to a kernel,"
        f" found a thunk of kind {kind}",
        f"write {origin.operation} with other jax.numpy operations",
    )


def _strides(source: Any, destination: Any) -> tuple[int, ...]:
    order = list(destination.layout.minor_to_major)
    if list(source.layout.minor_to_major) == order:
        return ()
    source_step = _steps(source)
    return tuple(source_step[dimension] for dimension in reversed(order))


def _steps(shape: Any) -> dict[int, int]:
    """Dimension -> by how many elements the next one along it lies further on."""
    step = 1
    steps = {}
    for dimension in shape.layout.minor_to_major:
        steps[dimension] = step
        step *= shape.dimensions[dimension]
    return steps


def _dot_axes(
    numbers: Any, lhs: Any, rhs: Any, out: Any
) -> tuple[tuple[DotAxis, ...], tuple[DotAxis, ...]]:
    """Source: StableHLO's dot_general: the dimensions of out are the batch dimensions, then what
    is left of lhs, then what is left of rhs.
    """
    lhs_steps, rhs_steps, out_steps = _steps(lhs), _steps(rhs), _steps(out)
    batch = list(zip(numbers.lhs_batch_dimensions, numbers.rhs_batch_dimensions, strict=True))
    contracted = zip(
        numbers.lhs_contracting_dimensions, numbers.rhs_contracting_dimensions, strict=True
    )
    contracting = list(contracted)
    lhs_used = {x for x, _ in batch + contracting}
    rhs_used = {y for _, y in batch + contracting}
    outer = [(lhs.dimensions[x], lhs_steps[x], rhs_steps[y]) for x, y in batch]
    outer += [(n, lhs_steps[x], 0) for x, n in enumerate(lhs.dimensions) if x not in lhs_used]
    outer += [(n, 0, rhs_steps[y]) for y, n in enumerate(rhs.dimensions) if y not in rhs_used]
    axes = [DotAxis(*axis, out_steps[number]) for number, axis in enumerate(outer)]
    return tuple(axes), tuple(
        DotAxis(lhs.dimensions[x], lhs_steps[x], rhs_steps[y], 0) for x, y in contracting
    )


def _kernels(dump: Dump) -> dict[str, str]:
    kernels = {}
    for module, text in dump.kernels.items():
        names = re.findall(r'^define ptr @("[^"]+"|[^\s(]+)\(', text, re.MULTILINE)
        if not names:
            raise InternalError(f"{module}.ll: expected one kernel or more, found none")
        for name in (quoted.strip('"') for quoted in names):
            if name in kernels:
                raise InternalError(f"{module}.ll: expected other kernels, found {name} again")
            kernels[name] = text
    return kernels
