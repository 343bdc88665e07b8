# SPDX-License-Identifier: Apache-2.0
import pytest

from jax_embedded.llvm.assembly import executed, stack_bytes

STRAIGHT = """\
\t.globl\tf
f:
\tvldr\ts0, .LCPI0_0
\tcbz\tr0, .LBB0_2
\tbl\tg
.LBB0_2:
\tbx\tlr
.LCPI0_0:
\t.long\t0x3f800000
"""


def test_what_is_no_instruction_does_not_count():
    assert executed(STRAIGHT) == 4


@pytest.mark.parametrize(
    "line", ["b\t.LBB0_2", "bne.w\t.LBB0_2", "le\tlr, .LBB0_2", "cbnz\tr0, .LBB0_2"]
)
def test_a_branch_back_is_a_loop(line):
    assert executed(STRAIGHT + f"\t{line}\n") == 3 + 10 * 2
    assert executed(STRAIGHT + f"\t{line}\n", 100) == 3 + 100 * 2
    assert executed(f"\t{line}\n" + STRAIGHT) == 5


def test_two_branches_to_a_label_are_one_loop():
    assert executed("a:\n\tnop\n\tbeq\ta\n\tnop\n\tbne\ta\n\tbx\tlr\n") == 4 * 10 + 1


def test_loops_in_loops():
    inner, other = (f"{label}:\n\tnop\n\tbne\t{label}\n" for label in "bc")
    assert executed(f"\tnop\na:\n\tnop\n{inner}\tbne\ta\n{other}") == 1 + 20 + 200 + 20
    assert executed(f"a:\n{inner}\tbne\ta\n") == 200 + 10


@pytest.mark.parametrize(
    "text", ["", STRAIGHT, STRAIGHT + "\tbl\tf\n", STRAIGHT + "\tldr\tr0, x\n"]
)
def test_a_call_or_another_name_is_no_loop(text):
    assert executed(text) == text.count("\n\t") - text.count("\n\t.")


FRAMES = """\
\t.type\t"f.in-ner",%function
"f.in-ner":
\t.vsave\t{d8, d9}
\tvpush\t{d8, d9}
.LBB0_1:
\tbne\t.LBB0_1
\tbx\tlr
\t.type\tmiddle,%function
middle:
\t.save\t{r4, r5, r6, lr}
\tpush\t{r4, r5, r6, lr}
\t.pad\t#8
\tsub\tsp, #8
\tbl\telsewhere
\tCALL\t"f.in-ner"
\t.type\t"f",%function
"f":
\t.save\t{r7, lr}
\tpush\t{r7, lr}
\tbl\tOUTLINED_FUNCTION_0
\tbl\tmiddle
\tbeq\t"f.in-ner"
\t.type\tOUTLINED_FUNCTION_0,%function
OUTLINED_FUNCTION_0:
\tstr\tlr, [sp, #-8]!
\tldr\tpc, [sp], #8
"""


@pytest.mark.parametrize(
    ("function", "call", "stack"),
    [
        ("f.in-ner", "bl", 16),
        ("middle", "bl", 24 + 16),
        ("middle", "b", 24),
        ("f", "bl", 8 + 24 + 16),
        ("f", "b", 8 + 24),
        ("OUTLINED_FUNCTION_0", "b", 8),
    ],
)
def test_the_stack_of_a_function_and_of_what_it_calls(function, call, stack):
    assert stack_bytes(FRAMES.replace("CALL", call), function) == stack
