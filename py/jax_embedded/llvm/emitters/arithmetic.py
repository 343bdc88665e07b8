# SPDX-License-Identifier: Apache-2.0
"""What sums of products are computed with, by dtype and core."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Literal

from llvmlite import ir

from jax_embedded.ir.elementwise import Operation
from jax_embedded.ir.thunks import Reduction
from jax_embedded.llvm.emitters.code import I32
from jax_embedded.llvm.emitters.number import Number, Value, number
from jax_embedded.llvm.emitters.prologue import Prologue
from jax_embedded.llvm.emitters.reduction import Extremum, ExtremumOfBits, Sum
from jax_embedded.llvm.emitters.tile_choice import CODE_WEIGHT, Registers
from jax_embedded.llvm.emitters.unpacked import MOST_TERMS, Unpacked
from jax_embedded.target import Target

# XLA defines no order of summation. A sum of more terms than this is made in parts, which keeps its
# error below what a test against JAX allows; a long one in as many parts as each of them has terms.
_TERMS = 16
# Up to so many in the order in which JAX adds them up are as close to its sum.
_SEQUENTIAL_TERMS = 64
# To unpack and to pack is more code than a few calls, and takes as long as two or three.
_UNPACKED_TERMS = 4
# How the addresses go on that loops read from: as LLVM likes; with each iteration; or behind each
# load, or some, which then does it.
Moves = Literal["freely", "by_iteration", "by_load"]
# The bits of 1.
_ONE = 127 << 23
# Instructions of a comparison of floats, what follows where it does not settle it, and of floats as
# integers.
_COMPARED, _RARE, _OF_BITS = 3, 19, 6
_OF_A_CALL = 40  # of an operation without an FPU
_COMPUTED_AS = {"f16": "f32", "bf16": "f32", "c64": "f32", "c128": "f64"}


@dataclass(frozen=True)
class Arithmetic:
    """What the products are computed with.

    number: an element. sum: what adds its products up without vectors.
    lanes: of a vector; 1 without vectors. size: whether short code is preferred.
    moves, pairs: see SumOptions. is_mve: whether the vectors are MVE's.
    one: where there is one array only, what stands in place of an element of the other.
    prologue: what becomes of elements before they are multiplied and added; nothing if None.
    """

    number: Number
    sum: Number | Unpacked | Sum | Extremum | ExtremumOfBits
    registers: Registers
    lanes: int
    size: bool = False
    moves: Moves = "freely"
    is_mve: bool = False
    pairs: bool = False
    one: Value | None = None
    prologue: Prologue | None = None


@dataclass(frozen=True)
class SumOptions:
    """contract: allow fused multiply-add where the core has it. size: prefer short code.

    pairs: load neighbours two by two, if the core can.
    moves: with pairs or vectors, how the addresses go on.
    rank: which of the tiles to take, the best of which is thought to be that of 0.
    library: leave to the DSP library what it has.
    unpacked: without an FPU, keep sums of f32 unpacked until all is added up.
    code_weight: see `worth`; None: as the goal has it.
    """

    contract: bool = True
    size: bool = False
    pairs: bool = False
    rank: int = 0
    moves: Moves = "freely"
    library: bool = False
    unpacked: bool = True
    code_weight: float | None = None

    @property
    def weight(self) -> float:
        """Of code."""
        if self.code_weight is not None:
            return self.code_weight
        return inf if self.size else CODE_WEIGHT


def terms_at_once(terms: int, *, sequential: bool = False) -> int:
    """Of a sum of so many, in how large parts it is made. sequential: see DotThunk."""
    if sequential and terms <= _SEQUENTIAL_TERMS:
        return terms
    part = _TERMS
    while 3 * part**2 <= terms:
        part *= 2
    return part


def arithmetic(
    dtype: str, target: Target, terms: int, options: SumOptions, *, sequential: bool = False
) -> Arithmetic:
    """terms: how many a sum has. sequential: see DotThunk."""
    size = options.size
    in_hardware = _COMPUTED_AS.get(dtype, dtype) in target.float_dtypes
    kind = number(dtype, contract=options.contract, fused=target.fused and in_hardware)
    steps = 1 if kind.fused else 2
    at_once = terms_at_once(terms)
    lanes = target.float_lanes if dtype == "f32" else 1
    is_worth_it = _UNPACKED_TERMS <= terms <= MOST_TERMS and options.unpacked
    if dtype == "f32" and not in_hardware and is_worth_it:
        registers = Registers(2, 1, MOST_TERMS, steps=30, unroll=1, code_weight=options.weight)
        sums = Unpacked(kind, target.multiplies_long)
        # Thumb-2's loads move their addresses.
        moves = "by_load" if target.multiplies_long else "freely"
        return Arithmetic(kind, sums, registers, 1, size, moves)
    pairs = options.pairs and dtype == "f32" and target.loads_pairs
    if lanes > 1:
        registers = Registers(8, 6, at_once, lanes, steps, reach=508, scalars_stay=pairs)
    elif in_hardware:
        values = (16 if kind.type == ir.DoubleType() else 32) // kind.parts
        doubles = pairs and target.pairs_are_doubles
        registers = Registers(values, values // 2, at_once, 1, steps * kind.parts, pairs=doubles)
    elif kind.is_integer and kind.align <= 4:
        registers = Registers(values=8, sums=4, terms=terms)
    else:  # a call for each operation, or two registers for a value
        registers = Registers(2, 1, terms if kind.is_integer else at_once, steps=20 * kind.parts)
    in_order = terms_at_once(terms, sequential=sequential and dtype == "f32")
    registers = replace(registers, rank=options.rank, in_order=in_order, code_weight=options.weight)
    is_mve = lanes > 1 and "+mve" in target.features
    moves = options.moves if registers.pairs or is_mve else "freely"
    return Arithmetic(kind, kind, registers, lanes, size, moves, is_mve, pairs)


def arithmetic_of_one(
    operation: Reduction, target: Target, terms: int, options: SumOptions
) -> Arithmetic:
    """For reductions of one array of f32. terms: how many elements become one."""
    how = arithmetic("f32", target, terms, options)
    if operation == "add":
        if isinstance(how.sum, Unpacked):
            return replace(how, one=[I32(_ONE)])
        return replace(how, sum=Sum(how.number), one=[], registers=replace(how.registers, steps=1))
    largest = operation == "maximum"
    if "f32" not in target.float_dtypes:
        rank, weight = options.rank, options.weight
        registers = Registers(8, 4, terms, steps=_OF_BITS, rank=rank, code_weight=weight)
        sum_ = ExtremumOfBits(largest)
        return Arithmetic(how.number, sum_, registers, 1, options.size, one=[])
    registers = replace(how.registers, terms=terms, in_order=terms)
    if target.has_maxnm:  # and two registers for each
        registers = replace(registers, sums=registers.sums // 2, steps=2)
    else:
        registers = replace(registers, steps=_COMPARED, rare=_RARE)
    sum_ = Extremum(how.number, largest, target.has_maxnm)
    return replace(how, sum=sum_, registers=registers, one=[])


def arithmetic_of_computed(
    operation: Reduction,
    prologue: Sequence[Operation],
    sources: int,
    target: Target,
    terms: int,
    options: SumOptions,
) -> Arithmetic:
    """For reductions of what the prologue makes of elements of one or two arrays of f32."""
    is_product = operation == "add" and prologue[-1].opcode == "multiply"
    if is_product:
        how = arithmetic("f32", target, terms, options)
    else:
        how = arithmetic_of_one(operation, target, terms, options)
    of_each = 1 if "f32" in target.float_dtypes else _OF_A_CALL
    steps = how.registers.steps + of_each * (len(prologue) - is_product)
    return replace(
        how,
        registers=replace(how.registers, steps=steps),
        prologue=Prologue(how.number, prologue, how.one),
        one=[] if sources == 1 else None,
    )
