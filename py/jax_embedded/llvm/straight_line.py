# SPDX-License-Identifier: Apache-2.0
"""What a function without branches does, out of its LLVM IR: steps, and the values they make."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import llvmlite.binding as llvm

from jax_embedded.llvm.named_values import NAME

POINTER = re.compile(rf"\bptr ({NAME.pattern})(?=[,)]|$)")
_RESULT = re.compile(rf"  ({NAME.pattern}) = ")
_STEP = re.compile(rf" = getelementptr [\w ]*i8, ptr {NAME.pattern}, i32 (\d+)$")
_VECTOR = re.compile(r"<(\d+) x (\w+)>$")
_BITS = {"half": 16, "bfloat": 16, "i8": 8, "i16": 16, "i32": 32, "float": 32, "double": 64}


class Value(NamedTuple):
    """kind: LLVM's type. bits: of it. registers: of 32 bits, that it takes."""

    kind: str
    bits: int
    registers: int


@dataclass(frozen=True)
class Step:
    """An instruction. result: a name, or nothing. operands: names of values.

    stored: bits; 0 if it is no store, or of something else.
    """

    text: str
    opcode: str
    result: str
    operands: tuple[str, ...]
    stored: int = 0

    @property
    def reaches_memory(self) -> bool:
        """Whether it matters when it is done."""
        if self.opcode == "call":
            return "ptr " in self.text or not self.result
        return self.opcode in ("store", "load", "ret")


class StraightLine:
    """values: by name, what is kept in registers. readable: of these, what can be read again.

    parameters: names of those that are values. addresses: lines. places: of pointers, the base and
        the offset in bytes, as far as they are known. unchanging: bases that nothing writes.
    results: bases that nothing reads.
    """

    def __init__(self, function: llvm.ValueRef, lines: Sequence[str]):
        self.values: dict[str, Value] = {}
        self.parameters = set[str]()
        self.addresses: list[str] = []
        self.steps: list[Step] = []
        self.readable: dict[str, Step] = {}
        self.places: dict[str, tuple[str, int | None]] = {}
        self.unchanging, self.results = set[str](), set[str]()
        for argument in function.arguments:
            self._argument(argument)
        instructions = list(next(iter(function.blocks)).instructions)
        for line, instruction in zip(lines, instructions, strict=True):
            self._instruction(line, instruction)

    def _argument(self, argument: llvm.ValueRef) -> None:
        name = f"%{argument.name}"
        attributes = {attribute.decode() for attribute in argument.attributes}
        if str(argument.type) != "ptr":
            self._define(name, str(argument.type))
            self.parameters.add(name)
            return
        self.places[name] = name, 0
        if {"noalias", "readonly"} <= attributes:
            self.unchanging.add(name)
        if {"noalias", "writeonly"} <= attributes:
            self.results.add(name)

    def _instruction(self, line: str, instruction: llvm.ValueRef) -> None:
        found = _RESULT.match(line)
        result = found[1] if found else ""
        names = [name for name in dict.fromkeys(NAME.findall(line)) if name != result]
        operands = tuple(name for name in names if name in self.values)
        opcode = str(instruction.opcode)
        stored = _bits(next(iter(instruction.operands)).type) if opcode == "store" else 0
        step = Step(line, opcode, result, operands, stored)
        pointer = POINTER.search(line)
        base, offset = self.places.get(pointer[1], ("", None)) if pointer else ("", None)
        if step.opcode == "alloca":
            self.places[result] = result, 0
        elif step.opcode == "getelementptr":
            further = _STEP.search(line)
            known = further is not None and offset is not None
            self.places[result] = base, offset + int(further[1]) if known else None
            if known and base in self.unchanging | self.results:
                self.addresses.append(line)
                return
        elif result and not _is_splat(line, step.opcode):
            self._define(result, str(instruction.type))
            unchanging = step.opcode == "load" and base in self.unchanging and offset is not None
            if unchanging and result in self.values and " volatile " not in line:
                self.readable[result] = step
                return
        self.steps.append(step)

    def _define(self, name: str, kind: str) -> None:
        bits = _bits(kind)
        if bits and not kind.startswith("i"):
            self.values[name] = Value(kind, bits, -(-bits // 32))


def _bits(kind: object) -> int:
    """Of one of LLVM's types; 0 if it is none of numbers."""
    found = _VECTOR.match(str(kind))
    return int(found[1]) * _BITS.get(found[2], 0) if found else _BITS.get(str(kind), 0)


def _is_splat(line: str, opcode: str) -> bool:
    """Whether all lanes are the same number, which an instruction takes out of a core register."""
    if opcode == "shufflevector":
        return line.endswith("zeroinitializer")
    return opcode == "insertelement" and " poison," in line
