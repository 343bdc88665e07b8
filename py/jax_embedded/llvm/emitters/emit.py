# SPDX-License-Identifier: Apache-2.0
"""The functions of a program that we write ourselves, each of them once."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf, prod

from llvmlite import ir

from jax_embedded.ir.program import Program
from jax_embedded.ir.thunks import (
    BakedDotThunk,
    ConvolutionThunk,
    CopyThunk,
    DotThunk,
    EmittedThunk,
    FftThunk,
    ReduceThunk,
    Slice,
    SortThunk,
    TopKThunk,
    reads_and_writes,
    without_places,
)
from jax_embedded.llvm.emitters.alike import Candidate, Told, groups, tables
from jax_embedded.llvm.emitters.arithmetic import SumOptions
from jax_embedded.llvm.emitters.baked_dot import baked_dot
from jax_embedded.llvm.emitters.code import Code, code_of, define_constant
from jax_embedded.llvm.emitters.convolution import convolution
from jax_embedded.llvm.emitters.dot import dot
from jax_embedded.llvm.emitters.dsp import call_fft, dot_call, has_fft
from jax_embedded.llvm.emitters.fft import fft
from jax_embedded.llvm.emitters.pairs import neon_attributes, with_neon
from jax_embedded.llvm.emitters.reduce import reduce
from jax_embedded.llvm.emitters.sort import sort, top_k
from jax_embedded.llvm.emitters.tile_choice import CODE_WEIGHT
from jax_embedded.llvm.emitters.trial import (
    LONG_REDUCTION,
    LONG_SUM,
    best_tile,
    is_worth_trying,
)
from jax_embedded.llvm.math import PREFIX
from jax_embedded.target import Target

# Copies of short sums with so many products in all are worth it: what they read and write stays in
# registers. Beside more of them a call is nothing. Fewer, if code weighs more.
_MOST_COPIED = 512


@dataclass(frozen=True)
class EmittedFunctions:
    """text: LLVM IR of the functions.

    apart: of those that LLVM must not optimise, module by module.

    shared: the names of those that more than one thunk calls; the others are inlined.
    math: the math functions that they call; see `define_math`.
    origins: where each of them comes from, for messages.
    paired: those that load pairs of neighbours, and the one that calls them if they become a part
        of it. attributes: LLVM's, of this one.
    """

    text: str
    apart: tuple[str, ...]
    shared: tuple[str, ...]
    math: frozenset[str]
    origins: Mapping[str, str]
    paired: frozenset[str]
    attributes: str
    _names: Mapping[EmittedThunk, tuple[str, str | None]]
    _mve: bool

    def call(self, thunk: EmittedThunk) -> tuple[str, tuple[Slice, ...], str | None]:
        """The function that does what the thunk says, what its pointers point to, and one more
        argument, if there is one: LLVM IR.
        """
        name, told = self._names[without_places(thunk)]
        return name, _pointers(thunk), told

    def hides_constants(self, thunk: EmittedThunk) -> bool:
        """Whether LLVM must not see that the thunk reads constants. Where it does without loops,
        LLVM would make constants of its own of the vectors, each with an address; in loops, it
        would make the address in each of them.
        """
        return (self._mve and isinstance(thunk, DotThunk)) or bool(self.attributes)


def emit_functions(
    program: Program,
    same_code: Mapping[str, str],
    target: Target,
    options: SumOptions,
    unpaired: Collection[str] = (),
) -> EmittedFunctions:
    """same_code: see KernelCalls.

    unpaired: functions that must not load neighbours two by two.
    """
    size = options.size
    most_copied = _MOST_COPIED * CODE_WEIGHT / options.weight
    thunks = [step for step in program.steps() if isinstance(step, EmittedThunk)]
    count = Counter(without_places(thunk) for thunk in thunks)
    first = {without_places(thunk): thunk for thunk in reversed(thunks)}
    others = sum(1 for step in program.steps() if not isinstance(step, CopyThunk)) > 1
    is_all = not others and program.name not in unpaired
    functions = []
    for number, thunk in enumerate(count):
        name = f"{program.name}.{number}.{_kind(thunk)}"
        chosen = replace(options, pairs=False)
        called = options.library and _is_called(thunk)
        pointers = len(_pointers(thunk))
        write = partial(_write, thunk, same_code, target)
        if _is_long_sum(thunk) and not called and is_worth_trying(target, size=size):
            pairs = options.pairs and name not in unpaired
            _, chosen = best_tile(write, pointers, target, chosen, pairs=pairs, of=thunk)
        copied = "f32" in target.float_dtypes and not size
        copied = copied and count[thunk] * _products(thunk) <= most_copied
        inline = count[thunk] == 1 or copied
        paired = chosen.pairs and target.pairs_are_doubles
        if paired:
            inline = is_all and _products(thunk) <= most_copied
        inline = inline and not isinstance(thunk, BakedDotThunk)
        candidate = Candidate(
            partial(write, options=chosen), pointers, count[thunk], inline, paired
        )
        may_be_told = isinstance(thunk, DotThunk | ConvolutionThunk) and not (called or copied)
        functions.append(_Function(name, thunk, candidate, may_be_told))
    written = _Written()
    for group in _groups(functions, target, options):
        written.add(group)
    neon = with_neon(code_of(written.apart), target) if written.apart.functions else ""
    in_order = code_of(written.in_order) if written.in_order.functions else ""
    paired = [one for one in functions if one.candidate.paired]
    inlined = any(one.candidate.inline for one in paired)
    return EmittedFunctions(
        code_of(written.module),
        tuple(filter(None, (neon, in_order))),
        tuple(written.shared),
        frozenset(
            name
            for module in (written.module, written.apart, written.in_order)
            for name in module.globals
            if name.startswith(PREFIX)
        ),
        {one.name: _described(first[one.thunk]) for one in functions},
        frozenset([*(one.name for one in paired), *([program.name] if inlined else [])]),
        neon_attributes(target) if inlined else "",
        written.names,
        "+mve" in target.features,
    )


@dataclass(frozen=True)
class _Function:
    """may_be_told: whether it may become one with others that differ in numbers alone."""

    name: str
    thunk: EmittedThunk
    candidate: Candidate
    may_be_told: bool


def _groups(
    functions: Sequence[_Function], target: Target, options: SumOptions
) -> list[list[_Function]]:
    """Those that become one, in the order of the first of each."""
    places = [i for i, one in enumerate(functions) if one.may_be_told and target.name != "host"]
    found = groups([functions[i].candidate for i in places], target, options)
    together = [[places[i] for i in group] for group in found]
    alone = [[i] for i in range(len(functions)) if i not in places]
    return [[functions[i] for i in group] for group in sorted([*together, *alone])]


class _Written:
    """apart: functions that load pairs. in_order: those with weights in their code."""

    def __init__(self) -> None:
        self.module, self.apart, self.in_order = ir.Module(), ir.Module(), ir.Module()
        self.names: dict[EmittedThunk, tuple[str, str | None]] = {}
        self.shared: list[str] = []

    def add(self, group: Sequence[_Function]) -> None:
        """Writes one function for all of them."""
        one = group[0]
        pointers, inline = one.candidate.pointers, one.candidate.inline
        module = self.module
        if isinstance(one.thunk, BakedDotThunk):
            module = self.in_order
        elif one.candidate.paired:
            module = self.apart
        told = None
        if len(group) > 1:
            found = tables([other.candidate for other in group])
            told, inline = Told(found), False
            for other, numbers in zip(group, found.constants(), strict=True):
                argument = str(numbers)
                if found.fields is None:
                    table = define_constant(self.module, numbers, f"{other.name}.numbers")
                    argument = f"ptr {table.get_reference()}"
                self.names[other.thunk] = one.name, argument
        else:
            self.names[one.thunk] = one.name, None
        code = Code(module, one.name, pointers, inline=inline, numbers=told)
        one.candidate.write(code)
        code.end()
        if module is not self.module:
            code.declare_in(self.module)
        if not inline or module is not self.module:
            self.shared.append(one.name)


def _is_called(thunk: EmittedThunk) -> bool:
    """Whether the DSP library does it."""
    if isinstance(thunk, FftThunk):
        return has_fft(thunk)
    return isinstance(thunk, DotThunk) and dot_call(thunk) is not None


def _is_long_sum(thunk: EmittedThunk) -> bool:
    """Whether what a call takes is little beside it."""
    if isinstance(thunk, ReduceThunk):
        return _products(thunk) >= LONG_REDUCTION
    sums = isinstance(thunk, DotThunk | ConvolutionThunk) and thunk.out.shape.dtype == "f32"
    return sums and _products(thunk) >= LONG_SUM


def _products(thunk: EmittedThunk) -> float:
    """Of a sum of products, or elements of a reduction; of others, more than any."""
    if isinstance(thunk, ReduceThunk):
        return prod(axis.extent for axis in (*thunk.outer, *thunk.reduced))
    if not isinstance(thunk, DotThunk | ConvolutionThunk):
        return inf
    extents = [axis.extent for axis in (*thunk.outer, *thunk.contracting)]
    if isinstance(thunk, ConvolutionThunk):
        extents += [axis.extent * axis.size for axis in thunk.window]
    return prod(extents)


def _described(thunk: EmittedThunk) -> str:
    """For messages."""
    if not isinstance(thunk, BakedDotThunk):
        return str(thunk.origin)
    dtype = thunk.out.shape.dtype
    return f"{thunk.origin}, {dtype}[{len(thunk.terms)}] to {dtype}[{len(thunk.results)}]"


def _kind(thunk: EmittedThunk) -> str:
    return re.sub("(?<!^)(?=[A-Z])", "_", type(thunk).__name__.removesuffix("Thunk")).lower()


def _write(
    thunk: EmittedThunk,
    same_code: Mapping[str, str],
    target: Target,
    code: Code,
    options: SumOptions,
) -> None:
    if isinstance(thunk, BakedDotThunk):
        baked_dot(code, thunk, target, contract=options.contract)
    elif isinstance(thunk, DotThunk):
        dot(code, thunk, target, options)
    elif isinstance(thunk, ReduceThunk):
        reduce(code, thunk, target, options)
    elif isinstance(thunk, ConvolutionThunk):
        convolution(code, thunk, target, options)
    elif isinstance(thunk, SortThunk):
        sort(code, thunk, same_code.get(thunk.comparator, thunk.comparator))
    elif isinstance(thunk, TopKThunk):
        top_k(code, thunk)
    elif options.library and has_fft(thunk):
        call_fft(code, thunk)
    else:
        fft(code, thunk, contract=options.contract)


def _pointers(thunk: EmittedThunk) -> tuple[Slice, ...]:
    """What the function's arguments point to, in order."""
    if isinstance(thunk, SortThunk):
        return thunk.operands + thunk.scratch
    reads, writes = reads_and_writes(thunk)
    return reads + writes
