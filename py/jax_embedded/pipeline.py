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

from collections.abc import Mapping
from dataclasses import dataclass, replace

from jax_embedded.child import Killed, run_in_child
from jax_embedded.emit.header import check_names, header
from jax_embedded.emit.manifest import manifest
from jax_embedded.errors import ExportError
from jax_embedded.ir.c_function import CFunction, c_function
from jax_embedded.ir.dump import Dump
from jax_embedded.ir.fusion import fuse
from jax_embedded.ir.program import Program
from jax_embedded.ir.values import separate_values
from jax_embedded.ir.verify import verify
from jax_embedded.parse.parse import parse
from jax_embedded.target import Dsp, Target, Weights

_NAMED = 5  # functions in a message

# What the pipeline can stop after, in order.
STAGES = ("dump", "program", "linked", "artifact")


@dataclass(frozen=True)
class CompileOptions:
    """name: of the C function. stem: of the files. target: of the code.

    contract: allow fused multiply-add where the core has it, as XLA does.
    size: make the code short rather than fast.
    caller_workspace: whether the caller gives the memory to work in; otherwise it is static.
    structs: the arguments that are passed as one struct each.
    weights: "data", "code" or "auto": where the constant matrices of dots are.
    dsp: "builtin" or "library": who makes products and Fourier transforms on a Cortex-M.
    max_code_bytes: of the code on a Cortex-M; more is an error.
    """

    name: str
    stem: str
    target: Target
    contract: bool = True
    size: bool = False
    caller_workspace: bool = False
    structs: tuple[str, ...] = ()
    weights: Weights = "data"
    dsp: Dsp = "builtin"
    max_code_bytes: int | None = None


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
        linked_ir = run_in_child("link", lambda: _link(program, function, options).llvm_ir)
        return Artifact(files | {f"{stem}.ll": linked_ir.encode()})
    workspace_bytes, lower_bound, code, origins = _generate_in_child(program, function, options)
    sizes = dict.fromkeys(("code", "constant", "data", "zero"), 0)
    for section in code.sections:
        sizes[section.kind] += section.size
    most = options.max_code_bytes
    if most is not None and sizes["code"] > most and options.target.name != "host":
        raise _too_long(options, sizes["code"], code.functions, origins)
    facts = manifest(
        dump,
        function,
        options.target,
        workspace_bytes=workspace_bytes,
        workspace_lower_bound=lower_bound,
        section_bytes=sizes,
        externals=code.externals,
    )
    files[f"{stem}.h"] = header(dump, function, stem, workspace_bytes).encode()
    files[f"{stem}.s"] = code.assembly.encode()
    files[f"{stem}.o"] = code.object
    files[f"{stem}.ll"] = code.llvm_ir.encode()
    files[f"{stem}.json"] = facts.encode()
    return Artifact(files)


def import_stages() -> None:
    """Imports what every compilation needs, so that it is there after a fork."""
    import jax_embedded.llvm.codegen  # noqa: F401


# llvmlite is imported in the child only: an abort inside LLVM must not take the exporter along.
def _link(program: Program, function: CFunction, options: CompileOptions, unpaired=()):
    from jax_embedded.llvm.link import link

    return link(
        program,
        function,
        options.target,
        contract=options.contract,
        size=options.size,
        weights=options.weights,
        dsp=options.dsp,
        unpaired=unpaired,
    )


def _generate_in_child(program: Program, function: CFunction, options: CompileOptions):
    """With all instructions, or the plain ones where LLVM aborts on vectors or on f16."""
    extensions = "+mve" in options.target.features
    try:
        return run_in_child(
            "codegen", lambda: _generate(program, function, options), quiet=extensions
        )
    except Killed:
        if not extensions:
            raise
    plain = replace(options, target=options.target.without_extensions())
    return run_in_child("codegen", lambda: _generate(program, function, plain))


def _generate(program: Program, function: CFunction, options: CompileOptions):
    from jax_embedded.llvm.codegen import codegen
    from jax_embedded.llvm.emitters.pairs import functions_with_neon

    unpaired: frozenset[str] = frozenset()
    while True:
        linked = _link(program, function, options, unpaired)
        code = codegen(linked, options.target, size=options.size)
        with_neon = functions_with_neon(code.assembly, linked.paired)
        if not with_neon:
            break
        unpaired |= with_neon
    scratch = linked.scratch
    return scratch.workspace_bytes, scratch.workspace_lower_bound, code, linked.origins


def _too_long(
    options: CompileOptions, found: int, functions: Mapping[str, int], origins: Mapping[str, str]
) -> ExportError:
    largest = sorted(functions.items(), key=lambda item: (-item[1], item[0]))[:_NAMED]
    return ExportError(
        "code-bytes",
        f"{options.name}: expected at most {options.max_code_bytes:,} bytes of code,"
        f" found {found:,}",
        'raise max_code_bytes, or choose weights = "data" or optimize = "size"',
        tuple(f"{size:,} bytes: {origins.get(name, name)}" for name, size in largest),
    )
