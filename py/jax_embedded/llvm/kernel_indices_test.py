# SPDX-License-Identifier: Apache-2.0
import contextlib

import llvmlite.binding as llvm
import pytest

from jax_embedded.llvm.kernel_indices import narrow_indices


def kernel(*lines: str, counter: str = "add nsw i64 %i, 1") -> str:
    """A loop over 8 elements; `lines` stand in its body."""
    return "\n".join(
        [
            "define void @kernel(ptr %a, ptr %b, i64 %group) {",
            "  br label %head",
            "head:",
            "  %i = phi i64 [ %next, %body ], [ 0, %0 ]",
            "  %going = icmp slt i64 %i, 8",
            "  br i1 %going, label %body, label %exit",
            "body:",
            *(f"  {line}" for line in lines),
            f"  %next = {counter}",
            "  br label %head",
            "exit:",
            "  ret void",
            "}",
            "declare i64 @llvm.smax.i64(i64, i64)",
            "declare i64 @llvm.smin.i64(i64, i64)",
            "",
        ]
    )


AT = "%at = getelementptr inbounds [8 x i32], ptr %a, i32 0, i64 %i"
AT_J = "%at_j = getelementptr float, ptr %b, i64 %j"
LOAD = "%x = load i32, ptr %at, align 4"


def narrowed(*lines: str, **options: str) -> str:
    text = narrow_indices(kernel(*lines, **options))
    llvm.parse_assembly(text).verify()
    return text[: text.index("declare")]


@pytest.mark.parametrize(
    "lines",
    [
        (AT,),
        ("%row = mul nsw i64 %i, 8", "%j = add nsw i64 %row, -3", AT),
        ("%j = urem i64 %i, 3", "%k = udiv i64 %i, 3", "%l = sub nuw nsw i64 %j, %k"),
        ("%x = sitofp i64 %i to float", "%y = trunc i64 %i to i32", "%z = trunc i64 %i to i8"),
        ("%k = mul i64 %i, 8", "%j = add i64 %k, 0", AT_J),
        (
            AT,
            LOAD,
            "%y = sext i32 %x to i64",
            "%low = call i64 @llvm.smax.i64(i64 %y, i64 0)",
            "%z = call i64 @llvm.smin.i64(i64 %low, i64 7)",
            "%j = add nsw i64 %z, %i",
        ),
        (
            "%c = icmp ult i64 %i, 3",
            "%j = select i1 %c, i64 %i, i64 5",
            "%b8 = trunc i64 %i to i8",
            "%k = zext i8 %b8 to i64",
        ),
        # A counter is known to be small, and what is computed from it.
        ("%j = add i64 %i, 1", "%c = icmp slt i64 %j, 8"),
        (
            "%j = sub i64 -1, %i",
            "%k = mul nsw i64 %j, 3",
            "%l = sdiv i64 %k, 2",
            "%m = srem i64 %l, 3",
        ),
        ("%k = add i64 %i, 1", "%j = mul i64 %k, 3", AT_J, "%x = trunc i64 %k to i8"),
        (
            "%d = icmp ult i64 %i, 3",
            "%j = select i1 %d, i64 %i, i64 7",
            "%k = call i64 @llvm.smax.i64(i64 %j, i64 2)",
            "%l = sub i64 %k, %j",
            "%e = icmp slt i64 %l, 0",
        ),
    ],
)
def test_an_index_becomes_i32(lines):
    head, _, body = narrowed(*lines).partition("\n")
    assert "i64 %group" in head
    assert "i64" not in body


@pytest.mark.parametrize(
    ("lines", "stays"),
    [
        # 9 * 2**28 is no i32.
        (("%j = mul i64 %i, 268435456", "%c = icmp slt i64 %j, 8"), "%i = phi i64"),
        (("%j = sub i64 %i, 2147483640", "%c = icmp slt i64 %j, 8"), "%i = phi i64"),
        (
            ("%j = mul i64 %i, 65536", "%k = mul i64 %j, %j", "%c = icmp eq i64 %k, 0"),
            "%i = phi i64",
        ),
        (
            (AT, LOAD, "%y = zext i32 %x to i64", "%z = sub i64 %i, %y", "%c = icmp eq i64 %z, 0"),
            "%i = phi i64",
        ),
        ((AT, LOAD, "%y = zext i32 %x to i64", "%z = sdiv i64 %i, %y"), "%i = phi i64"),
        (
            (
                AT,
                LOAD,
                "%y = sext i32 %x to i64",
                "%z = call i64 @llvm.smax.i64(i64 %y, i64 -5)",
                "%u = udiv i64 %z, 7",
            ),
            "udiv i64 %z, 7",
        ),
        (("%x = load i8, ptr %a", "%y = sext i8 %x to i64", "%u = urem i64 %y, 7"), "urem i64 %y"),
        (
            ("%x = load i16, ptr %a", "%y = sext i16 %x to i64", "%u = uitofp i64 %y to float"),
            "uitofp i64 %y",
        ),
        # -1 is a large number without a sign, and not the same one in fewer bits.
        (("%j = sub i64 %i, 4", "%x = uitofp i64 %j to float"), "%i = phi i64"),
        (
            ("%x = uitofp i64 %i to float", "%j = sub i64 %i, 4", "%c = icmp eq i64 %j, 0"),
            "%i = phi i64",
        ),
        (("%j = add i64 %i, -4", "%k = udiv i64 %j, 7"), "%i = phi i64"),
        (
            ("%j = urem i64 %i, 7", "%k = sub i64 %j, %i", "%c = icmp eq i64 %k, 0"),
            "%i = phi i64",
        ),
        (("%j = mul nsw i64 %i, 4294967296",), "%i = phi i64"),
        (("store i64 %i, ptr %b, align 8",), "%i = phi i64"),
        (("%j = add nsw i64 %i, %group",), "%i = phi i64"),
        ((AT, "%x = load i64, ptr %at, align 8", "%c = icmp eq i64 %x, %i"), "%i = phi i64"),
        ((AT, LOAD, "%y = zext i32 %x to i64", "%z = mul nsw i64 %y, %y"), "mul nsw i64 %y, %y"),
        ((AT, LOAD, "%y = sext i32 %x to i64", "%z = add nsw i64 %y, 5"), "add nsw i64 %y, 5"),
        (("%j = lshr i64 %i, 3",), "lshr i64 %i, 3"),
        (("%d = bitcast i64 %i to double",), "bitcast i64 %i"),
        (("%j = and i64 %i, 255",), "and i64 %i, 255"),
    ],
)
def test_what_may_be_a_number_of_the_users_stays(lines, stays):
    assert stays in narrowed(*lines)


def test_one_number_of_the_users_leaves_the_indices_beside_it():
    text = narrowed(AT, "%x = load i64, ptr %at, align 8", "%y = add i64 %x, 1")
    assert "%i = phi i32" in text
    assert "%y = add i64 %x, 1" in text


def test_the_counter_itself_may_overflow():
    assert "%i = phi i64" in narrowed(AT, counter="add i64 %i, 1")


@pytest.mark.parametrize(
    ("head", "counter"),
    [
        ("%i = phi i64 [ %next, %body ], [ %group, %0 ]", "add nsw i64 %i, 1"),
        ("%i = phi i64 [ %next, %body ], [ 0, %0 ]", "add nsw i64 %i, %i"),
        ("%i = phi i64 [ %next, %body ], [ 0, %0 ]", "mul nsw i64 %i, 3"),
    ],
)
def test_what_is_no_counter_may_be_large(head, counter):
    text = kernel("%j = sdiv i64 %i, 3", counter=counter)
    text = text.replace("%i = phi i64 [ %next, %body ], [ 0, %0 ]", head)
    assert "sdiv i64 %i, 3" in narrow_indices(text)


def test_what_is_counted_from_something_else_may_be_large():
    lines = ["%k = mul nsw i64 %i, 400000000", "%j = sdiv i64 %i, 3"]
    assert "sdiv i64 %i, 3" in narrow_indices(kernel(*lines, counter="add nsw i64 %k, 1"))


def test_a_condition_other_than_the_loop_s_does_not_make_a_counter():
    text = kernel("%j = sdiv i64 %i, 3").replace("br i1 %going,", "br i1 %other,")
    text = text.replace(
        "  br label %head", "  %other = icmp slt i64 %group, 5\n  br label %head", 1
    )
    llvm.parse_assembly(text).verify()
    assert "sdiv i64 %i, 3" in narrow_indices(text)


@pytest.mark.parametrize(
    ("written", "damaged"),
    [("{\n  br", "\n}\n  br"), ("i64 %k)", "i64%k)"), ("i64 %k)", "i64)"), ("}\ndef", "}\n}\ndef")],
)
def test_damaged_text_is_left_to_llvm(written, damaged):
    text = kernel(AT, "%x = call float @of(ptr %a, i64 %i)", "%y = call float @of(ptr %a, i64 3)")
    text = CALLED + text
    assert written in text
    found = narrow_indices(text.replace(written, damaged, 1))
    with contextlib.suppress(RuntimeError):  # what LLVM says of text that it cannot read
        llvm.parse_assembly(found)


def test_a_number_too_long_for_a_float():
    numbers = "9" * 400
    lines = [AT, LOAD, "%y = zext i32 %x to i64", f"%z = sub i64 %y, {numbers}"]
    assert numbers in narrow_indices(kernel(*lines))


CALLED = """\
define internal float @of(ptr %a, i64 %k) {
  %at = getelementptr inbounds [8 x i32], ptr %a, i32 0, i64 %k
  %x = load float, ptr %at, align 4
  ret float %x
}
"""


def narrowed_with(called: str, *lines: str) -> str:
    text = narrow_indices(kernel(*lines) + called)
    llvm.parse_assembly(text).verify()
    return text


@pytest.mark.parametrize(
    ("lines", "parameter"),
    [
        (("%x = call float @of(ptr %a, i64 %i)", "%y = call float @of(ptr %b, i64 3)"), "i32"),
        (("%x = call float @of(ptr %a, i64 4294967296)", AT), "i64"),
        (
            ("%x = call float @of(ptr %a, i64 poison)", "%y = call float @of(ptr %a, i64 %i)"),
            "i64",
        ),
        (("%j = load i64, ptr %b, align 8", "%x = call float @of(ptr %a, i64 %j)", AT), "i64"),
        (("%x = call float @of(ptr %a, i64 %i)", "store ptr @of, ptr %b, align 4"), "i64"),
        (("%x = call float @of(ptr %a, i64 %group)", AT), "i64"),
        (
            (
                "%j = load i64, ptr %b, align 8",
                "%x = call float @of(ptr %a, i64 noundef %j)",
                "%y = call float @of(ptr %a, i64 %i)",
            ),
            "i64",
        ),
    ],
)
def test_an_index_is_handed_over(lines, parameter):
    text = narrowed_with(CALLED, *lines)
    assert f"@of(ptr %a, {parameter} %k)" in text
    assert f"i32 0, {parameter} %k" in text


def test_what_a_function_does_with_its_parameter_counts():
    called = CALLED.replace("  ret", "  %y = lshr i64 %k, 3\n  ret")
    assert "%i = phi i64" in narrowed_with(called, AT, "%x = call float @of(ptr %a, i64 %i)")


def test_the_result_of_a_call_may_be_a_number_of_the_users():
    called = CALLED.replace("float", "i64")
    lines = "%j = call i64 @of(ptr %a, i64 %i)", "%k = add nsw i64 %j, 1"
    text = narrowed_with(called, *lines)
    assert "%k = add nsw i64 %j, 1" in text
    assert "@of(ptr %a, i32 %k)" in text


def test_a_function_that_others_may_call_stays():
    called = CALLED.replace("internal ", "")
    text = narrowed_with(called, AT, "%x = call float @of(ptr %a, i64 %i)")
    assert "@of(ptr %a, i64 %k)" in text


def test_a_long_sum_is_no_matter_of_depth():
    lines = ["%j0 = add i64 %i, 1"]
    lines += [f"%j{n} = add i64 %j{n - 1}, %j{n - 1}" for n in range(1, 3000)]
    at = "%at_j = getelementptr float, ptr %b, i64 %j2999"
    assert "%j2999 = add i32" in narrowed(*lines, at)
    assert "%j0 = add i64" in narrowed(*lines, at, "%y = trunc i64 %j2999 to i8")
