# SPDX-License-Identifier: Apache-2.0
"""What can be told from LLVM's assembly for Arm."""

import re
from collections import Counter

_INSTRUCTION = re.compile(r"\t([a-z][\w.]*)\t?(.*)")
_LABEL = re.compile(r'"?([.\w$]+)"?:')
_NAME = re.compile(r"[.\w$]+")


def is_instruction(line: str) -> bool:
    return bool(_INSTRUCTION.match(line))


def executed(assembly: str, iterations: int = 10) -> int:
    """About how many instructions a call takes: as if each loop went round so many times, and all
    else ran once.

    A loop is what stands between a label and the last branch back to it.
    """
    number = 0
    labels: dict[str, int] = {}
    loops: dict[str, int] = {}
    for line in assembly.splitlines():
        if label := _LABEL.match(line):
            labels[label[1]] = number
        elif found := _INSTRUCTION.match(line):
            number += 1
            if found[1] != "bl":
                loops |= {name: number for name in _NAME.findall(found[2]) if name in labels}
    borders = Counter[int]()
    for label, end in loops.items():
        borders[labels[label]] += 1
        borders[end] -= 1
    depth = total = before = 0
    for place, change in sorted(borders.items()):
        total += (place - before) * iterations**depth
        depth, before = depth + change, place
    return total + number - before
