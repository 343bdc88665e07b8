# SPDX-License-Identifier: Apache-2.0
"""When float operations that are calls are made: a value that waits for other calls takes a
register that a function has to keep."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import llvmlite.binding as llvm

from jax_embedded.llvm.named_values import NAME, with_names

_OPERATION = re.compile(r"  (%\S+) = f(?:add|sub|mul|div|neg) .*")


class _Line(NamedTuple):
    """names: of the values in it."""

    text: str
    names: frozenset[str]


def has_operations(llvm_ir: str) -> bool:
    """Whether floats are computed with."""
    return any(map(_OPERATION.match, llvm_ir.splitlines()))


def late_operations(llvm_ir: str, machine: llvm.TargetMachine) -> str:
    """Each operation right before the first use of its result, if that is in the same block and its
    operands are used there or later, so that none of them has to wait for it."""
    late: list[str] = []
    block: list[str] = []
    for line in with_names(llvm_ir, machine).splitlines():
        if line.startswith("  "):
            block.append(line)
        else:
            late += [*_late(block), line]
            block = []
    return "\n".join(late) + "\n"


def _late(block: Sequence[str]) -> list[str]:
    """block: what stands between two labels."""
    after: list[_Line] = []  # what is below, the last line first
    uses = Counter[str]()  # of a name, in how many of these
    for text in reversed(block):
        line = _Line(text, frozenset(NAME.findall(text)))
        operation = _OPERATION.match(text)
        at = _place(operation[1], line, after, uses) if operation else len(after)
        after.insert(at, line)
        uses.update(line.names)
    return [line.text for line in reversed(after)]


def _place(result: str, line: _Line, after: Sequence[_Line], uses: Counter[str]) -> int:
    """Where in `after` the operation is to be."""
    left = {name: uses[name] for name in line.names - {result}}  # uses from there on
    for at in range(len(after) if uses[result] else 0, 0, -1):
        names = after[at - 1].names
        if result in names:
            return at if all(left.values()) else len(after)
        for name in left.keys() & names:
            left[name] -= 1
    return len(after)
