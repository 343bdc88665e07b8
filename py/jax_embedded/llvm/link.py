# SPDX-License-Identifier: Apache-2.0
"""Stage 3, link: Program -> LinkedModule."""

import re
from dataclasses import dataclass

import llvmlite.binding as llvm

from jax_embedded.errors import ExportError, InternalError
from jax_embedded.ir.c_function import CFunction
from jax_embedded.ir.program import Program
from jax_embedded.ir.scratch import Scratch, plan_scratch
from jax_embedded.llvm.abi import is_known
from jax_embedded.llvm.entry import entry_module, kernel_symbol
from jax_embedded.llvm.kernel_text import clean_kernel
from jax_embedded.llvm.math import define_math, rename_math
from jax_embedded.llvm.targets import data_layout
from jax_embedded.target import Target


@dataclass(frozen=True)
class LinkedModule:
    """One function and everything it is made of, before optimisation.

    llvm_ir: LLVM IR as text; accepted by LLVM's verifier.
    entry: the symbol of the function, the only one that is visible outside.
    scratch: where the temporaries lie.
    """

    llvm_ir: str
    entry: str
    scratch: Scratch


def link(
    program: Program, function: CFunction, target: Target, *, contract: bool = True
) -> LinkedModule:
    """contract: allow fused multiply-add where the core has it.

    Errors: ExportError if a kernel calls a function that is not on the ABI list, InternalError if
    LLVM refuses what XLA or we wrote.
    """
    layout = data_layout(target)
    scratch = plan_scratch(program)
    entry = entry_module(program, function, scratch)
    module = _read(entry, program.name, target, layout)
    in_place = {thunk.kernel for thunk in program.kernel_thunks() if thunk.in_place}
    math: frozenset[str] = frozenset()
    linked = set()
    for step in program.kernel_thunks():
        if step.kernel in linked:
            continue
        text = program.kernels[step.kernel]
        kernels = {name for name, other in program.kernels.items() if other == text}
        linked |= kernels
        cleaned = clean_kernel(text, keep_noalias=not kernels & in_place, contract=contract)
        cleaned, names = rename_math(cleaned)
        math |= names
        other = _read(cleaned, step.kernel, target, layout)
        for kernel in other.functions:
            if not kernel.is_declaration and kernel.linkage == llvm.Linkage.external:
                kernel.name = kernel_symbol(kernel.name)
        _link_in(module, other, step.kernel)
    if math:
        _link_in(module, _read(define_math(math), "math", target, layout), "math")
    for found in module.functions:
        if found.is_declaration and not found.name.startswith("llvm."):
            _check_external(found.name, program, target)
        if not found.is_declaration and found.name != program.name:
            found.linkage = "internal"
            found.add_function_attribute("alwaysinline")
    _verify(module, program.name)
    return LinkedModule(str(module), program.name, scratch)


def _check_external(name: str, program: Program, target: Target) -> None:
    if is_known(name, host=target.name == "host"):
        return
    for thunk in program.kernel_thunks():
        if re.search(rf"@{re.escape(name)}\b", program.kernels[thunk.kernel]):
            raise ExportError(
                "unsupported-operation",
                f"{thunk.origin}: expected an operation that needs no library,"
                f" found a call of {name}",
                f"write {thunk.origin.operation} with other jax.numpy operations",
            )
    raise InternalError(f"link: expected known functions only, found a call of {name}")


def _read(text: str, name: str, target: Target, layout: str) -> llvm.ModuleRef:
    header = f'target datalayout = "{layout}"\ntarget triple = "{target.triple}"\n'
    try:
        module = llvm.parse_assembly(header + text)
        module.verify()
    except RuntimeError as error:
        raise InternalError(
            f"LLVM refuses kernel {name}", _with_line(str(error), header + text)
        ) from error
    return module


def _with_line(message: str, text: str) -> tuple[str, ...]:
    """LLVM's message, and the line of the text that it speaks of."""
    details = message.strip().splitlines()
    place = re.search(r"<string>:(\d+):", message)
    if place:
        details.append("in: " + text.splitlines()[int(place[1]) - 1].strip())
    return tuple(details)


def _link_in(module: llvm.ModuleRef, other: llvm.ModuleRef, name: str) -> None:
    try:
        module.link_in(other)
    except RuntimeError as error:
        raise InternalError(
            f"LLVM cannot link kernel {name}", tuple(str(error).splitlines())
        ) from error


def _verify(module: llvm.ModuleRef, name: str) -> None:
    try:
        module.verify()
    except RuntimeError as error:
        raise InternalError(f"LLVM refuses {name}", tuple(str(error).splitlines())) from error
