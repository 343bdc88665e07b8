# SPDX-License-Identifier: Apache-2.0
"""Writes the exported function: XLA's schedule as calls of its kernels, in LLVM IR."""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from jax_embedded.ir.c_function import CFunction, Field
from jax_embedded.ir.program import Program
from jax_embedded.ir.scratch import WORKSPACE_ALIGN, Buffer, Scratch
from jax_embedded.ir.thunks import (
    CallThunk,
    ConditionalThunk,
    CopyThunk,
    EmittedThunk,
    KernelThunk,
    Slice,
    Thunk,
    WhileThunk,
    reads_and_writes,
    steps_of,
)
from jax_embedded.llvm.emitters.emit import EmittedFunctions
from jax_embedded.llvm.kernel_calls import (
    FunctionWriter,
    KernelCalls,
    kernel_declaration,
    shared_call,
    shared_function,
)
from jax_embedded.shape import DTYPES


def entry_module(
    program: Program,
    function: CFunction,
    scratch: Scratch,
    emitted: EmittedFunctions,
    calls: KernelCalls | None = None,
) -> str:
    """The module that defines `function` and what is emitted, without the kernels.

    calls: which kernels are functions of their own; none by default.
    """
    return _Entry(program, function, scratch, emitted, calls or KernelCalls()).module()


class _Entry(FunctionWriter):
    def __init__(
        self,
        program: Program,
        function: CFunction,
        scratch: Scratch,
        emitted: EmittedFunctions,
        calls: KernelCalls,
    ):
        super().__init__()
        self.program = program
        self.c_function = function
        self.scratch = scratch
        self.emitted = emitted
        caller = function.caller_workspace
        self.workspace = "%workspace" if caller else f"@{program.name}.workspace"
        self.calls = calls
        self.globals: list[str] = []
        self.base: dict[int, str] = {}  # allocation -> pointer
        self.time = 0  # of the next step, as in Program.steps

    def module(self) -> str:
        parameters = self._border()
        self._constants_and_scratch()
        self._outermost(self.program.thunks)
        returned = self._return()
        return "\n".join(
            [
                f'source_filename = "{self.program.name}"',
                *self.globals,
                *self._kernels(),
                self.emitted.text,
                "declare void @llvm.memcpy.p0.p0.i32(ptr, ptr, i32, i1)",
                "declare void @llvm.lifetime.start.p0(ptr)",
                "declare void @llvm.lifetime.end.p0(ptr)",
                self.function(
                    f"{returned} @{self.program.name}({', '.join(parameters)})"
                    f" nounwind{self.emitted.attributes}"
                ),
            ]
        )

    def _kernels(self) -> list[str]:
        """What the function calls, and the shared functions that it calls."""
        calls = {self.calls.call(thunk) for thunk in self.program.kernel_thunks()}
        shared = [shared_function(call, name) for call, name in self.calls.shared.items()]
        return [*sorted({kernel_declaration(call.kernel) for call in calls}), *shared]

    def _border(self) -> list[str]:
        """The parameters of the function; scalars go through a stack slot that LLVM removes."""
        allocation_of = {
            a.parameter: a.index
            for a in self.program.allocations.values()
            if a.parameter is not None
        }
        parameters = []
        for parameter in self.c_function.parameters:
            name = f"%{parameter.name}"
            if parameter.by_value:
                leaf = parameter.fields[0].leaf
                dtype = DTYPES[leaf.shape.dtype]
                parameters.append(" ".join(filter(None, [dtype.llvm, dtype.extension, name])))
                self._slot(parameter.fields[0])
                self.body.append(f"store {dtype.llvm} {name}, ptr {name}.slot, align {dtype.align}")
                name += ".slot"
            else:
                access = "noalias" if parameter.written else "noalias readonly"
                parameters.append(f"ptr {access} align {parameter.align} {name}")
            for field in parameter.fields:
                base = self._field(name, field.offset)
                if field.argument in allocation_of:
                    self.base[allocation_of[field.argument]] = base
                if field.result is not None:
                    self.base[self.program.result_slices[field.result].allocation] = base
        returned = self.c_function.returned
        if returned and returned.result is not None:
            where = self.program.result_slices[returned.result]
            self.base[where.allocation] = self._slot(returned)
        if self.c_function.caller_workspace:
            parameters.append(f"ptr noalias align {WORKSPACE_ALIGN} {self.workspace}")
        return parameters

    def _slot(self, field: Field) -> str:
        """A local variable for a scalar that is passed or returned by value."""
        dtype = DTYPES[field.leaf.shape.dtype]
        self.allocas.append(f"%{field.name}.slot = alloca {dtype.llvm}, align {dtype.align}")
        return f"%{field.name}.slot"

    def _field(self, base: str, offset: int) -> str:
        if offset == 0:
            return base
        self.body.append(f"{base}.{offset} = getelementptr inbounds i8, ptr {base}, i32 {offset}")
        return f"{base}.{offset}"

    def _constants_and_scratch(self) -> None:
        for a in self.program.allocations.values():
            if a.kind == "constant":
                name = f"@{self.program.name}.constant.{a.index}"
                data = "\\" + a.data.hex("\\").upper() if a.data else ""
                self.globals.append(
                    f'{name} = internal unnamed_addr constant [{a.size} x i8] c"{data}", align 8'
                )
                self.base[a.index] = name
        if self.scratch.workspace_bytes and self.workspace.startswith("@"):
            self.globals.append(
                f"{self.workspace} = internal global"
                f" [{self.scratch.workspace_bytes} x i8] zeroinitializer,"
                f" align {WORKSPACE_ALIGN}"
            )
        for index, buffer in enumerate(self.scratch.buffers):
            if buffer.offset is None:
                self.allocas.append(
                    f"%local.{index} = alloca [{buffer.size} x i8], align {buffer.align}"
                )

    def _pointer(self, time: int, where: Slice) -> str:
        """An LLVM value that points to the slice; instructions for it go into the body."""
        offset = where.offset
        if (time, where) in self.scratch.places:
            number, offset = self.scratch.places[time, where]
            buffer = self.scratch.buffers[number]
            if buffer.offset is None:
                base = f"%local.{number}"
            elif buffer.result is not None:
                base = self.base[buffer.result]
                offset += buffer.offset
            else:
                base = self.workspace
                offset += buffer.offset
        else:
            base = self.base[where.allocation]
        if offset == 0:
            return base
        if base.startswith("@"):
            return f"getelementptr inbounds (i8, ptr {base}, i32 {offset})"
        name = f"%slice.{len(self.body)}"
        self.body.append(f"{name} = getelementptr inbounds i8, ptr {base}, i32 {offset}")
        return name

    def _outermost(self, thunks: Iterable[Thunk]) -> None:
        """With what LLVM has to know to let local variables share memory."""
        for together in _by_loop(thunks):
            times = range(self.time, self.time + len(list(steps_of(together))))
            self._mark("start", lambda buffer, times=times: buffer.first in times)
            self._thunks(together)
            self._mark("end", lambda buffer, times=times: buffer.last in times)

    def _mark(self, what: str, applies: Callable[[Buffer], bool]) -> None:
        """The lifetimes of local variables. what: "start" or "end"."""
        self.body += [
            f"call void @llvm.lifetime.{what}.p0(ptr %local.{index})"
            for index, buffer in enumerate(self.scratch.buffers)
            if buffer.offset is None and applies(buffer)
        ]

    def _thunks(self, thunks: Iterable[Thunk]) -> None:
        for together in _by_loop(thunks):
            (thunk, *_) = together
            if getattr(thunk, "loop", 0):
                self._loop([kernel for kernel in together if isinstance(kernel, KernelThunk)])
            elif isinstance(thunk, CallThunk):
                self._thunks(thunk.thunks)
            elif isinstance(thunk, WhileThunk):
                self._while(thunk)
            elif isinstance(thunk, ConditionalThunk):
                self._conditional(thunk)
            elif isinstance(thunk, KernelThunk):
                self._kernel(self._next_step(), thunk)
            elif isinstance(thunk, CopyThunk):
                self._copy(self._next_step(), thunk)
            else:
                self._emitted(self._next_step(), thunk)

    def _next_step(self) -> int:
        self.time += 1
        return self.time - 1

    def _while(self, thunk: WhileThunk) -> None:
        name = f"step.{self.time}.while"
        if thunk.trip_count is not None:
            self._next_step()
            if thunk.trip_count == 0:
                self.time += len(list(steps_of(thunk.body)))
                return
            self.loop_begin(name, "i32")
            self._thunks(thunk.body)
            self.loop_end(name, thunk.trip_count, "i32")
            return
        self.label(f"{name}.condition")
        self._thunks(thunk.condition)
        assert thunk.predicate is not None
        test = self._scalar(self._next_step(), thunk.predicate, f"{name}.predicate")
        self.body += [
            f"%{name}.going = icmp ne i8 {test}, 0",
            f"br i1 %{name}.going, label %{name}.body, label %{name}.exit",
            f"{name}.body:",
        ]
        self._thunks(thunk.body)
        self.body += [f"br label %{name}.condition", f"{name}.exit:"]

    def _conditional(self, thunk: ConditionalThunk) -> None:
        time = self._next_step()
        name = f"step.{time}.conditional"
        labels = [f"{name}.branch.{i}" for i in range(len(thunk.branches))]
        index = self._scalar(time, thunk.index, f"{name}.index")
        if thunk.index.shape.dtype == "bool":
            cases, otherwise = "i8 0, label %" + labels[-1], labels[0]
        else:
            cases = " ".join(f"i32 {i}, label %{label}" for i, label in enumerate(labels[:-1]))
            otherwise = labels[-1]
        integer = DTYPES[thunk.index.shape.dtype].llvm
        self.body.append(f"switch {integer} {index}, label %{otherwise} [ {cases} ]")
        for label, branch in zip(labels, thunk.branches, strict=True):
            self.body.append(f"{label}:")
            self._thunks(branch)
            self.body.append(f"br label %{name}.exit")
        self.body.append(f"{name}.exit:")

    def _scalar(self, time: int, where: Slice, name: str) -> str:
        pointer = self._pointer(time, where)
        dtype = DTYPES[where.shape.dtype]
        self.body.append(f"%{name} = load {dtype.llvm}, ptr {pointer}, align {dtype.itemsize}")
        return f"%{name}"

    def _loop(self, thunks: list[KernelThunk]) -> None:
        calls = []
        for thunk in thunks:
            time = self._next_step()
            pointers = [self._pointer(time, where) for where in thunk.arguments + thunk.results]
            calls.append((f"step.{time}", self.calls.call(thunk), pointers))
        self.call_by_turns(calls[0][0], calls)

    def _kernel(self, time: int, thunk: KernelThunk) -> None:
        slices = thunk.arguments + thunk.results
        pointers = [self._pointer(time, where) for where in slices]
        call = self.calls.call(thunk)
        if call in self.calls.shared:
            self.body.append(shared_call(self.calls.shared[call], pointers))
        else:
            self.call_kernel(f"step.{time}", call, pointers)

    def _copy(self, time: int, thunk: CopyThunk) -> None:
        source, destination = (self._pointer(time, s) for (s,) in reads_and_writes(thunk))
        shape = thunk.destination.shape
        width = DTYPES[shape.dtype].itemsize
        align = DTYPES[shape.dtype].align
        if not thunk.strides:
            self.body.append(
                f"call void @llvm.memcpy.p0.p0.i32(ptr align {align} {destination},"
                f" ptr align {align} {source}, i32 {shape.nbytes}, i1 false)"
            )
            return
        names = [f"step.{time}.{axis}" for axis in range(len(shape.dims))]
        for name in names:
            self.loop_begin(name, "i32")
        steps = shape.strides
        to = self._index(f"%step.{time}.to", list(zip(names, steps, strict=True)))
        origin = self._index(f"%step.{time}.from", list(zip(names, thunk.strides, strict=True)))
        element = f"[{width} x i8]" if width > 8 else f"i{8 * width}"
        self.body += [
            f"%step.{time}.at = getelementptr inbounds {element}, ptr {source}, i32 {origin}",
            f"%step.{time}.value = load {element}, ptr %step.{time}.at, align {align}",
            f"%step.{time}.into = getelementptr inbounds {element}, ptr {destination}, i32 {to}",
            f"store {element} %step.{time}.value, ptr %step.{time}.into, align {align}",
        ]
        for name, extent in reversed(list(zip(names, shape.dims, strict=True))):
            self.loop_end(name, extent, "i32")

    def _emitted(self, time: int, thunk: EmittedThunk) -> None:
        name, slices, told = self.emitted.call(thunk)
        pointers = [self._pointer(time, where) for where in slices]
        for n, where in enumerate(slices):
            kind = self.program.allocations[where.allocation].kind
            if kind == "constant" and self.emitted.hides_constants(thunk):
                hidden = f"%step.{time}.constant.{n}"
                self.body.append(f'{hidden} = call ptr asm "", "=r,0"(ptr {pointers[n]})')
                pointers[n] = hidden
        self.body.append(shared_call(name, pointers, [told] if told else []))

    def _index(self, prefix: str, strides: list[tuple[str, int]], start: int = 0) -> str:
        """start and, for each loop's counter, so many elements for one more."""
        total = str(start)
        for axis, (name, stride) in enumerate(strides):
            value = f"{prefix}.{axis}"
            self.body.append(f"{value}.scaled = mul nuw nsw i32 %{name}, {stride}")
            self.body.append(f"{value} = add nuw nsw i32 {total}, {value}.scaled")
            total = value
        return total

    def _return(self) -> str:
        """Ends the function; returns its result type."""
        returned = self.c_function.returned
        if not returned:
            self.body.append("ret void")
            return "void"
        dtype = DTYPES[returned.leaf.shape.dtype]
        self.body += [
            f"%returned = load {dtype.llvm}, ptr %{returned.name}.slot, align {dtype.align}",
            f"ret {dtype.llvm} %returned",
        ]
        return f"{dtype.extension} {dtype.llvm}".strip()


def _by_loop(thunks: Iterable[Thunk]) -> Iterator[tuple[Thunk, ...]]:
    """The kernels of one loop together, and each other step alone."""
    for loop, together in groupby(thunks, lambda thunk: getattr(thunk, "loop", 0)):
        some = tuple(together)
        yield from [some] if loop else [(thunk,) for thunk in some]
