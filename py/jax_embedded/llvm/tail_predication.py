# SPDX-License-Identifier: Apache-2.0
"""Loops whose last vector is not full, as LLVM's back end for MVE gets them right.

A loop of one block with a mask of so many active lanes becomes one in which no instruction touches
the other lanes (DLSTP). LLVM 22 takes for granted that each instruction keeps lanes apart and has
as many as the mask. It does not where XLA computes with more bits than it loads, such as in f32
with f16: two registers hold these lanes, and the mask is that of one. LLVM's vectoriser makes such
loops if they have few rounds. Here these get a mask that is compared lane by lane.
"""

import re
from collections.abc import Iterator, Sequence

_MASK = re.compile(
    r"(?P<indent>\s*)(?P<name>%\S+) = (?:tail )?call <(?P<lanes>\d+) x i1>"
    r" @llvm\.get\.active\.lane\.mask\.\S+\(i32 (?P<first>[^,]+), i32 (?P<count>[^,]+)\).*"
)
_LABEL = re.compile(r'(?:[-\w.$]+|"[^"]*"):')
_VECTOR = re.compile(r"<(\d+) x (i\d+|half|bfloat|float|double|ptr)>")
_BITS = {"half": 16, "bfloat": 16, "float": 32, "double": 64, "ptr": 32}
_REGISTER_BITS = 128


def safe_masks(llvm_ir: str) -> str:
    """llvm_ir: of a module, after optimisation."""
    lines = (_safe(block, number) for number, block in enumerate(_blocks(llvm_ir)))
    return "".join(f"{line}\n" for block in lines for line in block)


def _blocks(llvm_ir: str) -> Iterator[list[str]]:
    block: list[str] = []
    for line in llvm_ir.splitlines():
        if block and _LABEL.match(line):
            yield block
            block = []
        block.append(line)
    yield block


def _safe(block: list[str], number: int) -> list[str]:
    masks = [_MASK.fullmatch(line) for line in block]
    if not any(mask and not _fits(block, int(mask["lanes"])) for mask in masks):
        return block
    safe: list[str] = []
    for place, (line, mask) in enumerate(zip(block, masks, strict=True)):
        safe += _compared(mask, f"%tail.{number}.{place}") if mask else [line]
    return safe


def _fits(block: Sequence[str], lanes: int) -> bool:
    """Whether all vectors have these lanes, each in its place."""
    for line in block:
        if " = shufflevector " in line and not line.endswith("zeroinitializer"):
            return False
        for count, scalar in _VECTOR.findall(line):
            bits = _BITS.get(scalar) or int(scalar[1:])
            is_float = scalar in _BITS and scalar != "ptr"
            if int(count) != lanes or bits * lanes > _REGISTER_BITS:
                return False
            # Integers in a part of a register are kept in lanes as wide as the mask's.
            if is_float and bits * lanes < _REGISTER_BITS:
                return False
    return True


def _compared(mask: re.Match[str], prefix: str) -> list[str]:
    first, count, lanes = mask["first"], mask["count"], int(mask["lanes"])
    scalar = f"i{min(_REGISTER_BITS // lanes, 32)}"
    vector = f"<{lanes} x {scalar}>"
    made = [
        f"{prefix}.some = icmp ugt i32 {count}, {first}",
        f"{prefix}.left = sub i32 {count}, {first}",
        f"{prefix}.any = select i1 {prefix}.some, i32 {prefix}.left, i32 0",
        f"{prefix}.few = icmp ult i32 {prefix}.any, {lanes}",
        f"{prefix}.active = select i1 {prefix}.few, i32 {prefix}.any, i32 {lanes}",
    ]
    active = f"{prefix}.active"
    if scalar != "i32":
        made.append(f"{prefix}.narrow = trunc i32 {active} to {scalar}")
        active = f"{prefix}.narrow"
    numbers = ", ".join(f"{scalar} {lane}" for lane in range(lanes))
    of_first = f"<{lanes} x i32> zeroinitializer"
    made += [
        f"{prefix}.one = insertelement {vector} poison, {scalar} {active}, i32 0",
        f"{prefix}.all = shufflevector {vector} {prefix}.one, {vector} poison, {of_first}",
        f"{mask['name']} = icmp sgt {vector} {prefix}.all, <{numbers}>",
    ]
    return [mask["indent"] + line for line in made]
