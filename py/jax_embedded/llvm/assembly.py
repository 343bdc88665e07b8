# SPDX-License-Identifier: Apache-2.0
"""What can be told from LLVM's assembly for Arm."""

import re

_INSTRUCTION = re.compile(r"\t([a-z][\w.]*)\t?(.*)")
_LABEL = re.compile(r'"?([.\w$]+)"?:')
_NAME = re.compile(r"[.\w$]+")


def is_instruction(line: str) -> bool:
    return bool(_INSTRUCTION.match(line))


def instructions(assembly: str) -> int:
    """How many there are."""
    return sum(map(is_instruction, assembly.splitlines()))


def has_loops(assembly: str) -> bool:
    """Whether an instruction, other than a call, names a label that stands before it."""
    before: set[str] = set()
    for line in assembly.splitlines():
        if label := _LABEL.match(line):
            before.add(label[1])
        elif found := _INSTRUCTION.match(line):
            names = _NAME.findall(found[2]) if found[1] != "bl" else ()
            if not before.isdisjoint(names):
                return True
    return False
