# SPDX-License-Identifier: Apache-2.0
"""Finds where XLA's kernels compute erf of a scalar step by step, and makes it a call again.

XLA's loop emitter writes it out as a quotient of polynomials, each of whose steps is a fused
multiply-add: a core without one would call the C library for each.
"""

import re
import struct
from functools import cache

_RESULT = re.compile(r"  (%[-\w.$]+) = (.*)")
_INSTRUCTIONS = (
    re.compile(
        r"call float @llvm\.(\w+)\.f32\(float ([^,]+)(?:, float ([^,]+))?(?:, float ([^,]+))?\)"
    ),
    re.compile(r"(fmul|fdiv|fcmp oge)(?: contract)? float (\S+), (\S+)"),
    re.compile(r"(select) i1 (\S+), float (\S+), float (\S+)"),
)
_FABS = re.compile(r"call float @llvm\.fabs\.f32\(float (\S+)\)")
_SELECT = re.compile(r"select i1 (\S+), float \S+, float \S+")
_COMPARED = re.compile(r"fcmp oge float (\S+), \S+")


def _number(bits: int) -> str:
    """As LLVM writes the float that has these bits."""
    (value,) = struct.unpack("<f", struct.pack("<I", bits))
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"


def _polynomial(*coefficients: int) -> str:
    value, *rest = map(_number, coefficients)
    for coefficient in rest:
        value = f"fma({value}, {_SQUARE}, {coefficient})"
    return value


_ONE, _LIMIT = _number(0x3F800000), _number(0x406F9C68)
_CLAMPED = f"minimum(maximum(x, {_number(0xC06F9C68)}), {_LIMIT})"
_SQUARE = f"fmul({_CLAMPED}, {_CLAMPED})"
_ABOVE = _polynomial(0x39702D51, 0x3B5F5DA2, 0x3D50B6EB, 0x3E3DA740, 0x3F906EBA)
_BELOW = _polynomial(
    *(0xB3FD3906, 0x37C588DF, 0x3A856D28, 0x3C6687D4, 0x3DE34C21, 0x3EFEB44A, 0x3F800000)
)
_ERF = (
    f"select(fcmp oge(fabs(x), {_LIMIT}), copysign({_ONE}, x),"
    f" fdiv(fmul({_CLAMPED}, {_ABOVE}), {_BELOW}))"
)


_DEPTH = 16  # of steps, more than it has


def with_erf(text: str) -> str:
    """text: of a module, cleaned. The steps that nothing else needs are left to LLVM."""
    if "@llvm.fma.f32" not in text:
        return text
    lines = text.splitlines()
    made: dict[str, str] = {}
    found = False
    for number, line in enumerate(lines):
        if line.startswith("define "):
            made = {}
        result = _RESULT.fullmatch(line)
        if not result:
            continue
        made[result[1]] = result[2]
        x = _operand(made, result[2])
        if x and _expression(made, result[1], x) == _ERF:
            lines[number] = f"  {result[1]} = call float @xla.erf.f32(float {x})"
            found = True
    declared = ["declare float @xla.erf.f32(float)"] if found else []
    return "\n".join([*lines, *declared]) + "\n"


def _operand(made: dict[str, str], instruction: str) -> str | None:
    """What it would be the erf of."""
    select = _SELECT.fullmatch(instruction)
    compared = _COMPARED.fullmatch(made.get(select[1], "")) if select else None
    size = _FABS.fullmatch(made.get(compared[1], "")) if compared else None
    return size[1] if size else None


def _expression(made: dict[str, str], value: str, x: str) -> str:
    """How it is made of x; a value that is made otherwise, or of too much, stands for itself."""

    @cache
    def written(value: str, depth: int) -> str:
        if value == x:
            return "x"
        if not depth:
            return value
        for pattern in _INSTRUCTIONS:
            found = pattern.fullmatch(made.get(value, ""))
            if found:
                operands = (
                    written(operand, depth - 1) for operand in found.groups()[1:] if operand
                )
                text = f"{found[1]}({', '.join(operands)})"
                return text if len(text) <= len(_ERF) else value
        return value

    return written(value, _DEPTH)
