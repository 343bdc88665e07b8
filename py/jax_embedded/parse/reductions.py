# SPDX-License-Identifier: Apache-2.0
"""Reductions: of what is computed of one array or two, element by element. Those of the products of
two are dots that XLA has made into other instructions.

Of a long one it makes several instructions: the product, reductions of windows of it
(reduce-window) and the reduction of these (reduce). The last one may do more with the results.
Reductions of windows of other kinds, such as max_pool, are what they say.
"""

import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import inf, prod
from typing import Any

from jax_embedded.ir.elementwise import MATH, Operation
from jax_embedded.ir.thunks import DotAxis, ElementwiseDot, Reduction
from jax_embedded.parse.elementwise import elementwise_before, elementwise_of
from jax_embedded.parse.hlo import Hlo, is_row_major
from jax_embedded.shape import Shape

# Where XLA does not round the products to fewer bits than it adds with.
_DTYPES = ("S8", "S16", "S32", "S64", "U8", "U16", "U32", "U64", "F32", "F64")
_REDUCTIONS = ("reduce", "reduce-window")
# What changes nothing.
_NEUTRAL: dict[Reduction, float] = {"add": 0.0, "maximum": -inf, "minimum": inf}


# Outer ones, and those that are reduced.
_Axes = tuple[tuple[DotAxis, ...], tuple[DotAxis, ...]]


@dataclass(frozen=True)
class FoundReduction:
    """instructions: names of the fusions that it is made of, the one that reads the array first.

    operation: how two elements become one.
    sources: of the operands of the first one, by number, one or two.
    outer, reduced: the axes, in elements of the sources.
    epilogue: see DotThunk. prologue: see ReduceThunk.
    """

    instructions: tuple[str, ...]
    operation: Reduction
    sources: tuple[int, ...]
    outer: tuple[DotAxis, ...]
    reduced: tuple[DotAxis, ...]
    epilogue: tuple[Operation, ...]
    prologue: tuple[Operation, ...]

    @property
    def is_of_products(self) -> bool:
        return self.operation == "add" and self.prologue == _PRODUCT


# Of two sources.
_PRODUCT = (Operation("multiply", (0, 1)),)
_SQUARE = (Operation("multiply", (0, 0)),)


@dataclass(frozen=True)
class _Elements:
    """What is reduced. sources, prologue: see FoundReduction. steps: of each source, how many
    elements the next one along each dimension is away.
    """

    sources: tuple[int, ...]
    steps: tuple[tuple[int, ...], ...]
    prologue: tuple[Operation, ...]


def reductions(hlo: Hlo) -> dict[str, FoundReduction]:
    """All of them in the module, by the names of their instructions."""
    found = sorted(_found(hlo), key=lambda one: len(one.instructions))
    return {name: one for one in found for name in one.instructions}


def elementwise_dot(hlo: Hlo, fusion: Any) -> ElementwiseDot | None:
    """What a fusion is, if it is one."""
    return _Matcher(hlo, Counter()).elementwise_dot(fusion)


def _found(hlo: Hlo) -> Iterator[FoundReduction]:
    """Those of windows may be parts of others."""
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

    def match(self, last: Any) -> FoundReduction | None:
        found = self._reduce_in(last)
        if found is None:
            return None
        reduce, epilogue = found
        operation = self._operation(reduce, last)
        if operation is None:
            return None
        fusions = [last]
        reduced = self.hlo.operand(reduce, 0)
        source = self.hlo.without_bitcasts(reduced)
        if source.opcode == "parameter" and reduce.opcode == "reduce":
            windowed = self._fusion_behind(last, source)
            if windowed is not None and self.hlo.called_root(windowed).opcode == "reduce-window":
                window = self.hlo.called_root(windowed)
                if self._operation(window, windowed) != operation:
                    return None
                if not self._is_whole(window, reduced, reduce):
                    return None
                fusions.insert(0, windowed)
                reduced = self.hlo.operand(window, 0)
                source = self.hlo.without_bitcasts(reduced)
        dims = tuple(reduced.shape.dimensions)
        elements = None
        if source.opcode == "parameter":
            before = self._fusion_behind(fusions[0], source)
            if before is not None and not _overlap(reduce):
                root = self.hlo.without_bitcasts(self.hlo.called_root(before))
                elements = self._elements(before, root, dims, operation)
                if elements and elements.prologue:
                    fusions.insert(0, before)
                    source = root
                else:
                    elements = None
        elements = elements or self._elements(fusions[0], source, dims, operation)
        shapes = [reduced.shape, reduce.shape, source.shape]
        if not elements or not all(is_row_major(shape) for shape in shapes):
            return None
        names = tuple(fusion.name for fusion in fusions)
        if reduce.opcode == "reduce":
            axes = _axes(elements.steps, reduce, dims)
        else:
            axes = _axes_of_windows(elements.steps, reduce)
        if axes is None:
            return None
        sources, prologue = elements.sources, elements.prologue
        if len(sources) == 2 and prologue != _PRODUCT and not _by_rows(*axes):
            return None  # XLA's loop is over columns
        if operation == "add" and prologue == _SQUARE:
            outer, reduced = (tuple(replace(a, rhs=a.lhs) for a in of) for of in axes)
            if _by_rows(outer, reduced):
                axes, sources, prologue = (outer, reduced), sources * 2, _PRODUCT
        return FoundReduction(names, operation, sources, *axes, epilogue, prologue)

    def elementwise_dot(self, fusion: Any) -> ElementwiseDot | None:
        found = self._reduce_in(fusion) if fusion.opcode == "fusion" else None
        if found is None or self._operation(found[0], fusion) != "add":
            return None
        reduce, epilogue = found
        if reduce.opcode != "reduce":
            return None
        reduced = self.hlo.operand(reduce, 0)
        product = self.hlo.without_bitcasts(reduced)
        if product.opcode != "multiply" or not is_row_major(reduced.shape):
            return None
        dims = tuple(reduced.shape.dimensions)
        sides = [self.hlo.without_bitcasts(self.hlo.operand(product, i)) for i in range(2)]
        for lhs, rhs in (sides, sides[::-1]):
            if rhs.opcode == "parameter" != lhs.opcode and is_row_major(rhs.shape):
                computed = elementwise_before(self.hlo, fusion, lhs, dims)
                if computed and computed[1].operations:
                    strides = Shape("f32", dims).strides
                    axes = _axes((strides, strides), reduce, dims)
                    return ElementwiseDot(*computed, rhs.parameter_number, *axes, epilogue)
        return None

    def _reduce_in(self, fusion: Any) -> tuple[Any, tuple[Operation, ...]] | None:
        """And what becomes of its results, if that is all that the fusion does."""
        root = self.hlo.without_bitcasts(self.hlo.called_root(fusion))
        if root.opcode in _REDUCTIONS:
            return root, ()
        called = self.hlo.computations[fusion.called_computation_ids[0]]
        found = [i for i in called.instructions if i.opcode in _REDUCTIONS]
        if len(found) != 1:
            return None
        done = elementwise_of(self.hlo, fusion, found)
        if done is None or not done.reads_in_order(0):
            return None
        if done.shape.elements != prod(found[0].shape.dimensions) or any(
            operation.opcode in MATH for operation in done.operations
        ):
            return None
        return found[0], done.operations

    def _fusion_behind(self, fusion: Any, parameter: Any) -> Any | None:
        """The fusion that gives a parameter of this one, if it gives it to nothing else."""
        behind = self.hlo.operand(fusion, parameter.parameter_number)
        alone = behind.opcode == "fusion" and self.users[behind.id] == 1
        return behind if alone and len(behind.called_computation_ids) == 1 else None

    def _operation(self, reduce: Any, fusion: Any) -> Reduction | None:
        """How it reduces one array, if it begins with what changes nothing."""
        if len(reduce.operand_ids) != 2:
            return None
        root = self.hlo.called_root(reduce)
        operands = [self.hlo.instructions[i].opcode for i in root.operand_ids]
        operation = next((name for name in _NEUTRAL if name == root.opcode), None)
        if operation is None or operands != ["parameter"] * 2:
            return None
        first = self.hlo.operand(reduce, 1)
        if first.opcode == "parameter":
            first = self.hlo.operand(fusion, first.parameter_number)
        if first.opcode != "constant":
            return None
        literal = self.hlo.literal_bytes(first)
        if operation == "add":
            return None if any(literal) else operation
        is_f32 = self.hlo.type_name(first.shape) == "F32"
        neutral = struct.pack("<f", _NEUTRAL[operation])
        return operation if is_f32 and literal == neutral else None

    def _is_whole(self, window: Any, reduced: Any, reduce: Any) -> bool:
        """Whether the windows lie side by side, along what is reduced afterwards."""
        if list(reduced.shape.dimensions) != list(window.shape.dimensions):
            return False
        return all(
            w.size == w.stride
            and w.window_dilation == w.base_dilation == 1
            and (w.size == 1 or number in reduce.dimensions)
            for number, w in enumerate(window.window.dimensions)
        )

    def _elements(
        self, fusion: Any, reduced: Any, dims: tuple[int, ...], operation: Reduction
    ) -> _Elements | None:
        """What an instruction inside of the fusion has, as an array of these dims."""
        dtype = self.hlo.type_name(reduced.shape)
        read = [reduced]
        is_product = reduced.opcode == "multiply" and operation == "add" and dtype in _DTYPES
        if is_product:
            read = [self.hlo.without_bitcasts(self.hlo.operand(reduced, i)) for i in range(2)]
        elif dtype != "F32":
            return None
        if all(one.opcode == "parameter" and is_row_major(one.shape) for one in read):
            numbers = tuple(one.parameter_number for one in read)
            strides = Shape("f32", dims).strides
            if len({*numbers}) == len(numbers) or dtype != "F32":
                prologue = _PRODUCT if is_product else ()
                return _Elements(numbers, (strides,) * len(read), prologue)
        if dtype != "F32":
            return None
        found = elementwise_before(self.hlo, fusion, reduced, dims)
        if found is None:
            return None
        numbers, done = found
        steps = [step for of_source in done.inputs for step in of_source]
        if len(numbers) not in (1, 2) or not done.operations or min(steps, default=0) < 0:
            return None
        if any(operation.opcode in MATH for operation in done.operations):
            return None
        return _Elements(numbers, done.inputs, done.operations)


def _overlap(reduce: Any) -> bool:
    """Whether it is of windows that have elements in common."""
    windows = reduce.window.dimensions if reduce.opcode == "reduce-window" else ()
    return any(w.stride < w.size for w in windows)


def _axes_of_windows(steps: tuple[tuple[int, ...], ...], window: Any) -> _Axes | None:
    """None if a window reaches beyond the array."""
    outer, reduced = [], []
    extents = list(window.shape.dimensions)
    for d, w in enumerate(window.window.dimensions):
        if w.padding_low or w.padding_high or w.base_dilation != 1:
            return None
        lhs, rhs = _of_sides(steps, d)
        outer.append(DotAxis(extents[d], w.stride * lhs, w.stride * rhs, prod(extents[d + 1 :])))
        reduced.append(DotAxis(w.size, w.window_dilation * lhs, w.window_dilation * rhs, 0))
    return tuple(outer), tuple(reduced)


def _axes(steps: tuple[tuple[int, ...], ...], reduce: Any, dims: tuple[int, ...]) -> _Axes:
    outer, reduced = [], []
    kept = [d for d in range(len(dims)) if d not in reduce.dimensions]
    for d, extent in enumerate(dims):
        lhs, rhs = _of_sides(steps, d)
        if d in reduce.dimensions:
            reduced.append(DotAxis(extent, lhs, rhs, 0))
        else:
            outer.append(DotAxis(extent, lhs, rhs, prod(dims[k] for k in kept if k > d)))
    return tuple(outer), tuple(reduced)


def _by_rows(outer: tuple[DotAxis, ...], reduced: tuple[DotAxis, ...]) -> bool:
    """Whether neighbours are reduced, or no neighbours are read of both sources."""
    last = next((axis for axis in reversed(reduced) if axis.extent > 1), None)
    if last is None or max(last.lhs, last.rhs) <= 1:
        return True
    return not any(axis.lhs and axis.rhs for axis in outer if axis.extent > 1)


def _of_sides(steps: tuple[tuple[int, ...], ...], d: int) -> tuple[int, int]:
    """Of both sources, along a dimension."""
    return steps[0][d], steps[1][d] if len(steps) == 2 else 0
