# SPDX-License-Identifier: Apache-2.0
"""What LLVM makes of one function, to choose among several ways of writing it."""

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from math import inf
from typing import NamedTuple, get_args

import llvmlite.binding as llvm
from llvmlite import ir

from jax_embedded.errors import InternalError
from jax_embedded.llvm.assembly import is_instruction, stack_bytes
from jax_embedded.llvm.emitters.arithmetic import Moves, SumOptions
from jax_embedded.llvm.emitters.code import Code, code_of
from jax_embedded.llvm.emitters.pairs import functions_with_neon, with_neon
from jax_embedded.llvm.emitters.tile_choice import CODE_WEIGHT, worth
from jax_embedded.llvm.object_file import function_sizes
from jax_embedded.llvm.optimise import optimise
from jax_embedded.llvm.targets import data_layout, target_machine
from jax_embedded.target import Target

_BLOCK = re.compile(r'(?:\.LBB\w+:|@ %bb\.\d+:).*@ %"?([\w.]+)"?')
_BYTES = 4  # of an instruction, at most

LONG_SUM = 200  # products: so many are worth the trouble
LONG_REDUCTION = 32  # elements
_MOST_TILES = 48
# Tiles with which each way is tried; the others are with the best of these.
_EACH_WAY = 2
# So many tiles in a row may be no better than the ones before; fewer where the estimate is close,
# which is that of instructions without vectors.
_PATIENCE, _PATIENCE_IF_CLOSE = 8, 5


class Cost(NamedTuple):
    """Of one call, and of the function. code, stack: bytes."""

    instructions: int
    code: int
    stack: int = 0


def rated(cost: Cost, options: SumOptions) -> tuple[float, float]:
    """See `worth`. Between fast and short code, the stack is as much worth as code."""
    stack = cost.stack if CODE_WEIGHT < options.weight < inf else 0
    return worth(cost.instructions, cost.code + stack, options.weight)


# Of what a function does on a target: what the tiles cost that were tried.
_known: defaultdict[tuple[Hashable, Target], dict[SumOptions, Cost | None]] = defaultdict(dict)


def is_worth_trying(target: Target, *, size: bool) -> bool:
    """Whether one tile for sums of f32 differs much from another."""
    return target.name != "host" and (size or "f32" in target.float_dtypes)


def best_tile(
    write: Callable[[Code, SumOptions], None],
    pointers: int,
    target: Target,
    options: SumOptions,
    *,
    pairs: bool,
    patience: int | None = None,
    one_way: bool = False,
    of: Hashable = None,
) -> tuple[Cost, SumOptions]:
    """What the tile costs that is worth most, and how to have it.

    write: writes a function with so many arguments.
    pairs: load pairs, unless no tile with them does without NEON.
    patience: see _PATIENCE.
    one_way: try that way alone to load pairs that mostly is the best one.
    of: what the function does; a tile that was tried of the same before is not tried again.
    """

    def cost(tried: SumOptions) -> Cost | None:
        known = {} if of is None else _known[of, target]
        if tried not in known:
            known[tried] = _cost(write, pointers, target, tried)
        return known[tried]

    if patience is None:
        close = target.float_lanes == 1 and not options.size
        patience = _PATIENCE_IF_CLOSE if close else _PATIENCE
    unpaired = replace(options, pairs=False)
    ways = [unpaired]
    if pairs and target.pairs_are_doubles:
        ways = [replace(options, pairs=True, moves=moves) for moves in get_args(Moves)]
    elif pairs:
        ways += [replace(options, pairs=True)]
        ways += [replace(options, pairs=True, moves="by_load")]
    best = _best_rank(cost, ways[-1:] if one_way else ways, patience)
    best = best or _best_rank(cost, [unpaired], patience)
    if not best:
        raise InternalError("tiles: expected one that can be compiled, found none")
    return best


def _best_rank(
    cost: Callable[[SumOptions], Cost | None], ways: Sequence[SumOptions], patience: int
) -> tuple[Cost, SumOptions] | None:
    """The best tile and way; None if each of them needs NEON."""
    best = None
    since = 0
    for rank in range(_MOST_TILES):
        since += 1
        if best and rank >= _EACH_WAY:
            ways = [best[1]]
        for way in ways:
            tried = replace(way, rank=rank)
            found = cost(tried)
            if found and (not best or rated(found, way) < rated(best[0], way)):
                best, since = (found, tried), 0
        if best and since == patience:
            break
    return best


def _cost(
    write: Callable[[Code, SumOptions], None], pointers: int, target: Target, options: SumOptions
) -> Cost | None:
    module = ir.Module()
    code = Code(module, "f", pointers, inline=False)
    write(code, options)
    code.end()
    text = code_of(module)
    paired = options.pairs and target.pairs_are_doubles
    if paired:
        text = with_neon(text, target)
    return trial(text, code.times, target, paired=paired, size=options.size)


def trial(
    llvm_ir: str,
    times: Mapping[str, int],
    target: Target,
    *,
    paired: bool = False,
    size: bool = False,
) -> Cost | None:
    """What a call of the function costs; None if it needs NEON.

    llvm_ir: of the function. size: prefer short code.
    paired: whether it loads pairs; then LLVM compiles it as it is, and may find use for NEON.
    times: by the name of a basic block, how often a call executes it; others, as often as the one
        before.
    """
    found = _compiled(llvm_ir, target, paired, size)
    if found is None:
        return None
    blocks, code, stack = found
    instructions, now = 0, 1
    for name, count in blocks:
        now = times.get(name, now)
        instructions += now * count
    return Cost(instructions, code, stack)


@cache
def _compiled(
    llvm_ir: str, target: Target, paired: bool, size: bool
) -> tuple[list[tuple[str, int]], int, int] | None:
    """The instructions of each basic block, and bytes of code and of the stack."""
    head = f'target datalayout = "{data_layout(target)}"\ntarget triple = "{target.triple}"\n'
    module = llvm.parse_assembly(head + llvm_ir)
    functions = [function for function in module.functions if not function.is_declaration]
    for function in functions:
        function.linkage = "external"
    if not paired:
        optimise(module, target, "short loops" if size else "speed")
    names = [function.name for function in functions]
    text = str(module) if size else ""  # before LLVM changes it
    machine = target_machine(target)
    machine.set_asm_verbosity(True)
    assembly = machine.emit_assembly(module)
    machine.set_asm_verbosity(False)
    if paired and functions_with_neon(assembly, names):
        return None
    blocks = [("", 0)]
    for line in assembly.splitlines():
        if found := _BLOCK.match(line):
            blocks.append((found[1], 0))
        elif is_instruction(line):
            name, count = blocks[-1]
            blocks[-1] = (name, count + 1)
    code = _BYTES * sum(count for _, count in blocks)
    if size:
        code = sum(function_sizes(machine.emit_object(llvm.parse_assembly(text))).values())
    return blocks, code, max(stack_bytes(assembly, name) for name in names)
