# SPDX-License-Identifier: Apache-2.0
"""Calls of XLA's kernels in LLVM IR, inlined or through functions that several calls share.

A kernel takes one pointer, to XLA_CPU_KernelCallFrame {workgroup counts, workgroup id, number of
arguments, arguments}; the arguments are {pointer, bytes} each, first what it reads, then what it
writes. Once the kernel is inlined, LLVM sees through the frame and drops it. A shared function
takes the pointers; the frame is inside.

Source: xla/backends/cpu/runtime/kernel_c_api.h.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from jax_embedded.ir.thunks import KernelThunk, Step, kernels_of

_FRAME = "{ ptr, ptr, i64, ptr }"
_ARGUMENT = "{ ptr, i64 }"
_DIM3 = "{ i64, i64, i64 }"


@dataclass(frozen=True)
class KernelCall:
    """What the calls of a kernel must have in common to be one function.

    kernel: its name, or that of another with the same code.
    workgroups: how many there are along x, y and z.
    sizes: bytes of each array, first what the kernel reads, then what it writes.
    in_place: whether memory that it writes is also reached through another of its pointers.
    """

    kernel: str
    workgroups: tuple[int, int, int]
    sizes: tuple[int, ...]
    in_place: bool


@dataclass(frozen=True)
class KernelCalls:
    """same_code: for a kernel whose code another one has, the name of that other.

    shared: the calls that are functions of their own, and these functions' names.
    """

    same_code: Mapping[str, str] = field(default_factory=dict)
    shared: Mapping[KernelCall, str] = field(default_factory=dict)

    def call(self, thunk: KernelThunk) -> KernelCall:
        """How the thunk calls its kernel."""
        (kernel,) = called_kernels(thunk)
        return KernelCall(
            self.same_code.get(kernel, kernel),
            thunk.workgroups,
            tuple(where.shape.nbytes for where in thunk.arguments + thunk.results),
            thunk.in_place,
        )


def called_kernels(step: Step) -> tuple[str, ...]:
    """As `kernels_of`; of those that do one element for each workgroup, the names of these."""
    names = kernels_of(step)
    is_element = isinstance(step, KernelThunk) and step.loop
    return tuple(map(element_name, names)) if is_element else names


def element_name(kernel: str) -> str:
    """Of what computes one element of all that the kernel does."""
    return f"{kernel}.element"


def kernel_symbol(kernel: str) -> str:
    """What a kernel is called in the linked module: nothing that the exported function may be."""
    return f"kernel.{kernel}"


def kernel_declaration(kernel: str) -> str:
    return f'declare ptr @"{kernel_symbol(kernel)}"(ptr)'


def shared_call(name: str, pointers: Sequence[str], more: Sequence[str] = ()) -> str:
    """The instruction that calls a shared function. more: arguments, with their types."""
    arguments = ", ".join([*(f"ptr {pointer}" for pointer in pointers), *more])
    return f'call void @"{name}"({arguments})'


def shared_function(call: KernelCall, name: str) -> str:
    """The function that all these calls share; what it claims of a pointer is true for each.

    Nothing of alignment: kernels know that of every access.
    """
    writer = FunctionWriter()
    pointers = [f"%pointer.{index}" for index in range(len(call.sizes))]
    writer.call_kernel("call", call, pointers)
    writer.body.append("ret void")
    kind = "ptr" if call.in_place else "ptr noalias"
    parameters = ", ".join(f"{kind} {pointer}" for pointer in pointers)
    return writer.function(f'internal void @"{name}"({parameters}) noinline nounwind')


class FunctionWriter:
    """Writes one function. allocas, body: its instructions and labels so far."""

    def __init__(self) -> None:
        self.allocas: list[str] = []
        self.body: list[str] = []

    def function(self, head: str) -> str:
        """head: the definition without its instructions."""
        return "\n".join(
            [
                f"define {head} {{",
                *["  " + line for line in self.allocas],
                *[line if line.endswith(":") else "  " + line for line in self.body],
                "}",
                "",
            ]
        )

    def call_kernel(self, name: str, call: KernelCall, pointers: Sequence[str]) -> None:
        """For each workgroup. name: begins the names of all values."""
        self.call_by_turns(name, [(name, call, pointers)])

    def call_by_turns(
        self, name: str, calls: Sequence[tuple[str, KernelCall, Sequence[str]]]
    ) -> None:
        """Calls several kernels for each workgroup. name: begins those of the loops.

        calls: each with what begins the names of its values, and the pointers.
        """
        for step, call, pointers in calls:
            self._frame(step, call, pointers)
        workgroups = calls[0][1].workgroups
        ids = ["0", "0", "0"]
        axes = [axis for axis in (2, 1, 0) if workgroups[axis] > 1]
        for axis in axes:
            counter = self.loop_begin(f"{name}.{'xyz'[axis]}", "i32")
            ids[axis] = f"{counter}.id"
            self.body.append(f"{ids[axis]} = zext i32 {counter} to i64")
        for step, call, _ in calls:
            for axis in range(3):
                self.store_field(f"%{step}.workgroup", _DIM3, axis, f"i64 {ids[axis]}")
            self.body.append(f'call ptr @"{kernel_symbol(call.kernel)}"(ptr %{step}.frame)')
        for axis in reversed(axes):
            self.loop_end(f"{name}.{'xyz'[axis]}", workgroups[axis], "i32")

    def _frame(self, name: str, call: KernelCall, pointers: Sequence[str]) -> None:
        """All but the workgroup's id."""
        step = f"%{name}"
        self.allocas += [
            f"{step}.workgroups = alloca {_DIM3}, align 8",
            f"{step}.workgroup = alloca {_DIM3}, align 8",
            f"{step}.arguments = alloca [{len(pointers)} x {_ARGUMENT}], align 8",
            f"{step}.frame = alloca {_FRAME}, align 8",
        ]
        for axis, count in enumerate(call.workgroups):
            self.store_field(f"{step}.workgroups", _DIM3, axis, f"i64 {count}")
        for index, (pointer, size) in enumerate(zip(pointers, call.sizes, strict=True)):
            argument = f"{step}.argument.{index}"
            self.body.append(
                f"{argument} = getelementptr inbounds {_ARGUMENT}, ptr {step}.arguments,"
                f" i32 {index}"
            )
            self.store_field(argument, _ARGUMENT, 0, f"ptr {pointer}")
            self.store_field(argument, _ARGUMENT, 1, f"i64 {size}")
        self.store_field(f"{step}.frame", _FRAME, 0, f"ptr {step}.workgroups")
        self.store_field(f"{step}.frame", _FRAME, 1, f"ptr {step}.workgroup")
        self.store_field(f"{step}.frame", _FRAME, 2, f"i64 {len(pointers)}")
        self.store_field(f"{step}.frame", _FRAME, 3, f"ptr {step}.arguments")

    def label(self, label: str) -> None:
        self.body += [f"br label %{label}", f"{label}:"]

    def loop_begin(self, name: str, integer: str) -> str:
        """Opens a loop that counts from 0 and returns its counter."""
        self.label(f"{name}.entry")
        self.label(f"{name}.loop")
        self.body.append(
            f"%{name} = phi {integer} [ 0, %{name}.entry ], [ %{name}.next, %{name}.latch ]"
        )
        return f"%{name}"

    def loop_end(self, name: str, extent: int, integer: str) -> None:
        self.label(f"{name}.latch")
        self.body += [
            f"%{name}.next = add nuw nsw {integer} %{name}, 1",
            f"%{name}.done = icmp eq {integer} %{name}.next, {extent}",
            f"br i1 %{name}.done, label %{name}.exit, label %{name}.loop",
            f"{name}.exit:",
        ]

    def store_field(self, pointer: str, struct: str, field: int, value: str) -> None:
        name = f"%field.{len(self.body)}"
        self.body += [
            f"{name} = getelementptr inbounds {struct}, ptr {pointer}, i32 0, i32 {field}",
            f"store {value}, ptr {name}",
        ]
