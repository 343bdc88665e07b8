# SPDX-License-Identifier: Apache-2.0
"""In which order float operations that are calls are made."""

import re

import llvmlite.binding as llvm
import pytest

from jax_embedded.llvm.call_order import has_operations, late_operations
from jax_embedded.llvm.targets import target_machine
from jax_embedded.target import TARGETS

MACHINE = target_machine(TARGETS["cortex-m3"])


def operations(text: str) -> list[str]:
    """The names of what is computed, in order."""
    return re.findall(r"^  %(\S+) = f", text, re.MULTILINE)


def module(*lines: str, parameters: str = "float %a, float %b, float %c") -> str:
    body = "\n".join(f"  {line}" if not line.endswith(":") else line for line in lines)
    triple = f'target triple = "{TARGETS["cortex-m3"].triple}"\n'
    text = f"{triple}define float @f({parameters}) {{\n{body}\n}}\n"
    llvm.parse_assembly(text)
    return text


@pytest.mark.parametrize(
    ("lines", "order"),
    [
        pytest.param(
            ("%x = fmul float %a, 4.0", "%y = fmul float %b, %b", "%z = fsub float %x, %a"),
            "yxz",
            id="an operand that is needed anyway",
        ),
        pytest.param(
            ("%x = fmul float %a, 4.0", "%y = fmul float %b, %b", "%z = fsub float %x, %b"),
            "xyz",
            id="an operand that would wait",
        ),
        pytest.param(
            ("%x = fmul float %a, %b", "%y = fmul float %b, %b", "%z = fsub float %x, %a"),
            "xyz",
            id="one of two operands would wait",
        ),
        pytest.param(
            (
                "%x = fneg float %a",
                "%w = fadd float %x, %a",
                "%y = fmul float %b, %b",
                "%q = fadd float %y, %a",
                "%z = fsub float %w, %a",
            ),
            "xwyqz",
            id="its operand would wait, if that is used by nothing else",
        ),
        pytest.param(
            ("%x = fmul float %a, 4.0", "%y = fmul float %b, %b", "%z = fsub float %y, %a"),
            "xyz",
            id="not used",
        ),
    ],
)
def test_order(lines, order):
    text = late_operations(module(*lines, "ret float %z"), MACHINE)
    llvm.parse_assembly(text).verify()
    assert "".join(operations(text)) == order


def test_blocks_are_apart():
    text = module(
        "br label %loop",
        "loop:",
        "%old = phi float [ 0.0, %0 ], [ %x, %loop ]",
        "%x = fadd float %a, 1.0",
        "%y = fmul float %old, %a",
        "%more = fcmp olt float %y, 9.0",
        "br i1 %more, label %loop, label %done",
        "done:",
        "%z = fsub float %x, %a",
        "ret float %z",
    )
    late = late_operations(text, MACHINE)
    llvm.parse_assembly(late).verify()
    assert operations(late) == operations(text)


def test_unnamed_values_are_told_apart():
    """A number is the place of a value in the text, which changes."""
    text = module(
        "%4 = fmul float %0, 4.0",
        "%5 = fmul float %1, %2",
        "%6 = fsub float %4, %0",
        "%7 = fsub float %5, %6",
        "ret float %7",
        parameters="float, float, float",
    )
    late = late_operations(text, MACHINE)
    llvm.parse_assembly(late).verify()
    assert late.index(", 4.000000e+00") > late.index("fmul float %arg1, %arg2")


def test_has_operations():
    assert has_operations(module("%x = fadd float %a, %b", "ret float %x"))
    assert not has_operations(module("ret float %a"))
