# SPDX-License-Identifier: Apache-2.0
"""Stage 3, link: Program -> LinkedModule."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import llvmlite.binding as llvm

from jax_embedded.errors import ExportError, InternalError
from jax_embedded.ir.c_function import CFunction
from jax_embedded.ir.program import Program
from jax_embedded.ir.scratch import LOCAL_BYTES, Scratch, plan_scratch
from jax_embedded.ir.thunks import kernels_of
from jax_embedded.llvm.abi import is_known
from jax_embedded.llvm.emitters.arithmetic import SumOptions
from jax_embedded.llvm.emitters.baking import with_baked_weights
from jax_embedded.llvm.emitters.dsp import without_scratch
from jax_embedded.llvm.emitters.emit import emit_functions
from jax_embedded.llvm.emitters.narrow_weights import with_narrow_weights
from jax_embedded.llvm.emitters.normal_weights import with_normal_weights
from jax_embedded.llvm.emitters.weights import with_laid_out_weights
from jax_embedded.llvm.entry import entry_module
from jax_embedded.llvm.joined_loops import with_joined_loops
from jax_embedded.llvm.kernel_calls import (
    KernelCall,
    KernelCalls,
    called_kernels,
    kernel_declaration,
    kernel_symbol,
    shared_function,
)
from jax_embedded.llvm.kernels import Kernels
from jax_embedded.llvm.math import PREFIX, define_math
from jax_embedded.llvm.optimise import optimise
from jax_embedded.llvm.targets import data_layout
from jax_embedded.target import Dsp, Target, Weights

# LLVM's own limit: a function of more is not inlined by -O3, which counts 5 for each and stops at
# 250. A call costs about ten of them.
INLINE_INSTRUCTIONS = 50

# The same where short code is wanted: what a call takes.
SHORT_INSTRUCTIONS = 8

# LLVM takes more than twice the time for a function of twice the size. In a program of more
# different kernels than this, those that are larger than INLINE_INSTRUCTIONS stay apart.
MOST_INLINED = 100


@dataclass(frozen=True)
class LinkedModule:
    """One function and everything it is made of, before optimisation.

    llvm_ir: LLVM IR as text; accepted by LLVM's verifier.
    entry: the symbol of the function, the only one that is visible outside.
    scratch: where the temporaries lie.
    shared: the other functions that remain: those that it calls from more than one place. Of math
        functions (`define_math`) LLVM decides it.
    apart: LLVM IR of those of them that must not be optimised, module by module.
    origins: of those that are made of a thunk of ours: where it comes from, for messages.
    baked: whether there are weights in the code, which then has no literals.
    called_apart: the math functions that functions of `apart` call; visible outside until those are
        there.
    paired: the functions that must not use NEON although LLVM believes that it is there.
    """

    llvm_ir: str
    entry: str
    scratch: Scratch
    shared: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)
    baked: bool = False
    called_apart: frozenset[str] = frozenset()
    paired: frozenset[str] = frozenset()


def link(
    program: Program,
    function: CFunction,
    target: Target,
    *,
    contract: bool = True,
    size: bool = False,
    weights: Weights = "data",
    dsp: Dsp = "builtin",
    unpacked: bool = True,
    code_weight: float | None = None,
    register_bytes: int = LOCAL_BYTES,
    unpaired: Collection[str] = (),
) -> LinkedModule:
    """contract: allow fused multiply-add where the core has it. size: prefer short code.

    weights: where constant matrices of dots are.
    dsp: who makes products and Fourier transforms; on the host, always we.
    unpacked, code_weight: see SumOptions. register_bytes: see `plan_scratch`.
    unpaired: functions that must not load neighbours two by two.

    Errors: ExportError if a kernel calls a function that is not on the ABI list, InternalError if
    LLVM refuses what XLA or we wrote.
    """
    # Whether a loop may load pairs does not change the order that is best for it.
    paired = target.loads_pairs and not size
    library = dsp == "library" and target.name != "host"
    options = SumOptions(
        contract, size, paired, library=library, unpacked=unpacked, code_weight=code_weight
    )
    baked = False
    if weights != "data":
        program, baked = with_baked_weights(program, target, options, always=weights == "code")
    if library:
        program = without_scratch(program)
    program = with_narrow_weights(program)
    program = with_normal_weights(program, target)
    program = with_laid_out_weights(program, target, options)
    vectors = target.float_lanes > 1
    program = with_joined_loops(program, vectors=vectors, size=size)
    scratch = plan_scratch(program, register_bytes=register_bytes)
    kernels = Kernels(program, contract=contract, vectors=vectors, size=size)
    calls = KernelCalls(kernels.same_code, _shared(program, kernels, target, size=size))
    emitted = emit_functions(program, kernels.same_code, target, options, unpaired)
    entry = entry_module(program, function, scratch, emitted, calls)
    used = [kernels.same_code[name] for step in program.steps() for name in called_kernels(step)]
    functions = (program.name, *calls.shared.values(), *emitted.shared)
    called_apart = frozenset(
        name for name in emitted.math if any(f'@"{name}"' in text for text in emitted.apart)
    )
    module = _link_kernels(entry, functions, used, kernels, target, emitted.math, called_apart)
    for found in module.functions:
        known = found.name.startswith("llvm.") or found.name in functions
        if found.is_declaration and not known:
            _check_external(found.name, program, target)
    _verify(module, program.name)
    return LinkedModule(
        str(module),
        program.name,
        scratch,
        functions[1:],
        emitted.apart,
        emitted.origins,
        baked,
        called_apart,
        emitted.paired,
    )


def _shared(
    program: Program, kernels: Kernels, target: Target, *, size: bool
) -> dict[KernelCall, str]:
    """The calls that are functions of their own: those that occur more than once and that are, once
    optimised, larger than INLINE_INSTRUCTIONS. All others are inlined. In a program of more than
    MOST_INLINED different calls it is enough to be larger.
    """
    unshared = KernelCalls(kernels.same_code)
    count = Counter(unshared.call(thunk) for thunk in program.kernel_thunks() if not thunk.loop)
    names = {
        call: f"{program.name}.{number}.{call.kernel}"
        for number, call in enumerate(
            call for call in count if count[call] > 1 or len(count) > MOST_INLINED
        )
    }
    if not names:
        return {}
    used = [call.kernel for call in names]
    text = "\n".join(
        [
            *{kernel_declaration(kernel): None for kernel in used},
            *[shared_function(call, name) for call, name in names.items()],
        ]
    )
    module = _link_kernels(text, tuple(names.values()), used, kernels, target)
    for name in names.values():
        module.get_function(name).linkage = "external"  # or LLVM drops what nothing calls
    optimise(module, target, "short loops" if size else "speed")
    most = SHORT_INSTRUCTIONS if size else INLINE_INSTRUCTIONS
    return {
        call: name
        for call, name in names.items()
        if _instructions(module.get_function(name)) > most
    }


def _instructions(function: llvm.ValueRef) -> int:
    return sum(1 for block in function.blocks for _ in block.instructions)


def _link_kernels(
    text: str,
    functions: Sequence[str],
    used: Sequence[str],
    kernels: Kernels,
    target: Target,
    math: frozenset[str] = frozenset(),
    kept: Collection[str] = (),
) -> llvm.ModuleRef:
    """Links the module that defines `functions` with the kernels that they use and inline.

    math: the math functions that they call. kept: what must stay, for those that come later.
    """
    layout = data_layout(target)
    module = _read(text, functions[0], target, layout)
    linked = set()
    for kernel in used:
        code = kernels.modules[kernel]
        if code in linked:
            continue
        linked.add(code)
        math |= code.math
        other = _read(code.text, kernel, target, layout)
        for function in other.functions:
            if not function.is_declaration and function.linkage == llvm.Linkage.external:
                function.name = kernel_symbol(function.name)
        _link_in(module, other, kernel)
    if math:
        fused = target.fused and kernels.contract
        lanes, has_maxnm = target.float_lanes, target.has_maxnm
        text = define_math(math, lanes, fused=fused, has_maxnm=has_maxnm)
        _link_in(module, _read(text, "math", target, layout), "math")
    for function in module.functions:
        if not function.is_declaration and function.name not in (*functions, *kept):
            function.linkage = "internal"
            if not function.name.startswith(PREFIX):
                function.add_function_attribute("alwaysinline")
    return module


def _check_external(name: str, program: Program, target: Target) -> None:
    if is_known(name, host=target.name == "host"):
        return
    for thunk in program.steps():
        if any(re.search(rf"@{re.escape(name)}\b", program.kernels[k]) for k in kernels_of(thunk)):
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
    lines = text.splitlines()
    if place and int(place[1]) <= len(lines):  # else at the end of the text
        details.append("in: " + lines[int(place[1]) - 1].strip())
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
