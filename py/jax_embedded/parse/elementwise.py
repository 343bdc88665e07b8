# SPDX-License-Identifier: Apache-2.0
"""Which of XLA's loop fusions compute each element by itself, and what."""

import struct
from typing import Any

from jax_embedded.ir.elementwise import OPCODES, Elementwise, Operation
from jax_embedded.parse.axes import layout_steps, reshaped
from jax_embedded.parse.hlo import Hlo, is_row_major

_MOST_OPERATIONS = 16


def elementwise(hlo: Hlo, fusion: Any, arguments: int) -> Elementwise | None:
    """What a fusion with so many arguments computes, if it is of f32 and of OPCODES."""
    distinct = list(dict.fromkeys(fusion.operand_ids))
    if fusion.opcode != "fusion" or arguments != len(distinct):
        return None
    called = hlo.computations[fusion.called_computation_ids[0]]
    try:
        return _Reader(hlo, fusion, distinct).read(hlo.instructions[called.root_id])
    except _OtherError:
        return None


class _OtherError(Exception):
    """It is of another kind."""


class _Reader:
    def __init__(self, hlo: Hlo, fusion: Any, arguments: list[int]):
        self.hlo = hlo
        self.fusion = fusion
        self.arguments = arguments
        self.inputs: dict[int, tuple[int, ...]] = {}  # by the number of the argument
        self.operations: list[Operation] = []
        self.numbers: dict[int, int] = {}  # value by the id of the instruction
        self.dims: tuple[int, ...] = ()

    def read(self, root: Any) -> Elementwise:
        self._require(self.hlo.type_name(root.shape) == "F32")
        self.dims = tuple(root.shape.dimensions)
        last = self._value(root)
        self._require(last == len(self.arguments) + len(self.operations) - 1 and self.operations)
        self._require(len(self.inputs) == len(self.arguments))
        inputs = tuple(self.inputs[number] for number in range(len(self.arguments)))
        return Elementwise(self.dims, inputs, tuple(self.operations))

    def _require(self, condition: Any) -> None:
        if not condition:
            raise _OtherError

    def _value(self, instruction: Any) -> int:
        """The number of the value that the instruction makes, at the same place as in out."""
        if instruction.id not in self.numbers:
            self.numbers[instruction.id] = self._computed(instruction)
        return self.numbers[instruction.id]

    def _computed(self, instruction: Any) -> int:
        shape = instruction.shape
        self._require(self.hlo.type_name(shape) == "F32" and is_row_major(shape))
        if instruction.opcode in OPCODES:
            operands = tuple(self._value(self._operand(instruction, i)) for i in self._all(instruction))
            return self._add(Operation(instruction.opcode, operands))
        source, steps = self._moved(instruction)
        if source.opcode == "constant":
            self._require(not any(steps))
            (number,) = struct.unpack("<f", self.hlo.literal_bytes(source)[:4])
            return self._add(Operation("constant", (), number))
        if source.opcode == "parameter":
            return self._input(source, reshaped(tuple(shape.dimensions), steps, self.dims))
        self._require(instruction.opcode == "bitcast")
        return self._value(self._operand(instruction, 0))

    def _all(self, instruction: Any) -> range:
        return range(len(instruction.operand_ids))

    def _operand(self, instruction: Any, number: int) -> Any:
        return self.hlo.instructions[instruction.operand_ids[number]]

    def _add(self, operation: Operation) -> int:
        self._require(len(self.operations) < _MOST_OPERATIONS)
        self.operations.append(operation)
        return len(self.arguments) + len(self.operations) - 1

    def _input(self, parameter: Any, steps: tuple[int, ...] | None) -> int:
        if steps is None:
            raise _OtherError
        number = self.arguments.index(self.fusion.operand_ids[parameter.parameter_number])
        self._require(self.inputs.setdefault(number, steps) == steps)
        return number

    def _moved(self, instruction: Any) -> tuple[Any, tuple[int, ...]]:
        """What it takes its elements from, and the steps there along its dimensions."""
        dims = tuple(instruction.shape.dimensions)
        if instruction.opcode not in ("broadcast", "bitcast"):
            return instruction, layout_steps(instruction.shape)
        operand = self._operand(instruction, 0)
        self._require(is_row_major(operand.shape))
        source, steps = self._moved(operand)
        if instruction.opcode == "broadcast":
            along = dict(zip(instruction.dimensions, steps, strict=True))
            return source, tuple(along.get(d, 0) for d in range(len(dims)))
        found = reshaped(tuple(operand.shape.dimensions), steps, dims)
        if found is None:
            raise _OtherError
        return source, found
