# SPDX-License-Identifier: Apache-2.0
"""The functions of a program that we write ourselves, each of them once."""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import inf, prod

from llvmlite import ir

from jax_embedded.ir.program import Program
from jax_embedded.ir.thunks import (
    BakedDotThunk,
    ConvolutionThunk,
    DotThunk,
    EmittedThunk,
    FftThunk,
    Slice,
    SortThunk,
    TopKThunk,
    reads_and_writes,
    without_places,
)
from jax_embedded.llvm.emitters.arithmetic import SumOptions
from jax_embedded.llvm.emitters.baked_dot import baked_dot
from jax_embedded.llvm.emitters.code import POINTER, Code, code_of
from jax_embedded.llvm.emitters.convolution import convolution
from jax_embedded.llvm.emitters.dot import dot
from jax_embedded.llvm.emitters.dsp import call_fft, dot_call, has_fft
from jax_embedded.llvm.emitters.fft import fft
from jax_embedded.llvm.emitters.pairs import with_neon
from jax_embedded.llvm.emitters.sort import sort, top_k
from jax_embedded.llvm.emitters.trial import LONG_SUM, best_tile, is_worth_trying
from jax_embedded.target import Target

# Copies of short sums with so many products in all are worth it: what they read and write stays in
# registers.
_MOST_COPIED = 512


@dataclass(frozen=True)
class EmittedFunctions:
    """text: LLVM IR of the functions.

    apart: of those that LLVM must not optimise, module by module.

    shared: the names of those that more than one thunk calls; the others are inlined.
    origins: where each of them comes from, for messages.
    """

    text: str
    apart: tuple[str, ...]
    shared: tuple[str, ...]
    origins: Mapping[str, str]
    _names: Mapping[EmittedThunk, str]

    def call(self, thunk: EmittedThunk) -> tuple[str, tuple[Slice, ...]]:
        """The function that does what the thunk says, and what its pointers point to."""
        return self._names[without_places(thunk)], _pointers(thunk)


def emit_functions(
    program: Program,
    same_code: Mapping[str, str],
    target: Target,
    *,
    contract: bool,
    size: bool = False,
    library: bool = False,
    unpaired: Collection[str] = (),
) -> EmittedFunctions:
    """same_code: see KernelCalls. contract: allow fused multiply-add where the core has it.

    size: prefer short code. library: see SumOptions.
    unpaired: functions that must not load neighbours two by two.
    """
    module, apart, in_order = ir.Module(), ir.Module(), ir.Module()
    thunks = [step for step in program.steps() if isinstance(step, EmittedThunk)]
    count = Counter(without_places(thunk) for thunk in thunks)
    first = {without_places(thunk): thunk for thunk in reversed(thunks)}
    names = {}
    shared = []
    origins: dict[str, str] = {}
    for number, thunk in enumerate(count):
        name = f"{program.name}.{number}.{_kind(thunk)}"
        options = SumOptions(contract, size, library=library)
        called = library and _is_called(thunk)
        if _is_long_sum(thunk) and not called and is_worth_trying(target, size=size):
            pairs = target.loads_pairs and not size and name not in unpaired

            def write(code: Code, tried: SumOptions, thunk: EmittedThunk = thunk) -> None:
                _write(code, thunk, same_code, target, tried)

            _, options = best_tile(write, len(_pointers(thunk)), target, options, pairs=pairs)
        pointers = len(_pointers(thunk))
        copied = "f32" in target.float_dtypes and not size
        copied = copied and count[thunk] * _products(thunk) <= _MOST_COPIED
        baked = isinstance(thunk, BakedDotThunk)
        inline = (count[thunk] == 1 or copied) and not options.pairs and not baked
        written = in_order if baked else apart if options.pairs else module
        code = Code(written, name, pointers, inline=inline)
        _write(code, thunk, same_code, target, options)
        code.end()
        names[thunk] = name
        origins[name] = _described(first[thunk])
        if options.pairs or baked:
            ir.Function(module, ir.FunctionType(ir.VoidType(), [POINTER] * pointers), name)
        if not inline:
            shared.append(name)
    neon = with_neon(code_of(apart), target.features) if apart.functions else ""
    apart_texts = (neon, code_of(in_order) if in_order.functions else "")
    return EmittedFunctions(
        code_of(module), tuple(filter(None, apart_texts)), tuple(shared), origins, names
    )


def _is_called(thunk: EmittedThunk) -> bool:
    """Whether the DSP library does it."""
    if isinstance(thunk, FftThunk):
        return has_fft(thunk)
    return isinstance(thunk, DotThunk) and dot_call(thunk) is not None


def _is_long_sum(thunk: EmittedThunk) -> bool:
    """Whether what a call takes is little beside it."""
    sums = isinstance(thunk, DotThunk | ConvolutionThunk) and thunk.out.shape.dtype == "f32"
    return sums and _products(thunk) >= LONG_SUM


def _products(thunk: EmittedThunk) -> float:
    """Of a sum of products; of others, more than any."""
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
    code: Code,
    thunk: EmittedThunk,
    same_code: Mapping[str, str],
    target: Target,
    options: SumOptions,
) -> None:
    if isinstance(thunk, BakedDotThunk):
        baked_dot(code, thunk, target, contract=options.contract)
    elif isinstance(thunk, DotThunk):
        dot(code, thunk, target, options)
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
