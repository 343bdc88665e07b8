# SPDX-License-Identifier: Apache-2.0
"""The dots among XLA's kernels: what they multiply, and in which memory it lies.

XLA copies an array that it wants transposed. A dot of ours reads it where it is, if nothing can
write there meanwhile: an argument or a constant.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from jax_embedded.ir.thunks import DotAxis
from jax_embedded.parse.axes import dot_axes, layout_steps
from jax_embedded.parse.hlo import Hlo, is_row_major


@dataclass(frozen=True)
class Read:
    """An array as a dot reads it.

    instruction: that makes it, by id; none of a fusion's.
    dims, steps: of the dot's operand: extents, and how many elements the next one is away.
    """

    instruction: int
    dims: tuple[int, ...]
    steps: tuple[int, ...]

    @property
    def is_in_order(self) -> bool:
        """Whether the operand is the array as it lies in memory."""
        step = 1
        for extent, found in zip(reversed(self.dims), reversed(self.steps), strict=True):
            if extent > 1 and found != step:
                return False
            step *= extent
        return True


@dataclass(frozen=True)
class Dot:
    """lhs, rhs: what it multiplies. addend: an array that is added, in the order of the result.

    outer, contracting, sequential: see DotThunk.
    """

    lhs: Read
    rhs: Read
    addend: Read | None
    outer: tuple[DotAxis, ...]
    contracting: tuple[DotAxis, ...]

    @property
    def sequential(self) -> bool:
        """So they are in XLA's own loops, unless a vector lies along the terms. What is larger is
        left to a library. Found by comparison with JAX's results.
        """
        rows = prod(axis.extent for axis in self.outer if axis.lhs and not axis.rhs)
        columns = prod(axis.extent for axis in self.outer if axis.rhs and not axis.lhs)
        along_lhs = any(axis.lhs == 1 for axis in self.contracting)
        along_rhs = any(axis.rhs == 1 for axis in self.contracting)
        if rows == 1 or columns == 1:
            return not ((along_lhs and rows > 1) or (along_rhs and columns > 1)) and rows != columns
        (few, many) = sorted((rows, columns))
        return along_lhs and not along_rhs and few <= 32 and many <= 128


class Dots:
    """found: by the name of the instruction.

    needed: ids of the instructions whose results these, and all others, read.
    """

    def __init__(self, hlo: Hlo, stays: Callable[[Any], bool]):
        """stays: whether nothing ever writes where an instruction's result lies."""
        self._hlo = hlo
        self._stays = stays
        self.found: dict[str, Dot] = {}
        self.needed: set[int] = set()
        waiting = [computation.root_id for computation in hlo.computations.values()]
        while waiting:
            instruction = hlo.instructions[waiting.pop()]
            if instruction.id in self.needed:
                continue
            self.needed.add(instruction.id)
            dot = self._dot(instruction)
            if dot:
                self.found[instruction.name] = dot
                reads = (dot.lhs, dot.rhs, dot.addend)
                waiting += [read.instruction for read in reads if read]
            else:
                waiting += instruction.operand_ids

    def _dot(self, instruction: Any) -> Dot | None:
        """What the instruction does, if it is a dot, alone or in a fusion of its own."""
        if instruction.opcode == "dot":
            return self._read_dot(instruction, None, None)
        if instruction.opcode != "fusion" or not is_row_major(instruction.shape):
            return None
        root = self._hlo.called_root(instruction)
        if root.opcode == "add":
            sides = [self._hlo.operand(root, number) for number in range(2)]
            for one, other in (sides, reversed(sides)):
                product = self._hlo.without_bitcasts(one)
                if product.opcode == "dot":
                    return self._read_dot(product, instruction, other)
            return None
        product = self._hlo.without_bitcasts(root)
        return self._read_dot(product, instruction, None) if product.opcode == "dot" else None

    def _read_dot(self, dot: Any, fusion: Any | None, addend: Any | None) -> Dot | None:
        operands = [self._hlo.operand(dot, number) for number in range(2)]
        types = {self._hlo.type_name(i.shape) for i in (*operands, dot)}
        if len(types) > 1 or "PRED" in types:
            return None
        if fusion is not None and not is_row_major(dot.shape):
            return None
        lhs, rhs = (self._read(operand, fusion) for operand in operands)
        added = self._read(addend, fusion) if addend is not None else None
        reads = [read for read in (lhs, rhs, added) if read]
        if added and not added.is_in_order:
            return None
        if fusion is not None and any(self._is_inside(read, fusion) for read in reads):
            return None
        numbers = dot.dot_dimension_numbers
        return Dot(lhs, rhs, added, *dot_axes(numbers, lhs, rhs, layout_steps(dot.shape)))

    def _read(self, instruction: Any, fusion: Any | None) -> Read:
        """fusion: that the instruction is in."""
        if instruction.opcode == "parameter" and fusion is not None:
            return self._read(self._hlo.operand(fusion, instruction.parameter_number), None)
        dims = tuple(instruction.shape.dimensions)
        here = Read(instruction.id, dims, layout_steps(instruction.shape))
        behind: Read | None = None
        if instruction.opcode in ("transpose", "copy", "bitcast"):
            source = self._read(self._hlo.operand(instruction, 0), fusion)
            if instruction.opcode == "transpose":
                steps = tuple(source.steps[d] for d in instruction.dimensions)
                behind = Read(source.instruction, dims, steps)
            elif instruction.opcode == "copy":
                behind = Read(source.instruction, dims, source.steps)
            else:
                memory = self._hlo.operand(instruction, 0).shape
                if _same_steps(source.dims, source.steps, layout_steps(memory)):
                    behind = Read(source.instruction, dims, here.steps)
                elif is_row_major(memory) and is_row_major(instruction.shape):
                    steps = _reshaped(source.dims, source.steps, dims)
                    behind = Read(source.instruction, dims, steps) if steps else None
        elif instruction.opcode == "fusion" and fusion is None:
            root = self._hlo.called_root(instruction)
            if self._moves_only(root):
                behind = self._read(root, instruction)
        if fusion is not None:
            return behind or here
        if behind and self._stays(self._hlo.instructions[behind.instruction]):
            return behind
        return here  # memory of its own

    def _is_inside(self, read: Read, fusion: Any) -> bool:
        """Whether it is computed in the fusion."""
        called = self._hlo.computations[fusion.called_computation_ids[0]]
        return any(read.instruction == inner.id for inner in called.instructions)

    def _moves_only(self, instruction: Any) -> bool:
        while instruction.opcode in ("transpose", "copy", "bitcast"):
            instruction = self._hlo.operand(instruction, 0)
        return instruction.opcode == "parameter"


def _same_steps(dims: Sequence[int], one: Sequence[int], other: Sequence[int]) -> bool:
    pairs = zip(dims, one, other, strict=True)
    return all(a == b for extent, a, b in pairs if extent > 1)


def _reshaped(
    dims: Sequence[int], steps: Sequence[int], new_dims: Sequence[int]
) -> tuple[int, ...] | None:
    """The steps of the same elements in the same order with other dimensions, if there are any."""
    old = [(extent, step) for extent, step in zip(dims, steps, strict=True) if extent > 1]
    new_steps = [0] * len(new_dims)
    number = len(new_dims)
    while old:
        extent, step = old.pop()
        left = extent  # of the old dimension, and of those before it that go on with it
        number -= 1
        while number >= 0 and (new_dims[number] == 1 or left > 1):
            if new_dims[number] > 1:
                while left % new_dims[number] and old and old[-1][1] == extent * step:
                    more, _ = old.pop()
                    extent, left = extent * more, left * more
                if left % new_dims[number]:
                    return None
                new_steps[number] = step * (extent // left)
                left //= new_dims[number]
            number -= 1
        number += 1
    return tuple(new_steps)
