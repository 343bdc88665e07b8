# SPDX-License-Identifier: Apache-2.0
"""Reads XLA's thunk sequence and buffer assignment into a Program."""

import re
from typing import Any

from jax_embedded.errors import ExportError, InternalError
from jax_embedded.ir.dump import Dump
from jax_embedded.ir.program import (
    Allocation,
    CallThunk,
    CopyThunk,
    KernelThunk,
    Origin,
    Program,
    Slice,
    Thunk,
)
from jax_embedded.parse.hlo import Hlo, is_row_major
from jax_embedded.schema import EXECUTABLE, Schema
from jax_embedded.shape import Shape


def parse(dump: Dump, name: str) -> Program:
    """name: of the C function.

    Errors: ExportError for an operation that is not supported, InternalError for a dump that does
    not hold together.
    """
    executable = Schema(dump.schema).decode(EXECUTABLE, dump.executable)
    return _Parser(dump, executable, name).program()


class _Parser:
    def __init__(self, dump: Dump, executable: Any, name: str):
        self.dump = dump
        self.executable = executable
        self.name = name
        self.hlo = Hlo(executable.hlo_module.hlo_module)
        self.slices = self._slices_by_definition()

    def program(self) -> Program:
        result_slices = self._result_slices()
        program = Program(
            name=self.name,
            parameters=self.dump.parameters,
            results=self.dump.results,
            result_slices=result_slices,
            allocations=self._allocations({s.allocation for s in result_slices}),
            thunks=self._thunks(self.executable.thunk_sequence),
            kernels=_kernels(self.dump),
        )
        used = {step.kernel for step in program.steps() if isinstance(step, KernelThunk)}
        unused = program.kernels.keys() - used
        if unused:
            raise InternalError(
                f"kernels: expected a thunk for each, found none for {sorted(unused)}"
            )
        return program

    def _slices_by_definition(self) -> dict[tuple[int, tuple[int, ...]], tuple[int, int, int]]:
        """(instruction id, shape index) of a value -> allocation, offset, size."""
        assignment = self.executable.buffer_assignment
        defined_at = {
            b.id: (b.defined_at.instruction_id, tuple(b.defined_at.shape_index))
            for b in assignment.logical_buffers
        }
        return {
            defined_at[assigned.logical_buffer_id]: (a.index, assigned.offset, assigned.size)
            for a in assignment.buffer_allocations
            for assigned in a.assigned
            if assigned.logical_buffer_id in defined_at
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
        slices = []
        for (index, proto), leaf in zip(places, self.dump.results, strict=True):
            if not is_row_major(proto):
                raise InternalError(f"{leaf.path}: expected a row-major layout, found another")
            for place in self.hlo.definitions(root, index):
                if place in self.slices:
                    allocation, offset, _ = self.slices[place]
                    slices.append(Slice(allocation, offset, self.hlo.shape(proto, leaf.path)))
                    break
            else:
                raise InternalError(f"{leaf.path}: expected a buffer, found none")
        return tuple(slices)

    def _allocations(self, results: set[int]) -> dict[int, Allocation]:
        allocations = {}
        for a in self.executable.buffer_assignment.buffer_allocations:
            # Thread-local: inside a kernel. Tuples: tables of the host's pointers.
            if a.is_thread_local or (a.is_tuple and not a.is_entry_computation_parameter):
                continue
            if a.is_constant:
                data = self._constant(a)
                allocations[a.index] = Allocation(a.index, a.size, "constant", data=data)
            elif a.is_entry_computation_parameter:
                number = a.parameter_number
                if number >= len(self.dump.parameters):
                    raise InternalError(f"parameter {number}: expected an argument, found none")
                allocations[a.index] = Allocation(a.index, a.size, "parameter", number)
            else:
                kind = "result" if a.index in results else "temp"
                allocations[a.index] = Allocation(a.index, a.size, kind)
        return allocations

    def _constant(self, allocation: Any) -> bytes:
        wanted = {assigned.logical_buffer_id for assigned in allocation.assigned}
        for b in self.executable.buffer_assignment.logical_buffers:
            instruction = self.hlo.instructions.get(b.defined_at.instruction_id)
            if b.id in wanted and instruction is not None and instruction.opcode == "constant":
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
        if kind == "call_thunk":
            return CallThunk(origin, self._thunks(thunk.call_thunk.called_sequence))
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
    at = f" at {origin.location}" if origin.location else ""
    return ExportError(
        "unsupported-operation",
        f"{origin.operation}{at}: expected an operation that XLA compiles to a kernel,"
        f" found a thunk of kind {kind}",
        f"write {origin.operation} with other jax.numpy operations",
    )


def _strides(source: Any, destination: Any) -> tuple[int, ...]:
    order = list(destination.layout.minor_to_major)
    if list(source.layout.minor_to_major) == order:
        return ()
    step = 1
    source_step = {}
    for dimension in source.layout.minor_to_major:
        source_step[dimension] = step
        step *= source.dimensions[dimension]
    return tuple(source_step[dimension] for dimension in reversed(order))


def _kernels(dump: Dump) -> dict[str, str]:
    kernels = {}
    for module, text in dump.kernels.items():
        names = re.findall(r'^define ptr @("[^"]+"|[^\s(]+)\(', text, re.MULTILINE)
        if not names:
            raise InternalError(f"{module}.ll: expected one kernel or more, found none")
        for name in names:
            kernels[name.strip('"')] = text
    return kernels
