# SPDX-License-Identifier: Apache-2.0
import re

import pytest

from jax_embedded.llvm import codegen as codegen_module
from jax_embedded.llvm.assembly import executed
from jax_embedded.llvm.codegen_testing import (
    FEW,
    LONG_LOOP,
    M4F,
    POLYNOMIALS,
    WITH_INDEX,
    generated,
    ways_alone,
)
from jax_embedded.target import TARGETS

# As we write one: with addresses, and a number that counts down.
WITH_ADDRESSES = """\
define void @f(ptr noalias %x, ptr noalias %y, ptr noalias %z) nounwind {
  br label %rows
rows:
  %w = phi ptr [ %x, %0 ], [ %end, %behind ]
  %to = phi ptr [ %z, %0 ], [ %on, %behind ]
  %m = phi i32 [ 64, %0 ], [ %less, %behind ]
  br label %terms
terms:
  %p = phi ptr [ %w, %rows ], [ %end, %terms ]
  %q = phi ptr [ %y, %rows ], [ %further, %terms ]
  %sum = phi float [ 0.0, %rows ], [ %total, %terms ]
  %n = phi i32 [ 64, %rows ], [ %left, %terms ]
  %a = load float, ptr %p, align 4
  %b = load float, ptr %q, align 4
  %product = fmul float %a, %b
  %total = fadd float %sum, %product
  %end = getelementptr inbounds i8, ptr %p, i32 4
  %further = getelementptr inbounds i8, ptr %q, i32 4
  %left = sub i32 %n, 1
  %going = icmp ne i32 %left, 0
  br i1 %going, label %terms, label %behind
behind:
  store float %total, ptr %to, align 4
  %on = getelementptr inbounds i8, ptr %to, i32 4
  %less = sub i32 %m, 1
  %again = icmp ne i32 %less, 0
  br i1 %again, label %rows, label %exit
exit:
  ret void
}
"""


def total_bytes(text: str) -> int:
    return sum(section.size for section in generated(M4F, text, size=True).sections)


@pytest.mark.parametrize(
    ("text", "best"),
    [
        pytest.param(WITH_INDEX, {0, 1}, id="behind loads and stores"),
        pytest.param(WITH_ADDRESSES, {1, 5}, id="as written"),
        pytest.param(POLYNOMIALS, {1}, id="constants where they are used"),
    ],
)
def test_short_code_has_the_loops_that_are_shorter(monkeypatch, text, best):
    *alone, together = ways_alone(text, total_bytes, monkeypatch, "_SHORT_LOOPS")
    assert together == min(alone)
    assert {way for way, found in enumerate(alone) if found == together} == best


def test_of_the_shortest_ways_the_fastest_is_taken(monkeypatch):
    """In one, a constant is loaded in each iteration."""

    def instructions(ways: tuple) -> int:
        monkeypatch.setattr(codegen_module, "_SHORT_LOOPS", ways)
        return int(executed(generated(M4F, LONG_LOOP, size=True).assembly))

    front, inside = codegen_module._SHORT_LOOPS[:2]
    assert instructions((front,)) < instructions((inside,))
    assert instructions((inside, front)) == instructions((front, inside)) == instructions((front,))


@pytest.mark.parametrize(("size", "code_weight"), [(True, None), (False, 1.0)])
def test_the_stack_counts_in_short_code(monkeypatch, size, code_weight):
    found = generated(M4F, POLYNOMIALS, size=size, code_weight=code_weight).code_bytes
    monkeypatch.setattr(codegen_module, "stack_bytes", lambda text, _: 9999 - 9 * text.count("\n"))
    assert found < generated(M4F, POLYNOMIALS, size=size, code_weight=code_weight).code_bytes


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("code_weight", [None, 1.0])
def test_every_target_has_short_code(target, code_weight):
    fast, short = (generated(target, size=size, code_weight=code_weight) for size in (False, True))
    assert 0 < short.code_bytes <= fast.code_bytes


def test_short_loops_end_with_a_branch_and_a_return():
    code = generated(M4F, WITH_ADDRESSES, size=True)
    assert re.search(r"\tbne\t\S+\n(@.*\n)*\t(pop|bx\t)", code.assembly)
    assert "eq\t" not in code.assembly


def test_short_code_is_the_shortest_of_several(monkeypatch):
    usual = codegen_module._GOALS
    found = []
    for text in (WITH_INDEX, FEW):
        alone = {}
        for goal in usual:
            monkeypatch.setattr(codegen_module, "_GOALS", (goal,))
            alone[goal] = total_bytes(text)
        monkeypatch.setattr(codegen_module, "_GOALS", usual)
        assert total_bytes(text) == min(alone.values())
        found.append(min(alone, key=lambda goal: alone[goal]))
    assert found == ["short loops", "size"]


def test_short_code_looks_at_the_condition_at_the_end_of_a_loop():
    assembly = generated(M4F, WITH_INDEX, size=True).assembly
    branches = re.findall(r"^\t(b\w*)\t", assembly, re.MULTILINE)
    assert [branch for branch in branches if branch != "bx"] == ["bne"], assembly


def test_of_a_long_program_one_way_is_tried(monkeypatch):
    shortest = total_bytes(FEW)
    monkeypatch.setattr(codegen_module, "_MOST_LINES_OF_SHORT_CODE", 0)
    assert total_bytes(FEW) > shortest
