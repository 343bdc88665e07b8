# SPDX-License-Identifier: Apache-2.0
"""Stage 4, codegen: LinkedModule -> ObjectCode."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, product
from typing import TypeVar, get_args

import llvmlite.binding as llvm

from jax_embedded.errors import ExportError, InternalError
from jax_embedded.llvm.abi import is_known
from jax_embedded.llvm.assembly import executed
from jax_embedded.llvm.call_order import has_operations, late_operations
from jax_embedded.llvm.link import LinkedModule
from jax_embedded.llvm.math import PREFIX
from jax_embedded.llvm.mve import safe_comparisons
from jax_embedded.llvm.object_file import Section, function_sizes, sections, undefined_symbols
from jax_embedded.llvm.optimise import RETURNS_LAST, Goal, optimise, prefer_short_code
from jax_embedded.llvm.targets import data_layout, target_machine
from jax_embedded.target import Target

# LLVM leaves instructions in the order of the IR, and makes a constant where it is used.
_IN_ORDER = (
    "-pre-RA-sched=source",
    "-enable-misched=false",
    "-disable-post-ra",
    "-enable-post-misched=false",
    "-disable-constant-hoisting",
    "-disable-machine-cse",
    "-disable-cgp",
)
# Orders of instructions: the usual one, and another one that may take fewer.
_USUAL_ORDER = ("-pre-RA-sched=default",)
# Where operations of floats are calls, few registers keep their values across them: as few values
# as possible wait.
_ORDER_OF_CALLS = ("-pre-RA-sched=list-burr", "-pre-RA-sched=default")
# LLVM's scheduler hides latencies, and may pay with registers that are stored and loaded again.
# Where short code is preferred, it does not run.
_FPU_ORDER = ("-enable-misched=true", "-enable-misched=false")
# Where short code is preferred: how addresses go on in loops, as we wrote them or as LLVM likes,
# which is mostly longer for our own loops and shorter for XLA's.
_ADDRESSES = tuple((f"{RETURNS_LAST}=true", f"-disable-lsr={off}") for off in ("true", "false"))
# Whether a constant is loaded in front of loops, or where it is used: then it needs no register
# that is saved for it, nor a copy where it is where a sum begins.
_CONSTANTS = tuple((f"-disable-machine-licm={off}",) for off in ("false", "true"))
# Between our own functions: what calls one keeps values in the registers that it does not change.
# Not together with functions that LLVM makes of equal pieces of code at the end: what has such a
# piece may then change one register more.
_OWN_CALLS = ("-enable-ipra=true", "-enable-machine-outliner=never")
_EQUAL_PIECES = ("-enable-ipra=false", "-enable-machine-outliner=always")
# Of LLVM IR before optimisation, for which several ways are tried: for fast code, and for short.
_MOST_LINES, _MOST_LINES_OF_SHORT_CODE = 10_000, 30_000
# Where short code is preferred, each may be what makes the shortest.
_GOALS: tuple[Goal, ...] = get_args(Goal)
_Emitted = TypeVar("_Emitted", str, bytes)


@dataclass(frozen=True)
class _Way:
    """text: LLVM IR. options: LLVM's."""

    text: str
    options: tuple[str, ...]


@dataclass(frozen=True)
class ObjectCode:
    """The function for one target.

    llvm_ir: after optimisation.
    assembly: GNU assembler text. object: an ELF relocatable file with the same code.
    sections: name and size of what ends up in memory.
    externals: the functions that it calls, sorted.
    functions: the bytes of each function in the object.
    """

    llvm_ir: str
    assembly: str
    object: bytes
    sections: tuple[Section, ...]
    externals: tuple[str, ...]
    functions: Mapping[str, int]

    @property
    def code_bytes(self) -> int:
        """Of the instructions and what lies among them."""
        return sum(section.size for section in self.sections if section.kind == "code")


def codegen(linked: LinkedModule, target: Target, *, size: bool = False) -> ObjectCode:
    """Optimises and compiles. An abort inside LLVM ends the process: run it in a child.

    size: prefer short code.

    Errors: ExportError if the code needs a function that is not on the ABI list, InternalError if
    LLVM fails.
    """
    if linked.baked:
        target = target.without_literals()
    for option in _IN_ORDER if linked.baked else _USUAL_ORDER:
        llvm.set_option("jax_embedded", option)
    machine = target_machine(target)
    ways = _ways(linked, target, machine, size=size)
    # Of a long program LLVM would take as many seconds for each.
    if linked.llvm_ir.count("\n") > (_MOST_LINES_OF_SHORT_CODE if size else _MOST_LINES):
        ways = islice(ways, 1)
    text, assembly, data = _best(list(ways), machine, size=size)
    externals = undefined_symbols(data)
    unknown = [name for name in externals if not is_known(name, host=target.name == "host")]
    if unknown:
        raise ExportError(
            "unsupported-operation",
            f"{linked.entry}: expected operations that {target.name} can do,"
            f" found that LLVM calls {', '.join(unknown)}",
            "compute with other dtypes, such as f32 instead of f16 or bf16",
        )
    return ObjectCode(text, assembly, data, sections(data), externals, function_sizes(data))


def _ways(
    linked: LinkedModule, target: Target, machine: llvm.TargetMachine, *, size: bool
) -> Iterator[_Way]:
    """How LLVM may be told to make the code; the way that mostly is the best one comes first."""
    goals: Sequence[Goal] = _GOALS if size else ("speed",)
    seen = set()
    for goal in goals:
        text = _optimised(linked, target, goal, short=size)
        if text in seen:
            continue
        seen.add(text)
        orders = _FPU_ORDER if target.fused and not size else _USUAL_ORDER
        if linked.baked:
            orders = _IN_ORDER[:1]
        elif not target.float_dtypes and has_operations(text):
            orders = _ORDER_OF_CALLS
            text = late_operations(text, machine)
        if "+mve" in target.features:
            text = safe_comparisons(text)
        choices: list[Sequence[tuple[str, ...]]] = [[(order,) for order in orders]]
        if size:
            choices += [_ADDRESSES, _CONSTANTS]
        if _has_own_calls(text, target):
            choices.append([_OWN_CALLS, _EQUAL_PIECES] if size else [_OWN_CALLS])
        yield from (_Way(text, tuple(chain(*choice))) for choice in product(*choices))


def _has_own_calls(llvm_ir: str, target: Target) -> bool:
    """Whether it matters which registers the functions in it change. LLVM may write the loops of
    `lob` in another way once it has told.
    """
    wanted = "f32" in target.float_dtypes and "+lob" not in target.features
    return wanted and target.name != "host" and llvm_ir.count("\ndefine ") > 1


def _optimised(linked: LinkedModule, target: Target, goal: Goal, *, short: bool = False) -> str:
    """short: whether what is left to do is to make short code."""
    module = llvm.parse_assembly(linked.llvm_ir)
    optimise(module, target, goal)
    wanted = {linked.entry, *linked.shared}
    leftover = [
        f.name
        for f in module.functions
        if not (f.is_declaration or f.name in wanted or _is_math(f, linked))
    ]
    if leftover:
        raise InternalError(
            f"codegen: expected {', '.join(sorted(wanted))}, found {', '.join(leftover)} as well"
        )
    _link_apart(module, linked, target)
    if short:
        prefer_short_code(module)
    return str(module)


def _best(
    ways: Sequence[_Way], machine: llvm.TargetMachine, *, size: bool
) -> tuple[str, str, bytes]:
    """The LLVM IR, the assembly and the object, in the way that takes the fewest instructions, or
    the shortest code.
    """

    def emitted(way: _Way, emit: Callable[[llvm.ModuleRef], _Emitted]) -> _Emitted:
        for option in way.options:
            llvm.set_option("jax_embedded", option)
        return emit(llvm.parse_assembly(way.text))  # which it changes

    if size:
        objects = [emitted(way, machine.emit_object) for way in ways]
        place = _least([sum(part.size for part in sections(data)) for data in objects])
        data = objects[place]
        assembly = emitted(ways[place], machine.emit_assembly)
    else:
        assemblies = [emitted(way, machine.emit_assembly) for way in ways]
        place = _least([executed(assembly) for assembly in assemblies])
        assembly = assemblies[place]
        data = emitted(ways[place], machine.emit_object)
    for option in ways[0].options:
        llvm.set_option("jax_embedded", option)
    return ways[place].text, assembly, data


def _least(found: Sequence[int]) -> int:
    """The place of the first one of the least."""
    return found.index(min(found))


def _link_apart(module: llvm.ModuleRef, linked: LinkedModule, target: Target) -> None:
    head = f'target datalayout = "{data_layout(target)}"\ntarget triple = "{target.triple}"\n'
    for text in linked.apart:
        apart = llvm.parse_assembly(head + text)
        names = [function.name for function in apart.functions if not function.is_declaration]
        for name in names:
            apart.get_function(name).linkage = "external"
        module.link_in(apart)
        for name in names:
            module.get_function(name).linkage = "internal"
    for name in linked.called_apart:
        module.get_function(name).linkage = "internal"
    if linked.entry in linked.paired:
        _inline(module, target)


def _inline(module: llvm.ModuleRef, target: Target) -> None:
    """Whatever has to be, and nothing else."""
    passes = llvm.create_new_module_pass_manager()
    passes.add_always_inliner_pass()
    passes.add_sroa_pass()  # for a result that is returned
    options = llvm.create_pipeline_tuning_options()
    passes.run(module, llvm.create_pass_builder(target_machine(target), options))


def _is_math(function: llvm.ValueRef, linked: LinkedModule) -> bool:
    """Whether it may stay."""
    return function.name in linked.called_apart or (
        function.name.startswith(PREFIX) and function.linkage == llvm.Linkage.internal
    )
