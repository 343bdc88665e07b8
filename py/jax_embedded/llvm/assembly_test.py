# SPDX-License-Identifier: Apache-2.0
import pytest

from jax_embedded.llvm.assembly import has_loops, instructions

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


def test_instructions_are_no_directives():
    assert instructions(STRAIGHT) == 4


@pytest.mark.parametrize(
    "line", ["b\t.LBB0_2", "bne.w\t.LBB0_2", "le\tlr, .LBB0_2", "cbnz\tr0, .LBB0_2"]
)
def test_a_branch_back_is_a_loop(line):
    assert has_loops(STRAIGHT + f"\t{line}\n")
    assert not has_loops(f"\t{line}\n" + STRAIGHT)


@pytest.mark.parametrize(
    "text", ["", STRAIGHT, STRAIGHT + "\tbl\tf\n", STRAIGHT + "\tldr\tr0, x\n"]
)
def test_a_call_or_another_name_is_none(text):
    assert not has_loops(text)
