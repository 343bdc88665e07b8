# SPDX-License-Identifier: Apache-2.0
"""The stages in order.

    capture    Python function -> Dump          JAX and XLA; any target
    parse      Dump            -> Program       XLA's thunks and buffers
    fuse       Program         -> Program       fewer steps
    link       Program         -> LinkedModule  kernels and entry function, one LLVM module
    codegen    LinkedModule    -> ObjectCode    machine code of the target
    emit       all of them     -> Artifact      header, manifest and files

Each stage takes and gives a frozen dataclass; what it may rely on is checked by `verify` between.
"""

from dataclasses import dataclass

from jax_embedded.compile_options import CompileOptions
from jax_embedded.emit.header import check_names, header
from jax_embedded.emit.manifest import manifest
from jax_embedded.generate import generate, linked_ir
from jax_embedded.ir.c_function import c_function
from jax_embedded.ir.dump import Dump
from jax_embedded.ir.fusion import fuse
from jax_embedded.ir.program import Program
from jax_embedded.ir.values import separate_values
from jax_embedded.ir.verify import verify
from jax_embedded.parse.parse import parse

# What the pipeline can stop after, in order.
STAGES = ("dump", "program", "linked", "artifact")


@dataclass(frozen=True)
class Artifact:
    """files: content by file name: STEM.h .s .o .ll .program.txt .json, or as far as it got."""

    files: dict[str, bytes]


def program_of(dump: Dump, name: str, *, lanes: int | None = 1) -> Program:
    """Parsed and fused. lanes: see `fuse`. Errors: see `parse` and `verify`."""
    program = parse(dump, name)
    verify(program)
    fused = fuse(separate_values(program), lanes=lanes)
    verify(fused)
    return fused


def compile_dump(dump: Dump, options: CompileOptions, stop_after: str = "artifact") -> Artifact:
    """Everything after capture.

    stop_after: one of STAGES from "program" on.
    Errors: ExportError, InternalError.
    """
    stem = options.stem
    function = c_function(
        options.name,
        dump.parameters,
        dump.results,
        donated=dump.donated,
        structs=options.structs,
        caller_workspace=options.caller_workspace,
    )
    check_names(function)
    lanes: int | None = options.target.float_lanes
    if lanes != 1 and options.weights == "code":
        lanes = None  # of sums with all weights in their code there are no vectors
    program = program_of(dump, options.name, lanes=lanes)
    files = {f"{stem}.program.txt": str(program).encode()}
    if stop_after == "program":
        return Artifact(files)
    if stop_after == "linked":
        return Artifact(files | {f"{stem}.ll": linked_ir(program, function, options).encode()})
    generated = generate(program, function, options)
    code = generated.code
    sizes = dict.fromkeys(("code", "constant", "data", "zero"), 0)
    for section in code.sections:
        sizes[section.kind] += section.size
    facts = manifest(
        dump,
        function,
        options.target,
        workspace_bytes=generated.workspace_bytes,
        workspace_lower_bound=generated.workspace_lower_bound,
        stack_bytes=generated.stack_bytes,
        section_bytes=sizes,
        externals=code.externals,
    )
    files[f"{stem}.h"] = header(dump, function, stem, generated.workspace_bytes).encode()
    files[f"{stem}.s"] = code.assembly.encode()
    files[f"{stem}.o"] = code.object
    files[f"{stem}.ll"] = code.llvm_ir.encode()
    files[f"{stem}.json"] = facts.encode()
    return Artifact(files)
