# SPDX-License-Identifier: Apache-2.0
"""When float operations that are calls are made: a value that waits for other calls takes a
register that a function has to keep."""

import re
from collections.abc import Sequence

import llvmlite.binding as llvm

_OPERATION = re.compile(r"  (%\S+) = f(?:add|sub|mul|div|neg) .*")
_NAME = re.compile(r'%(?:"[^"]*"|[-\w.$]+)')


def has_operations(llvm_ir: str) -> bool:
    """Whether floats are computed with."""
    return any(map(_OPERATION.match, llvm_ir.splitlines()))


def late_operations(llvm_ir: str, machine: llvm.TargetMachine) -> str:
    """Each operation right before the first use of its result, if that is in the same block and its
    operands are used there or later, so that none of them has to wait for it."""
    late: list[str] = []
    block: list[str] = []
    for line in _with_names(llvm_ir, machine).splitlines():
        if line.startswith("  "):
            block.append(line)
        else:
            late += [*_late(block), line]
            block = []
    return "\n".join(late) + "\n"


def _with_names(llvm_ir: str, machine: llvm.TargetMachine) -> str:
    """Values without a name are numbered in the order of the text."""
    module = llvm.parse_assembly(llvm_ir)
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options())
    passes = llvm.create_new_module_pass_manager()
    passes.add_instruction_namer_pass()
    passes.run(module, builder)
    return str(module)


def _late(block: Sequence[str]) -> list[str]:
    """block: what stands between two labels."""
    after: list[str] = []  # what is below, the last line first
    for line in reversed(block):
        at = len(after)
        if operation := _OPERATION.match(line):
            at = _place(operation[1], line, after)
        after.insert(at, line)
    return after[::-1]


def _place(result: str, line: str, after: Sequence[str]) -> int:
    """Where in `after` the operation is to be."""
    users = [n for n, other in enumerate(after) if result in _NAME.findall(other)]
    if not users:
        return len(after)
    first = users[-1] + 1
    below = {name for other in after[:first] for name in _NAME.findall(other)}
    operands = set(_NAME.findall(line)) - {result}
    return first if operands <= below else len(after)
