# SPDX-License-Identifier: Apache-2.0
"""Stage 4, codegen: LinkedModule -> ObjectCode."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain
from typing import TypeVar, get_args

import llvmlite.binding as llvm

from jax_embedded.errors import ExportError, InternalError
from jax_embedded.llvm.abi import is_known
from jax_embedded.llvm.assembly import executed, stack_bytes
from jax_embedded.llvm.call_order import has_operations, late_operations
from jax_embedded.llvm.emitters.tile_choice import AS_GOOD, worth
from jax_embedded.llvm.kept_values import with_fewer_kept
from jax_embedded.llvm.link import LinkedModule
from jax_embedded.llvm.math import PREFIX
from jax_embedded.llvm.mve import safe_comparisons
from jax_embedded.llvm.object_file import Section, function_sizes, sections, undefined_symbols
from jax_embedded.llvm.optimise import RETURNS_LAST, Goal, optimise, prefer_short_code
from jax_embedded.llvm.own_calls import with_pointers_in_r12
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
# In which order the values of a block get registers.
_LAST_FIRST = "-greedy-reverse-local-assignment"
# Orders of instructions: the usual one, and another one that may take fewer.
_USUAL_ORDER = (("-pre-RA-sched=default",),)
# Where operations of floats are calls, few registers keep their values across them: as few values
# as possible wait.
_ORDER_OF_CALLS = (("-pre-RA-sched=list-burr",), ("-pre-RA-sched=default",))
# LLVM's scheduler hides latencies, and may pay with registers that are stored and loaded again.
_FPU_ORDER = tuple(
    ("-pre-RA-sched=default", f"-enable-misched={scheduled}", f"{_LAST_FIRST}=false")
    for scheduled in ("true", "false")
)
# If values wait on the stack: other orders, of instructions and of getting registers. For code
# without branches only: how often loops are executed is a guess, and so is then what is better.
_FPU_ORDER_IF_STORED = tuple(
    (f"-pre-RA-sched={order}", f"-enable-misched={scheduled}", f"{_LAST_FIRST}=true")
    for order, scheduled in (("default", "true"), ("default", "false"), ("list-ilp", "true"))
)
# Where short code is preferred: orders that may take fewer registers, which are saved on the stack.
_SHORT_ORDER = (("-pre-RA-sched=default",), ("-pre-RA-sched=source",))
# Where it is chosen which values are kept in registers, that of the text, in which they get them.
_CHOSEN = (("-pre-RA-sched=source", "-enable-misched=false", f"{_LAST_FIRST}=true"),)
# Of 32 bits, for values. LLVM may get along with one less only.
_REGISTERS = (32, 31)
_SCHEDULED = (("-enable-misched=false",), ("-enable-misched=true",))
# How addresses go on in loops: one index for all arrays, or each behind its load or store, which
# then may do it. Where there is MVE, LLVM itself takes the latter.
_GOING_ON = "-lsr-preferred-addressing-mode"
_ADDRESSES = tuple((f"{_GOING_ON}={mode}",) for mode in ("none", "postindexed"))
# Whether a constant is loaded in front of loops, or where it is used: then it needs no register
# that is saved for it, nor a copy where it is where a sum begins.
_CONSTANTS = tuple((f"-disable-machine-licm={off}",) for off in ("false", "true"))
# Where short code is preferred, both together, as what is best of the one depends on the other;
# and addresses may go on as we wrote it, which is mostly shorter for our own loops.
_SHORT_LOOPS = tuple(
    (f"{RETURNS_LAST}=true", f"-disable-lsr={as_written}", f"{_GOING_ON}={mode}", *constants)
    for as_written, mode in (("false", "postindexed"), ("false", "none"), ("true", "none"))
    for constants in _CONSTANTS
)
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
    """text: LLVM IR. choices: LLVM's options, of each choice the usual ones first.

    if_stored: more of the first choice, for code with values that wait on the stack.
    """

    text: str
    choices: Sequence[_Choice]
    if_stored: _Choice = ()

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
    _set((_IN_ORDER,) if linked.baked else _USUAL_ORDER)
    machine = target_machine(target)
    fast = not size and code_weight is None
    found = _ways(linked, target, machine, size=size, fast=fast)
    # Of a long program LLVM would take as many seconds for each.
    if linked.llvm_ir.count("\n") > (_MOST_LINES_OF_SHORT_CODE if size else _MOST_LINES):
        first = next(found)
        ways = [_Ways(first.text, [[options] for options in first.usual])]
    else:
        ways = list(found)

    def stack(found: _Candidate) -> int:
        return 0 if target.name == "host" else stack_bytes(found.assembly, linked.entry)

    @cache
    def cost(found: _Candidate) -> tuple[float, float]:
        if fast:
            return executed(found.assembly), 0
        parts = sections(found.object)
        if code_weight is None:
            return sum(part.size for part in parts) + stack(found), executed(found.assembly)
        return worth(executed(found.assembly), _code_bytes(parts) + stack(found), code_weight)

    bests = [_best(one, machine, cost) for one in ways]
    best = _shortest_of_fastest(bests, stack) if fast and len(bests) > 1 else min(bests, key=cost)
    text, assembly, data = best.text, best.assembly, best.object
    _set(ways[0].usual)
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
    has_mve = "+mve" in target.features
    has_thumb_2 = target.triple.startswith("thumb") and target.multiplies_long
    seen = set()
    for goal in goals:
        text = _optimised(linked, target, goal, short=size)
        if text in seen:
            continue
        seen.add(text)
        orders = _SHORT_ORDER if size else _FPU_ORDER if target.fused else _USUAL_ORDER
        if linked.baked:
            orders = (_IN_ORDER[:1],)
        elif not target.float_dtypes and has_operations(text):
            orders = _ORDER_OF_CALLS
            text = late_operations(text, machine)
        if has_mve:
            text = safe_masks(safe_comparisons(text))
        if has_thumb_2:
            text = with_pointers_in_r12(text)  # which Thumb-1 has little use for
        choices: list[_Choice] = [orders]
        if size:
            choices = [_SHORT_LOOPS, orders]  # which order is best depends on the loops
            if not linked.baked:
                choices.append(_SCHEDULED)
        elif has_thumb_2 and not has_mve and "\n  br " in text:
            choices.append(_ADDRESSES)
        if not (size or fast):
            choices.append(_CONSTANTS)
        if _has_own_calls(text, target):
            choices.append([_OWN_CALLS, _EQUAL_PIECES] if size else [_OWN_CALLS])
        is_straight = orders is _FPU_ORDER and "\n  br " not in text
        yield _Ways(text, choices, _FPU_ORDER_IF_STORED if is_straight else ())
        if is_straight:
            for registers in _REGISTERS:
                if fewer := with_fewer_kept(text, linked.entry, machine, registers):
                    yield _Ways(fewer, [_CHOSEN, *choices[1:]])


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
    ways: _Ways,
    machine: llvm.TargetMachine,
    cost: Callable[[_Candidate], tuple[float, float]],
) -> _Candidate:
    """The one that costs least, or the first of these: one choice is made after the other."""
    best = _Candidate(ways.text, ways.usual, machine)

    def better(place: int, choice: _Choice) -> _Candidate:
        chosen = best.options
        others = [
            _Candidate(ways.text, (*chosen[:place], options, *chosen[place + 1 :]), machine)
            for options in choice
        ]
        return min([best, *others], key=cost)

    for place, choice in enumerate(ways.choices):
        best = better(place, choice[1:])
    if ways.if_stored and "[sp" in best.assembly:
        best = better(0, ways.if_stored)
    return best


def _shortest_of_fastest(
    found: Sequence[_Candidate], stack: Callable[[_Candidate], int]
) -> _Candidate:
    """The most for its bytes, of those that take about as few instructions as the best one."""
    most = min(executed(one.assembly) for one in found) * (1 + AS_GOOD)

    def cost(one: _Candidate) -> tuple[float, float]:
        size = _code_bytes(sections(one.object)) + stack(one)
        return worth(executed(one.assembly), size, 1)

    return min((one for one in found if executed(one.assembly) <= most), key=cost)


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
