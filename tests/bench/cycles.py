# SPDX-License-Identifier: Apache-2.0
"""Estimates the cycles of a call on a Cortex-M4 with FPU, out of what it executed.

Source: Arm, Cortex-M4 Processor Technical Reference Manual r0p1: Instruction set summary,
Load/store timings, FPU instruction set. Memories without wait states.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

LOADS = "ldr ldrb ldrh ldrsb ldrsh vldr".split()
STORES = "str strb strh vstr".split()
PUSHES = "push pop vpush vpop".split()
# LDRD and STRD are 1 + n too.
MULTIPLES = "ldm ldmia ldmdb stm stmia stmdb vldmia vldmdb vstmia vstmdb ldrd strd".split()
ACCUMULATE = "vmla vmls vnmla vnmls vfma vfms vfnma vfnms".split()
# Whose results come a cycle late for the next instruction.
LATE = "vadd vsub vmul vnmul vdiv vsqrt vcvt vcvtr vcvtb vcvtt".split() + ACCUMULATE

# What is not listed takes 1, if it is neither a memory access nor the FPU's.
CYCLES = {
    **dict.fromkeys(LATE + "vabs vneg vcmp vcmpe vmov vmrs vmsr".split(), 1),
    **dict.fromkeys(ACCUMULATE, 3),
    **dict.fromkeys("vdiv vsqrt".split(), 14),
    **dict.fromkeys(LOADS + STORES + "tbb tbh".split(), 2),
    # And 1 for each word.
    **dict.fromkeys(MULTIPLES + PUSHES, 1),
    # 2 to 12, by the operands.
    **dict.fromkeys("sdiv udiv".split(), 7),
}
# To fill the pipeline again: 1 to 3.
BRANCHED = 2

# Integer instructions whose first operand is no result.
NO_RESULT = "cmp cmn tst teq cbz cbnz".split()
CONDITIONS = "eq ne cs cc mi pl vs vc hi ls ge lt gt le".split()


@dataclass(frozen=True)
class Instruction:
    """name: without its condition and the suffixes. operands: as objdump writes them."""

    address: int
    name: str
    operands: str


@dataclass(frozen=True)
class Executed:
    """times: executed. left: after how many of them another than the next in memory followed."""

    times: int
    left: int


def estimate(listing: str, profile: str) -> int:
    """Cycles. listing: of objdump -d --no-show-raw-insn. profile: of instructions.c."""
    executed = read_profile(profile)
    instructions = [i for i in read_listing(listing) if i.address in executed]
    if len(instructions) != len(executed):
        raise ValueError("what was executed is not in the listing")
    total = 0
    for instruction in instructions:
        found = executed[instruction.address]
        total += found.times * alone(instruction) + found.left * BRANCHED
    for before, after in pairwise(instructions):
        found = executed[before.address]
        total += (found.times - found.left) * behind(before, after)
    return total


def read_profile(text: str) -> dict[int, Executed]:
    """By address."""
    times, left = Counter[int](), Counter[int]()
    for line in text.splitlines():
        address, *counts = line.split()
        times[int(address, 16)] += int(counts[0])
        left[int(address, 16)] += int(counts[1])
    return {address: Executed(times[address], left[address]) for address in times}


def read_listing(text: str) -> Iterator[Instruction]:
    """In the order of their addresses."""
    known = [*CYCLES, *NO_RESULT]
    for found in re.finditer(
        r"^ *([0-9a-f]+):\t([a-z]\w*)\S*(?:\t([^@<\n]*))?", text, re.MULTILINE
    ):
        name = found[2]
        if name not in known and name[-2:] in CONDITIONS and name[:-2] in known:
            name = name[:-2]
        yield Instruction(int(found[1], 16), name, (found[3] or "").strip())


def alone(instruction: Instruction) -> int:
    """Cycles whatever is before it, if it goes on to the next."""
    name, operands = instruction.name, instruction.operands
    if name in MULTIPLES and "{" not in operands:
        return CYCLES[name] + 2
    if name in MULTIPLES + PUSHES:
        return CYCLES[name] + len(registers(operands.partition("{")[2]))
    if name == "vmov":
        return max(1, len([r for r in registers(operands) if r[0] != "s"]))
    if name in ("vldr", "vstr") and is_double(instruction):
        return CYCLES[name] + 1
    if name in ("str", "strb", "strh") and not len(address(instruction)) > 1:
        return 1
    if name not in CYCLES and name.startswith(("v", "ld", "st")):
        raise ValueError(f"no cycles are known of {name} {operands}")
    return CYCLES.get(name, 1)


def behind(before: Instruction, after: Instruction) -> int:
    """Cycles that `after` takes more, or less, when it is executed next."""
    result = set(registers(before.operands.partition(",")[0]))
    if after.name in LOADS + STORES and before.name in LOADS:
        pipelined = not (is_double(before) or is_double(after) or result & address(after))
        return -1 if pipelined and alone(after) > 1 else 0
    if before.name in LATE:
        return int(bool(result & of_fpu(after)))
    integer = before.name not in CYCLES and before.name not in NO_RESULT
    return int(integer and bool(result & address(after)))


def registers(operands: str) -> list[str]:
    """All that are named, doubles as two singles, ranges in full."""
    found = []
    for bank, first, last, other in re.findall(
        r"\b(?:([rsd])(\d+)(?:-[rsd](\d+))?|(sl|fp|ip|sp|lr|pc))\b", operands
    ):
        if other:
            found.append(other)
            continue
        for number in range(int(first), int(last or first) + 1):
            if bank == "d":
                found += [f"s{2 * number}", f"s{2 * number + 1}"]
            else:
                found.append(f"{bank}{number}")
    return found


def is_double(access: Instruction) -> bool:
    return access.operands.startswith("d")


def address(instruction: Instruction) -> set[str]:
    """The registers of which a memory access makes its address."""
    if "[" in instruction.operands:
        return set(registers(instruction.operands.partition("[")[2].partition("]")[0]))
    if instruction.name in PUSHES:
        return {"sp"}
    if instruction.name in MULTIPLES:
        return set(registers(instruction.operands.partition(",")[0]))
    return set()


def of_fpu(instruction: Instruction) -> set[str]:
    """The FPU's registers that it reads at once: not the addend of a multiply-accumulate."""
    first, _, others = instruction.operands.partition(",")
    read = others
    if instruction.name in ("vldr", "vldmia", "vldmdb", "vpop"):
        read = ""
    elif instruction.name in ("vcmp", "vcmpe", "vstr", "vstmia", "vstmdb", "vpush"):
        read = f"{first},{others}"
    return {
        register for register in registers(read) if register[0] == "s" and register[1:].isdigit()
    }
