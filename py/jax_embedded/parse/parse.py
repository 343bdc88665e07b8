# SPDX-License-Identifier: Apache-2.0
"""Reads XLA's thunk sequence and buffer assignment into a Program."""

import re
from dataclasses import replace
from typing import Any

from jax_embedded.errors import ExportError, InternalError
from jax_embedded.ir.dump import Dump, root_order
from jax_embedded.ir.elementwise import Operation
from jax_embedded.ir.program import Allocation, Program
from jax_embedded.ir.thunks import (
    CallThunk,
    ConditionalThunk,
    ConvolutionThunk,
    CopyThunk,
    DotThunk,
    FftThunk,
    KernelThunk,
    Origin,
    ReduceThunk,
    Slice,
    SortThunk,
    Thunk,
    TopKThunk,
    WhileThunk,
    fft_scratch,
    kernels_of,
    steps_of,
)
from jax_embedded.parse.alignment import with_aligned_memory
from jax_embedded.parse.axes import convolution_axes, copy_strides
from jax_embedded.parse.dots import Dot, Dots, Read
from jax_embedded.parse.elementwise import elementwise
from jax_embedded.parse.hlo import Hlo, is_row_major
from jax_embedded.parse.reductions import FoundReduction, elementwise_dot, reductions
from jax_embedded.schema import EXECUTABLE, Schema
from jax_embedded.shape import LARGEST, Shape

FFT_KINDS = ("fft", "ifft", "rfft", "irfft")  # by XLA's number
# What reading a damaged message comes to; AttributeError: its schema lacks a field.
_DAMAGE = (LookupError, ValueError, OverflowError, MemoryError, RecursionError, AttributeError)


def parse(dump: Dump, name: str) -> Program:
    """name: of the C function.

    Errors: ExportError for an operation that is not supported, InternalError for a dump that does
    not hold together.
    """
    executable = Schema(dump.schema).decode(EXECUTABLE, dump.executable)
    try:
        return _Parser(dump, executable, name).program()
    except _DAMAGE as error:
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
        self.reductions = reductions(self.hlo)
        self.dots = Dots(self.hlo, self._stays)
        self.totals: dict[FoundReduction, Slice] = {}  # where each is before it is copied
        self.slices = self._slices_by_definition()
        self.unused_kernels: set[str] = set()  # of conditions that a trip count replaces
        self.replaced_kernels: set[str] = set()  # of which the HLO says that they are dots
        self.temporaries: dict[int, Allocation] = {}  # that XLA does not know of
        allocations = executable.buffer_assignment.buffer_allocations
        self.next_allocation = max((a.index for a in allocations), default=-1) + 1

    def program(self) -> Program:
        result_slices = self._result_slices()
        thunks = self._thunks(self.executable.thunk_sequence)
        comparators = {step.comparator for step in steps_of(thunks) if isinstance(step, SortThunk)}
        used = {name for step in steps_of(thunks) for name in kernels_of(step)}
        program = Program(
            name=self.name,
            parameters=self.dump.parameters,
            results=self.dump.results,
            result_slices=result_slices,
            allocations=self._allocations(result_slices) | self.temporaries,
            thunks=thunks,
            kernels={
                name: text
                for name, text in _kernels(self.dump, comparators).items()
                if name in used or name not in self.replaced_kernels
            },
        )
        unused = program.kernels.keys() - used - self.unused_kernels
        if unused:
            raise InternalError(
                f"kernels: expected a thunk for each, found none for {sorted(unused)}"
            )
        return with_aligned_memory(program)

    def _stays(self, instruction: Any) -> bool:
        """Whether nothing ever writes where its result lies."""
        if instruction.opcode == "parameter":
            is_argument = instruction.id in self.hlo.entry_parameters
            return is_argument and instruction.parameter_number not in self.dump.donated
        return instruction.opcode == "constant"

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
            if a.size <= 0:
                raise InternalError(f"allocation %{a.index}: expected a size, found {a.size} bytes")
            if a.size > LARGEST:
                raise self._too_large(a)
            if a.is_constant:
                data = self._constant(a)
                allocations[a.index] = Allocation(a.index, a.size, "constant", data=data)
            elif a.is_entry_computation_parameter:
                number = a.parameter_number
                if not 0 <= number < len(self.dump.parameters):
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

    def _too_large(self, allocation: Any) -> ExportError:
        largest = max(allocation.assigned, key=lambda assigned: assigned.size)
        instruction, _ = self.defined_at[largest.logical_buffer_id]
        origin = self.hlo.origin(self.hlo.instructions[instruction].name)
        return ExportError(
            "too-large",
            f"{origin}: expected at most {LARGEST} bytes of memory, found {allocation.size}",
            f"compute {origin.operation} in parts, such as rows in a jax.lax.scan",
        )

    def _constant(self, allocation: Any) -> bytes:
        for assigned in allocation.assigned:
            defined_at = self.defined_at.get(assigned.logical_buffer_id)
            instruction = self.hlo.instructions.get(defined_at[0]) if defined_at else None
            if instruction is not None and instruction.opcode == "constant":
                return self.hlo.literal_bytes(instruction)
        raise InternalError(f"allocation %{allocation.index}: expected a literal, found none")

    def _thunks(self, sequence: Any) -> tuple[Thunk, ...]:
        thunks = (self._thunk(thunk) for thunk in sequence.thunks)
        return tuple(thunk for thunk in thunks if thunk)

    def _thunk(self, thunk: Any) -> Thunk | None:
        """None for what a former thunk has done."""
        origin = self.hlo.origin(thunk.info.op_name)
        kind = thunk.WhichOneof("impl")
        if kind == "kernel_thunk":
            return self._kernel(thunk.kernel_thunk, origin)
        if kind == "copy_thunk":
            return self._copy(thunk.copy_thunk, origin)
        if kind == "dot_thunk":
            return self._dot(thunk.dot_thunk, origin)
        if kind == "convolution_thunk":
            return self._convolution(thunk.convolution_thunk, origin)
        if kind == "sort_thunk":
            return self._sort(thunk.sort_thunk, origin)
        if kind == "top_k_thunk":
            return self._top_k(thunk.top_k_thunk, origin)
        if kind == "fft_thunk":
            return self._fft(thunk.fft_thunk, origin)
        if kind == "call_thunk":
            return CallThunk(origin, self._thunks(thunk.call_thunk.called_sequence))
        if kind == "while_thunk":
            return self._while(thunk.while_thunk, origin)
        if kind == "conditional_thunk":
            return self._conditional(thunk.conditional_thunk, origin)
        name = (kind or "nothing").removesuffix("_thunk").replace("_", "-")
        raise unsupported(origin, name)

    def _kernel(self, thunk: Any, origin: Origin) -> Thunk | None:
        arguments = tuple(self._slice(b.slice, b.shape, origin) for b in thunk.arguments_buffers)
        results = tuple(self._slice(b.slice, b.shape, origin) for b in thunk.results_buffers)
        name = origin.instruction
        instruction = self.hlo.named(name)
        if instruction is not None:
            if name in self.dots.found:
                self.replaced_kernels.add(thunk.kernel_name)
                return self._dot_thunk(
                    self.dots.found[name], instruction, origin, arguments, results[0]
                )
            if instruction.id not in self.dots.needed:
                self.replaced_kernels.add(thunk.kernel_name)
                return None
            found = self.reductions.get(origin.instruction)
            if found:
                self.replaced_kernels.add(thunk.kernel_name)
                return self._part_of_reduction(found, instruction, origin, arguments, results[0])
        workgroups = thunk.num_workgroups
        in_order = instruction is not None and len(instruction.operand_ids) == len(arguments)
        return KernelThunk(
            origin,
            thunk.kernel_name,
            arguments,
            results,
            (workgroups.x, workgroups.y, workgroups.z),
            elementwise(self.hlo, instruction, len(arguments)) if instruction else None,
            elementwise_dot(self.hlo, instruction) if in_order else None,
        )

    def _part_of_reduction(
        self,
        found: FoundReduction,
        fusion: Any,
        origin: Origin,
        arguments: tuple[Slice, ...],
        result: Slice,
    ) -> DotThunk | ReduceThunk | CopyThunk | None:
        """The first of several instructions does all, in memory of its own: that of the result
        may be in use still. The last one copies.
        """
        first, last = found.instructions[0], found.instructions[-1]
        if origin.instruction == first:
            total = result
            if first != last:
                dims = tuple(axis.extent for axis in found.outer)
                total = self.totals[found] = self._temporary(Shape(result.shape.dtype, dims))
            origin = self.hlo.origin(last)
            known = self._operands(fusion, arguments)
            sources = tuple(known[fusion.operand_ids[number]] for number in found.sources)
            axes = found.outer, found.reduced
            if found.is_of_products:
                lhs, rhs = sources
                return DotThunk(origin, lhs, rhs, total, *axes, (), found.epilogue)
            operation = found.operation
            prologue = found.prologue
            return ReduceThunk(
                origin, sources, total, *axes, operation, (), found.epilogue, prologue
            )
        if origin.instruction == last:
            total = self.totals[found]
            return CopyThunk(origin, replace(total, shape=result.shape), result)
        return None

    def _operands(self, instruction: Any, arguments: tuple[Slice, ...]) -> dict[int, Slice]:
        """Where each operand lies, by its id; a kernel has one argument for equal ones."""
        operands = list(instruction.operand_ids)
        if len(arguments) < len(operands):
            operands = list(dict.fromkeys(operands))
        if len(arguments) != len(operands):
            raise InternalError(
                f"{instruction.name}: expected {len(operands)} arguments, found {len(arguments)}"
            )
        return dict(zip(operands, arguments, strict=True))

    def _copy(self, thunk: Any, origin: Origin) -> CopyThunk:
        source, destination = thunk.src_buffer_shape, thunk.dst_buffer_shape
        return CopyThunk(
            origin,
            self._slice(source.slice, source.shape, origin),
            self._slice(destination.slice, destination.shape, origin, physical=True),
            copy_strides(source.shape, destination.shape),
        )

    def _dot(self, thunk: Any, origin: Origin) -> DotThunk:
        buffers = (thunk.lhs_buffer_shape, thunk.rhs_buffer_shape, thunk.out_buffer_shape)
        lhs, rhs, out = (self._slice(b.slice, b.shape, origin) for b in buffers)
        found = self.dots.found.get(origin.instruction)
        dtypes = {lhs.shape.dtype, rhs.shape.dtype, out.shape.dtype}
        if found is None or len(dtypes) > 1 or "bool" in dtypes:
            raise unsupported(origin, f"dot of {lhs.shape} and {rhs.shape} to {out.shape}")
        instruction = self.hlo.named(origin.instruction)
        return self._dot_thunk(found, instruction, origin, (lhs, rhs), out)

    def _dot_thunk(
        self, dot: Dot, instruction: Any, origin: Origin, arguments: tuple[Slice, ...], out: Slice
    ) -> DotThunk:
        """arguments: see `_operands`."""
        known = self._operands(instruction, arguments)

        def memory(read: Read) -> Slice:
            return known.get(read.instruction) or self._lasting(read, origin)

        lhs, rhs = memory(dot.lhs), memory(dot.rhs)
        if not dot.addend:
            return DotThunk(
                origin, lhs, rhs, out, dot.outer, dot.contracting, sequential=dot.sequential
            )
        outer = tuple(replace(axis, inputs=(axis.out,)) for axis in dot.outer)
        addend, sum_ = memory(dot.addend), Operation("add", (0, 1))
        return DotThunk(
            origin, lhs, rhs, out, outer, dot.contracting, (addend,), (sum_,), dot.sequential
        )

    def _lasting(self, read: Read, origin: Origin) -> Slice:
        """Where an argument or a constant lies."""
        instruction = self.hlo.instructions[read.instruction]
        place = (instruction.id, ())
        if place not in self.slices:
            raise InternalError(
                f"{origin.instruction}: expected memory of its operands, found none"
            )
        allocation, offset, _ = self.slices[place]
        return Slice(allocation, offset, self.hlo.shape(instruction.shape, str(origin)))

    def _convolution(self, thunk: Any, origin: Origin) -> ConvolutionThunk:
        buffers = (thunk.input_buffer_shape, thunk.kernel_buffer_shape, thunk.output_buffer_shape)
        lhs, rhs, out = (self._slice(b.slice, b.shape, origin) for b in buffers)
        dtypes = {lhs.shape.dtype, rhs.shape.dtype, out.shape.dtype}
        if len(dtypes) > 1 or "bool" in dtypes:
            raise unsupported(origin, f"convolution of {lhs.shape} and {rhs.shape} to {out.shape}")
        outer, contracting, window = convolution_axes(thunk, *(b.shape for b in buffers))
        return ConvolutionThunk(origin, lhs, rhs, out, outer, contracting, window)

    def _sort(self, thunk: Any, origin: Origin) -> SortThunk:
        layouts = {tuple(b.shape.layout.minor_to_major) for b in thunk.inputs_shapes}
        if len(layouts) != 1:
            raise InternalError(
                f"{origin.instruction}: expected one layout, found {sorted(layouts)}"
            )
        dimension = list(reversed(next(iter(layouts)))).index(thunk.dimension)
        operands = tuple(
            self._slice(b.slice, b.shape, origin, physical=True) for b in thunk.inputs_shapes
        )
        sort = SortThunk(origin, thunk.comparator_name, operands, dimension)
        if not sort.scratch_elements:
            return sort
        scratch = [
            self._temporary(Shape(where.shape.dtype, (sort.scratch_elements,)))
            for where in operands
        ]
        return replace(sort, scratch=tuple(scratch))

    def _top_k(self, thunk: Any, origin: Origin) -> TopKThunk:
        lines, extent, k = thunk.batch_size, thunk.input_size, thunk.k
        places = (
            (thunk.values_buffer, Shape("f32", (lines, extent))),
            (thunk.output_buffer, Shape("f32", (lines, k))),
            (thunk.indices_buffer, Shape("i32", (lines, k))),
        )
        return TopKThunk(origin, *(self._place(proto, shape, origin) for proto, shape in places))

    def _fft(self, thunk: Any, origin: Origin) -> FftThunk:
        buffers = (thunk.input_buffer_shape, thunk.output_buffer_shape)
        if not all(is_row_major(b.shape) for b in buffers):
            raise InternalError(f"{origin.instruction}: expected row-major layouts, found others")
        source, out = (self._slice(b.slice, b.shape, origin) for b in buffers)
        kind, lengths = FFT_KINDS[thunk.fft_type], tuple(thunk.fft_length)
        complex_type = source.shape.dtype if kind == "irfft" else out.shape.dtype
        scratch = [
            self._temporary(Shape(complex_type, (elements,)))
            for elements in fft_scratch(kind, lengths, source.shape)
        ]
        return FftThunk(origin, source, out, kind, lengths, tuple(scratch))

    def _temporary(self, shape: Shape) -> Slice:
        """Memory that XLA's library has elsewhere, for one step."""
        index = self.next_allocation + len(self.temporaries)
        self.temporaries[index] = Allocation(index, shape.nbytes, "temp")
        return Slice(index, 0, shape)

    def _while(self, thunk: Any, origin: Origin) -> WhileThunk:
        body = self._thunks(thunk.body_sequence)
        condition = self._thunks(thunk.cond_sequence)
        if thunk.trip_count.contains_value:
            steps = steps_of(condition)
            self.unused_kernels |= {name for step in steps for name in kernels_of(step)}
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
        return self._place(proto, Shape(dtype), origin)

    def _slice(self, proto: Any, shape: Any, origin: Origin, *, physical: bool = False) -> Slice:
        """physical: the dimensions in the order of memory, outermost first."""
        found = self.hlo.shape(shape, str(origin))
        if physical:
            order = reversed(shape.layout.minor_to_major)
            found = Shape(found.dtype, tuple(found.dims[d] for d in order))
        return self._place(proto, found, origin)

    def _place(self, proto: Any, shape: Shape, origin: Origin) -> Slice:
        if shape.nbytes != proto.size:
            raise InternalError(
                f"{origin.instruction}: {shape}: expected {shape.nbytes} bytes, found {proto.size}"
            )
        return Slice(proto.buffer_allocation_index, proto.offset, shape)


_NOT_SYMMETRIC = (
    "use jnp.linalg.eigh if the matrix is symmetric; for others there is no replacement"
)
_CALLBACK = "remove it: a microcontroller has no Python to call back"
_FIXES = {
    "debug_callback": _CALLBACK,
    "debug_print": _CALLBACK,
    "eig": _NOT_SYMMETRIC,
    "hessenberg": _NOT_SYMMETRIC,
    "io_callback": _CALLBACK,
    "pure_callback": _CALLBACK,
    "rng-get-and-update-state": "use jax.random, whose functions take their state as an argument",
    "schur": _NOT_SYMMETRIC,
    "tridiagonal": "use jnp.linalg.eigh, which needs no tridiagonal matrix",
}


def unsupported(origin: Origin, kind: str) -> ExportError:
    return ExportError(
        "unsupported-operation",
        f"{origin}: expected an operation that XLA compiles to a kernel,"
        f" found a thunk of kind {kind}",
        _FIXES.get(origin.operation, f"write {origin.operation} with other jax.numpy operations"),
    )


def _kernels(dump: Dump, comparators: set[str]) -> dict[str, str]:
    """LLVM IR by the names of the kernels, and of those comparators, that it defines."""
    kernels = {}
    for module, text in dump.kernels.items():
        defined = re.findall(r'^define (ptr|void) @("[^"]+"|[^\s(]+)\(', text, re.MULTILINE)
        quoted = [(kind, name.strip('"')) for kind, name in defined]
        names = [name for kind, name in quoted if kind == "ptr" or name in comparators]
        if not names:
            raise InternalError(f"{module}.ll: expected one kernel or more, found none")
        for name in names:
            if name in kernels:
                raise InternalError(f"{module}.ll: expected other kernels, found {name} again")
            kernels[name] = text
    return kernels
