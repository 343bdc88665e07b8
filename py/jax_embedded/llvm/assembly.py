# SPDX-License-Identifier: Apache-2.0
"""What can be told from LLVM's assembly for Arm."""

import re
from collections import Counter

_INSTRUCTION = re.compile(r"\t([a-z][\w.]*)\t?(.*)")
_LABEL = re.compile(r'"?([.\w$-]+)"?:')
_NAME = re.compile(r"[.\w$-]+")
_FUNCTION = re.compile(r'\t\.type\t"?([.\w$-]+)"?,%function')
_REGISTERS = re.compile(r"\t\.(v?)save\t\{(.*)\}")
_PAD = re.compile(r"\t\.pad\t#(\d+)")
_SAVED_LATE = re.compile(r"\tstr\tlr, \[sp, #-(\d+)\]!")
_WORD = 4


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


def stack_bytes(assembly: str, function: str) -> int:
    """What a call of the function takes of the stack, without what functions elsewhere take that it
    calls.
    """
    names = set(_FUNCTION.findall(assembly))
    frames = dict.fromkeys(names, 0)
    calls: dict[str, list[tuple[str, bool]]] = {name: [] for name in names}
    here = ""
    for line in assembly.splitlines():
        if label := _LABEL.match(line):
            here = label[1] if label[1] in names else here
        elif saved := _REGISTERS.match(line):
            frames[here] += _WORD * (1 + bool(saved[1])) * (saved[2].count(",") + 1)
        elif bytes_ := _PAD.match(line) or _SAVED_LATE.match(line):
            frames[here] += int(bytes_[1])
        elif (found := _INSTRUCTION.match(line)) and found[1][0] == "b":
            comes_back = found[1].startswith("bl")
            calls[here] += [(name, comes_back) for name in _NAME.findall(found[2]) if name in names]

    def deepest(name: str) -> int:
        below = (frames[name] * comes_back + deepest(callee) for callee, comes_back in calls[name])
        return max([frames[name], *below])

    return deepest(function)
