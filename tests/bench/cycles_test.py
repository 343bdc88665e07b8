# SPDX-License-Identifier: Apache-2.0
"""Cycles of a few lines of disassembly, by the rules of Arm's manual."""

import pytest
from cycles import estimate


def cycles(*lines: str, jumps: dict[int, int] | None = None, times: int = 1) -> int:
    """Of a listing whose instructions are all executed `times`. jumps: after how many of them the
    line with this number is left."""
    listing = "00000000 <f>:\n" + "".join(
        f"   {4 * i:x}:\t{line}\n" for i, line in enumerate(lines)
    )
    profile = "".join(f"{4 * i:x} {times} {(jumps or {}).get(i, 0)}\n" for i in range(len(lines)))
    return estimate(listing, profile)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("vmul.f32\ts0, s1, s2", 1),
        ("vmovgt.f32\ts0, s1", 1),
        ("vmov\tr0, r1, d0", 2),
        ("vfma.f32\ts0, s1, s2", 3),
        ("vdiv.f32\ts0, s1, s2", 14),
        ("vsqrt.f32\ts0, s1", 14),
        ("vldr\ts0, [pc, #588]\t@ 3a0 <dot+0x254>", 2),
        ("vldr\td5, [r3, #256]\t@ 0x100", 3),
        ("vstr\ts0, [r3]", 2),
        ("vldmia\tr3!, {d8-d11}", 9),
        ("vpush\t{s16}", 2),
        ("ldr.w\tr0, [r1, #4]", 2),
        ("str\tr0, [r1, #4]", 1),
        ("str.w\tr0, [r1, r2, lsl #2]", 2),
        ("ldrd\tr0, r1, [r2]", 3),
        ("push\t{r4, r5, sl, lr}", 5),
        ("ldmia.w\tr3, {r0, r1, r2}", 4),
        ("umull\tr0, r1, r2, r3", 1),
        ("udiv\tr0, r1, r2", 7),
        ("it\tgt", 1),
        ("movw\tr0, #7", 1),
    ],
)
def test_one_instruction(line, expected):
    assert cycles(line) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("vldr\ts0, [r3]", "vldr\ts1, [r3, #4]", 2 + 1),
        ("ldr\tr0, [r1]", "str\tr0, [r3, r2]", 2 + 1),
        ("ldr\tr0, [r1]", "str\tr0, [r3, #20]", 2 + 1),
        ("ldr\tr0, [r1]", "ldr\tr2, [r0]", 2 + 2),
        ("str\tr0, [r1]", "ldr\tr2, [r3]", 1 + 2),
        ("vldr\td0, [r3]", "vldr\td1, [r3, #8]", 3 + 3),
        ("add\tr3, r4", "ldr\tr2, [r3]", 1 + 2 + 1),
        ("cmp\tr3, r4", "ldr\tr2, [r3]", 1 + 2),
        ("sub\tsp, #8", "push\t{r0}", 1 + 2 + 1),
        ("vmul.f32\ts0, s1, s2", "vadd.f32\ts3, s0, s4", 1 + 1 + 1),
        ("vmul.f32\ts0, s1, s2", "vadd.f32\ts0, s3, s4", 1 + 1),
        ("vmul.f32\ts0, s1, s2", "vfma.f32\ts0, s3, s4", 1 + 3),
        ("vmul.f32\ts0, s1, s2", "vfma.f32\ts3, s0, s4", 1 + 3 + 1),
        ("vadd.f32\ts1, s2, s3", "vpush\t{d0}", 1 + 3 + 1),
        ("vadd.f32\ts1, s2, s3", "vldmia\tr0!, {s1}", 1 + 2),
        ("vadd.f32\ts1, s2, s3", "vmov\tr0, s1", 1 + 1 + 1),
        ("vmov.f32\ts0, s1", "vadd.f32\ts3, s0, s4", 1 + 1),
    ],
)
def test_two_instructions(before, after, expected):
    assert cycles(before, after) == expected


def test_a_branch_that_is_taken_fills_the_pipeline_again():
    # A loop of 10: its first load follows another load once, and 9 times the branch.
    lines = ("vldr\ts0, [r0]", "vldr\ts1, [r1]", "subs\tr2, #1", "bne.n\t4 <f+0x4>")
    listing = "".join(f"   {4 * i:x}:\t{line}\n" for i, line in enumerate(lines))
    assert (
        estimate(listing, "0 1 0\n4 10 0\n8 10 0\nc 10 9\n") == 2 + (10 * 2 - 1) + 10 + 10 + 9 * 2
    )
    assert cycles("bx\tlr", jumps={0: 1}) == 3
    assert cycles("pop\t{r7, pc}", jumps={0: 1}) == 3 + 2
    assert cycles("ldr\tpc, [r0]", "ldr\tr1, [r2]", jumps={0: 1}) == 2 + 2 + 2


def test_an_instruction_can_be_in_several_lines_of_the_profile():
    assert estimate("   0:\tnop\n", "0 2 0\n0 3 0\n") == 5


def test_what_the_table_lacks():
    with pytest.raises(ValueError, match="no cycles are known of vtbl"):
        cycles("vtbl.8\td0, {d1}, d2")
    with pytest.raises(ValueError, match="not in the listing"):
        estimate("   0:\tnop\n", "4 1 0\n")
