# SPDX-License-Identifier: Apache-2.0
"""Which of XLA's loop fusions compute each element by itself, and what."""

import struct
from typing import Any

from jax_embedded.ir.elementwise import (
    Elementwise,
    Operation,
    is_of,
    step_along,
)
from jax_embedded.parse.hlo import Hlo, is_row_major
from jax_embedded.shape import Shape

_DTYPES = {"F32": ("f32", "<f"), "S32": ("i32", "<i")}  # and their format
_MOST_OPERATIONS = 16
_MOST_INSTRUCTIONS = 64  # with constants and broadcasts


def elementwise(hlo: Hlo, fusion: Any, arguments: int) -> Elementwise | None:
    """What a fusion with so many arguments computes, if it is of one dtype and of OPCODES."""
    distinct = list(dict.fromkeys(fusion.operand_ids))
    if fusion.opcode != "fusion" or arguments != len(distinct):
        return None
    called = hlo.computations[fusion.called_computation_ids[0]]
    if len(called.instructions) > _MOST_INSTRUCTIONS:
        return None
    try:
        return _Reader(hlo, fusion, distinct).read(hlo.instructions[called.root_id])
    except _OtherError:
        return None


def elementwise_of(hlo: Hlo, fusion: Any, instructions: list[Any]) -> Elementwise | None:
    """What a fusion computes of these instructions of its own, if that is all it does."""
    called = hlo.computations[fusion.called_computation_ids[0]]
    try:
        arguments = [instruction.id for instruction in instructions]
        return _Reader(hlo, fusion, arguments).read(hlo.instructions[called.root_id])
    except _OtherError:
        return None


def elementwise_before(
    hlo: Hlo, fusion: Any, instruction: Any, dims: tuple[int, ...]
) -> tuple[tuple[int, ...], Elementwise] | None:
    """What a fusion computes before it comes to an instruction of its own, as an array of these
    dims; and of which operands of the fusion, by number.
    """
    numbers = sorted(_parameters(hlo, instruction))
    try:
        arguments = [fusion.operand_ids[number] for number in numbers]
        return tuple(numbers), _Reader(hlo, fusion, arguments).read(instruction, dims)
    except _OtherError:
        return None


def _parameters(hlo: Hlo, instruction: Any) -> set[int]:
    """The numbers of those that it depends on."""
    found, seen, left = set(), set(), [instruction]
    while left:
        one = left.pop()
        if one.opcode == "parameter":
            found.add(one.parameter_number)
        left += [hlo.instructions[i] for i in one.operand_ids if i not in seen]
        seen.update(one.operand_ids)
    return found


class _OtherError(Exception):
    """It is of another kind."""


class _Reader:
    def __init__(self, hlo: Hlo, fusion: Any, arguments: list[int]):
        self.hlo = hlo
        self.fusion = fusion
        self.arguments = arguments
        self.inputs: dict[int, tuple[int, ...]] = {}  # by the number of the argument
        self.operations: list[Operation] = []
        self.numbers: dict[tuple[int, tuple[int, ...]], int] = {}
        self.shape = Shape("f32")
        self.type = self.format = ""

    def read(self, root: Any, dims: tuple[int, ...] | None = None) -> Elementwise:
        """dims: other ones of the same array."""
        self._require(self.hlo.type_name(root.shape) in _DTYPES)
        self.type = self.hlo.type_name(root.shape)
        dtype, self.format = _DTYPES[self.type]
        self.shape = Shape(dtype, dims or tuple(root.shape.dimensions))
        last = self._value(root, self.shape.strides)
        self._require(last == self._next() - 1)
        self._require(len(self.inputs) == len(self.arguments))
        inputs = tuple(self.inputs[number] for number in range(len(self.arguments)))
        return Elementwise(self.shape, inputs, tuple(self.operations))

    def _require(self, condition: Any) -> None:
        if not condition:
            raise _OtherError

    def _next(self) -> int:
        return len(self.arguments) + len(self.operations)

    def _value(self, instruction: Any, steps: tuple[int, ...]) -> int:
        """The number of an element that the instruction makes.

        steps: which one: as in Elementwise.inputs.
        """
        key = instruction.id, steps
        if key not in self.numbers:
            self.numbers[key] = self._computed(instruction, steps)
        return self.numbers[key]

    def _computed(self, instruction: Any, steps: tuple[int, ...]) -> int:
        shape = instruction.shape
        self._require(self.hlo.type_name(shape) == self.type and is_row_major(shape))
        if instruction.id in self.arguments:
            return self._input(instruction.id, steps)
        operands = [self.hlo.instructions[i] for i in instruction.operand_ids]
        opcode = instruction.opcode
        if is_of(opcode, self.shape.dtype):
            numbers = tuple(self._value(operand, steps) for operand in operands)
            if opcode == "shift-right-arithmetic":
                by = self._operation(numbers[1])
                self._require(by and by.opcode == "constant" and 0 <= by.constant < 32)
            return self._add(Operation(opcode, numbers))
        if opcode == "constant":
            moves = zip(self.shape.dims, steps, strict=True)
            self._require(not any(step for extent, step in moves if extent > 1))
            (number,) = struct.unpack(self.format, self.hlo.literal_bytes(instruction)[:4])
            return self._add(Operation("constant", (), number))
        if opcode == "parameter":
            return self._input(self.fusion.operand_ids[instruction.parameter_number], steps)
        self._require(opcode in ("bitcast", "broadcast", "reverse", "transpose"))
        (operand,) = operands
        self._require(is_row_major(operand.shape))
        if opcode == "bitcast":
            return self._value(operand, steps)
        return self._value(operand, self._moved(instruction, operand, steps))

    def _moved(self, instruction: Any, operand: Any, steps: tuple[int, ...]) -> tuple[int, ...]:
        """Which element of the operand it is."""
        self._require(min(steps, default=0) >= 0)
        dims = tuple(instruction.shape.dimensions)
        from_ = Shape(self.shape.dtype, tuple(operand.shape.dimensions)).strides
        if instruction.opcode == "transpose":
            along = tuple(from_[d] for d in instruction.dimensions)
        elif instruction.opcode == "reverse":
            along = tuple(-s if d in instruction.dimensions else s for d, s in enumerate(from_))
        else:
            of_dimension = dict(zip(instruction.dimensions, from_, strict=True))
            along = tuple(of_dimension.get(d, 0) for d in range(len(dims)))
        found = [
            step_along(dims, along, extent, step)
            for extent, step in zip(self.shape.dims, steps, strict=True)
        ]
        moved = tuple(step for step in found if step is not None)
        self._require(len(moved) == len(found))
        return moved

    def _operation(self, number: int) -> Operation | None:
        """The one that makes the value."""
        place = number - len(self.arguments)
        return self.operations[place] if place >= 0 else None

    def _add(self, operation: Operation) -> int:
        self._require(len(self.operations) < _MOST_OPERATIONS)
        self.operations.append(operation)
        return self._next() - 1

    def _input(self, argument: int, steps: tuple[int, ...]) -> int:
        self._require(argument in self.arguments)
        number = self.arguments.index(argument)
        self._require(self.inputs.setdefault(number, steps) == steps)
        return number
