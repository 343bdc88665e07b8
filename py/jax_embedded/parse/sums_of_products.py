# SPDX-License-Identifier: Apache-2.0
"""Dots that XLA has made into other instructions: those that multiply two arrays element by element
and add up the products.

It does so where neither side has a dimension of its own. Of a long sum it makes three instructions:
the product, sums of windows of it (reduce-window) and the sum of these (reduce).
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

from jax_embedded.ir.thunks import DotAxis
from jax_embedded.parse.hlo import Hlo, is_row_major

# Where XLA does not round the products to fewer bits than it adds with.
_DTYPES = ("S8", "S16", "S32", "S64", "U8", "U16", "U32", "U64", "F32", "F64")


@dataclass(frozen=True)
class SumOfProducts:
    """instructions: names of the fusions that it is made of, the one that multiplies first.

    factors: the operands of the first one, by number.
    outer, contracting: see DotThunk.
    """

    instructions: tuple[str, ...]
    factors: tuple[int, int]
    outer: tuple[DotAxis, ...]
    contracting: tuple[DotAxis, ...]


def sums_of_products(hlo: Hlo) -> Iterator[SumOfProducts]:
    """All of them in the module."""
    for computation in hlo.computations.values():
        users = Counter(
            i for instruction in computation.instructions for i in instruction.operand_ids
        )
        users[computation.root_id] += 1
        for instruction in computation.instructions:
            if instruction.opcode == "fusion":
                found = _Matcher(hlo, users).match(instruction)
                if found:
                    yield found


class _Matcher:
    """users: of each instruction, by id."""

    def __init__(self, hlo: Hlo, users: Counter[int]):
        self.hlo = hlo
        self.users = users

    def match(self, last: Any) -> SumOfProducts | None:
        reduce = self._without_bitcasts(self._root(last))
        if reduce.opcode != "reduce" or not self._adds(reduce, last):
            return None
        fusions = [last]
        summed = self._operand(reduce, 0)
        product = self._without_bitcasts(summed)
        if product.opcode == "parameter":
            windowed = self._fusion_behind(last, product)
            if windowed is None:
                return None
            window = self._root(windowed)
            if not self._is_whole_window(window, windowed, summed, reduce):
                return None
            fusions.insert(0, windowed)
            summed = self._operand(window, 0)
            product = self._without_bitcasts(summed)
            if product.opcode == "parameter":
                multiplied = self._fusion_behind(windowed, product)
                if multiplied is None:
                    return None
                fusions.insert(0, multiplied)
                product = self._without_bitcasts(self._root(multiplied))
        factors = self._factors(product)
        shapes = [summed.shape, reduce.shape, product.shape]
        if factors is None or not all(is_row_major(shape) for shape in shapes):
            return None
        names = tuple(fusion.name for fusion in fusions)
        return SumOfProducts(names, factors, *_axes(list(summed.shape.dimensions), reduce))

    def _root(self, fusion: Any) -> Any:
        called = self.hlo.computations[fusion.called_computation_ids[0]]
        return self.hlo.instructions[called.root_id]

    def _operand(self, instruction: Any, number: int) -> Any:
        return self.hlo.instructions[instruction.operand_ids[number]]

    def _without_bitcasts(self, instruction: Any) -> Any:
        while instruction.opcode == "bitcast" and is_row_major(instruction.shape):
            instruction = self._operand(instruction, 0)
        return instruction

    def _fusion_behind(self, fusion: Any, parameter: Any) -> Any | None:
        """The fusion that gives a parameter of this one, if it gives it to nothing else."""
        behind = self._operand(fusion, parameter.parameter_number)
        alone = behind.opcode == "fusion" and self.users[behind.id] == 1
        return behind if alone and len(behind.called_computation_ids) == 1 else None

    def _adds(self, reduce: Any, fusion: Any) -> bool:
        """Whether it adds one array up, from zero."""
        if len(reduce.operand_ids) != 2:
            return False
        computation = self.hlo.computations[reduce.called_computation_ids[0]]
        root = self.hlo.instructions[computation.root_id]
        operands = [self.hlo.instructions[i].opcode for i in root.operand_ids]
        if root.opcode != "add" or operands != ["parameter"] * 2:
            return False
        first = self._operand(reduce, 1)
        if first.opcode == "parameter":
            first = self._operand(fusion, first.parameter_number)
        return first.opcode == "constant" and not any(self.hlo.literal_bytes(first))

    def _is_whole_window(self, window: Any, fusion: Any, summed: Any, reduce: Any) -> bool:
        """Whether the windows lie side by side, along what is added up afterwards."""
        if window.opcode != "reduce-window" or not self._adds(window, fusion):
            return False
        if list(summed.shape.dimensions) != list(window.shape.dimensions):
            return False
        return all(
            w.size == w.stride
            and w.window_dilation == w.base_dilation == 1
            and (w.size == 1 or number in reduce.dimensions)
            for number, w in enumerate(window.window.dimensions)
        )

    def _factors(self, product: Any) -> tuple[int, int] | None:
        if product.opcode != "multiply" or self.hlo.type_name(product.shape) not in _DTYPES:
            return None
        factors = [self._without_bitcasts(self._operand(product, i)) for i in range(2)]
        if not all(f.opcode == "parameter" and is_row_major(f.shape) for f in factors):
            return None
        return factors[0].parameter_number, factors[1].parameter_number


def _axes(dims: list[int], reduce: Any) -> tuple[tuple[DotAxis, ...], tuple[DotAxis, ...]]:
    outer, contracting = [], []
    kept = [d for d in range(len(dims)) if d not in reduce.dimensions]
    for d, extent in enumerate(dims):
        step = prod(dims[d + 1 :])
        if d in reduce.dimensions:
            contracting.append(DotAxis(extent, step, step, 0))
        else:
            outer.append(DotAxis(extent, step, step, prod(dims[k] for k in kept if k > d)))
    return tuple(outer), tuple(contracting)
