# SPDX-License-Identifier: Apache-2.0
"""Stage 4, codegen: LinkedModule -> ObjectCode."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain
from typing import TypeVar, get_args

import llvmlite.binding as llvm

from jax_embedded.errors import ExportError, InternalError
from jax_embedded.llvm.abi import is_known
from jax_embedded.llvm.assembly import executed, stack_bytes
from jax_embedded.llvm.call_order import has_operations, late_operations
from jax_embedded.llvm.emitters.tile_choice import worth
from jax_embedded.llvm.link import LinkedModule
from jax_embedded.llvm.math import PREFIX
from jax_embedded.llvm.mve import safe_comparisons
from jax_embedded.llvm.object_file import Section, function_sizes, sections, undefined_symbols
from jax_embedded.llvm.optimise import RETURNS_LAST, Goal, optimise, prefer_short_code
from jax_embedded.llvm.tail_predication import safe_masks
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
_FPU_ORDER = ("-enable-misched=true", "-enable-misched=false")
# Where short code is preferred: orders that may take fewer registers, which are saved on the stack.
_SHORT_ORDER = ("-pre-RA-sched=default", "-pre-RA-sched=source")
_SCHEDULED = (("-enable-misched=false",), ("-enable-misched=true",))
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
_Options = tuple[str, ...]
_Choice = Sequence[_Options]
_Code = TypeVar("_Code", str, bytes)


@dataclass(frozen=True)
class _Ways:
    """text: LLVM IR. choices: LLVM's options, of each choice the usual ones first."""

    text: str
    choices: Sequence[_Choice]

    @property
    def usual(self) -> tuple[_Options, ...]:
        return tuple(choice[0] for choice in self.choices)


@dataclass(frozen=True)
class _Candidate:
    """What LLVM makes of the text, with these options."""

    text: str
    options: tuple[_Options, ...]
    machine: llvm.TargetMachine

    @cached_property
    def assembly(self) -> str:
        return self._emitted(self.machine.emit_assembly)

    @cached_property
    def object(self) -> bytes:
        return self._emitted(self.machine.emit_object)

    def _emitted(self, emit: Callable[[llvm.ModuleRef], _Code]) -> _Code:
        _set(self.options)
        return emit(llvm.parse_assembly(self.text))  # which it changes


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
        return _code_bytes(self.sections)


def codegen(
    linked: LinkedModule, target: Target, *, size: bool = False, code_weight: float | None = None
) -> ObjectCode:
    """Optimises and compiles. An abort inside LLVM ends the process: run it in a child.

    size: prefer short code.
    code_weight: see `worth`; None: as the goal has it.

    Errors: ExportError if the code needs a function that is not on the ABI list, InternalError if
    LLVM fails.
    """
    if linked.baked:
        target = target.without_literals()
    for option in _IN_ORDER if linked.baked else _USUAL_ORDER:
        llvm.set_option("jax_embedded", option)
    machine = target_machine(target)
    fast = not size and code_weight is None
    ways = _ways(linked, target, machine, size=size, fast=fast)
    # Of a long program LLVM would take as many seconds for each.
    if linked.llvm_ir.count("\n") > (_MOST_LINES_OF_SHORT_CODE if size else _MOST_LINES):
        first = next(ways)
        ways = [_Ways(first.text, [[options] for options in first.usual])]

    @cache
    def cost(found: _Candidate) -> tuple[float, float]:
        if fast:
            return executed(found.assembly), 0
        stack = 0 if target.name == "host" else stack_bytes(found.assembly, linked.entry)
        parts = sections(found.object)
        if code_weight is None:
            return sum(part.size for part in parts) + stack, 0
        return worth(executed(found.assembly), _code_bytes(parts) + stack, code_weight)

    best = _best(ways, machine, cost)
    text, assembly, data = best.text, best.assembly, best.object
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


def _code_bytes(parts: Sequence[Section]) -> int:
    return sum(section.size for section in parts if section.kind == "code")


def _ways(
    linked: LinkedModule, target: Target, machine: llvm.TargetMachine, *, size: bool, fast: bool
) -> Iterator[_Ways]:
    """How LLVM may be told to make the code; the way that mostly is the best one comes first."""
    goals: Sequence[Goal] = _GOALS if size else ("speed",)
    seen = set()
    for goal in goals:
        text = _optimised(linked, target, goal, short=size)
        if text in seen:
            continue
        seen.add(text)
        orders = _SHORT_ORDER if size else _FPU_ORDER if target.fused else _USUAL_ORDER
        if linked.baked:
            orders = _IN_ORDER[:1]
        elif not target.float_dtypes and has_operations(text):
            orders = _ORDER_OF_CALLS
            text = late_operations(text, machine)
        if "+mve" in target.features:
            text = safe_masks(safe_comparisons(text))
        choices: list[_Choice] = [[(order,) for order in orders]]
        if size:
            choices.append(_ADDRESSES)
        if not fast:
            choices.append(_CONSTANTS)
        if size and not linked.baked:
            choices.append(_SCHEDULED)
        if _has_own_calls(text, target):
            choices.append([_OWN_CALLS, _EQUAL_PIECES] if size else [_OWN_CALLS])
        yield _Ways(text, choices)


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
    ways: Iterable[_Ways],
    machine: llvm.TargetMachine,
    cost: Callable[[_Candidate], tuple[float, float]],
) -> _Candidate:
    """The one that costs least, or the first of these: one choice is made after the other."""
    bests = []
    usual: tuple[_Options, ...] = ()
    for one in ways:
        usual = usual or one.usual
        best = _Candidate(one.text, one.usual, machine)
        for place, choice in enumerate(one.choices):
            chosen = best.options
            others = [
                _Candidate(one.text, (*chosen[:place], options, *chosen[place + 1 :]), machine)
                for options in choice[1:]
            ]
            best = min([best, *others], key=cost)
        bests.append(best)
    best = min(bests, key=cost)
    _ = best.object  # with its own options
    _set(usual)
    return best


def _set(options: tuple[_Options, ...]) -> None:
    for option in chain(*options):
        llvm.set_option("jax_embedded", option)


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
