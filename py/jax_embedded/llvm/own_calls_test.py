# SPDX-License-Identifier: Apache-2.0
"""Which of our own functions get a pointer in R12, and that LLVM does so."""

import re

import llvmlite.binding as llvm
import pytest

from jax_embedded.llvm.own_calls import with_pointers_in_r12
from jax_embedded.llvm.targets import target_machine
from jax_embedded.target import TARGETS

BODY = """
  %a = load i32, ptr %p, align 4
  %b = load i32, ptr %q, align 4
  %c = add i32 %a, %b
  %d = mul i32 %c, %i
  %e = add i32 %d, %j
  store i32 %e, ptr %r, align 4
  ret void
"""
PARAMETERS = "ptr captures(none) %p, ptr %q, ptr noundef %r, i32 %i, i32 range(i32 0, 9) %j"
SECOND = "getelementptr (i8, ptr @g, i32 4)"
CALLS = f"""
  call fastcc void @f.0.dot(ptr %x, ptr @f.constant, ptr nonnull %y, i32 3, i32 4)
  call fastcc void @f.0.dot(ptr {SECOND}, ptr %x, ptr {SECOND}, i32 %n, i32 5)
  ret void
"""


def module(
    parameters: str = PARAMETERS, body: str = BODY, calls: str = CALLS, linkage: str = "internal "
) -> str:
    return (
        "@f.constant = internal constant [2 x i32] [i32 1, i32 2]\n"
        "@g = global [2 x i32] zeroinitializer\n"
        f"define {linkage}fastcc void @f.0.dot({parameters}) noinline {{{body}}}\n"
        f"define void @f(ptr %x, ptr %y, i32 %n) {{{calls}}}\n"
    )


def compiled(text: str, target: str) -> str:
    triple = f'target triple = "{TARGETS[target].triple}"\n'
    module = llvm.parse_assembly(triple + text)
    module.verify()
    return target_machine(TARGETS[target]).emit_assembly(module)


def test_the_last_pointer_is_passed_in_r12():
    text = with_pointers_in_r12(module())
    assert text.count("ptr nest ") == 3
    assert "ptr nest noundef %r" in text
    assert "ptr nest nonnull %y" in text
    assert f"ptr %x, ptr nest {SECOND}" in text


@pytest.mark.parametrize("target", ["cortex-m3", "cortex-m4f", "cortex-m55"])
def test_nothing_is_on_the_stack(target):
    before, after = (compiled(text, target) for text in (module(), with_pointers_in_r12(module())))
    assert re.search(r"\[sp", before)
    assert not re.search(r"\[sp", after)
    assert re.search(r"r12", after)
    assert len(after.splitlines()) < len(before.splitlines())


FOUR = PARAMETERS.rpartition(", i32 range")[0]
LEFT = {
    "four words": module(
        FOUR, BODY.replace("%j", "1"), CALLS.replace(", i32 4)", ")").replace(", i32 5)", ")")
    ),
    "not only words": module(
        PARAMETERS.replace("i32 %i", "i64 %k"),
        BODY.replace("%d = mul", "%i = trunc i64 %k to i32\n  %d = mul"),
        CALLS.replace("i32 3", "i64 3").replace("i32 %n", "i64 9"),
    ),
    "called from elsewhere": module(linkage=""),
    "its address is taken": module(
        calls=CALLS.replace("  ret", "  store ptr @f.0.dot, ptr %x\n  ret")
    ),
    "no pointer": module(
        "i32 %a, i32 %b, i32 %c, i32 %d, i32 %e",
        "\n  %s = add i32 %a, %e\n  store i32 %s, ptr @g\n  ret void\n",
        "\n  call fastcc void @f.0.dot(i32 1, i32 2, i32 3, i32 4, i32 5)\n  ret void\n",
    ),
}


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT)
def test_others_are_left(text):
    compiled(text, "cortex-m3")
    assert with_pointers_in_r12(text) == text


def test_a_name_may_begin_like_another():
    other = module().replace("@f.0.dot", "@f.0.dot.more").replace("@f(", "@h(")
    other = "\n".join(line for line in other.splitlines() if not line.startswith("@"))
    text = with_pointers_in_r12(module() + other)
    assert text.count("ptr nest ") == 6
    compiled(text, "cortex-m3")
