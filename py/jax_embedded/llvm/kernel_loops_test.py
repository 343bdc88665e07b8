# SPDX-License-Identifier: Apache-2.0
import llvmlite.binding as llvm
import pytest

from jax_embedded.errors import InternalError
from jax_embedded.llvm.kernel_loops import (
    KernelLoops,
    Place,
    collapsed,
    element_kernel,
    loops_of,
    with_collapsed_loops,
    with_rolled_inner_loops,
    with_rolled_loops,
)
from jax_embedded.llvm.kernel_loops_testing import kernel, one_loop, sums, two_loops


def test_places_of_one_loop():
    found = loops_of(kernel("k", one_loop(12)))
    assert found == KernelLoops((12,), (Place("float", (1,)), Place("float", (1,))))
    assert found.in_order(0)
    assert found.in_order(1)


@pytest.mark.parametrize(
    ("read", "before", "expected"),
    [
        ("0", "", Place("float", (0,))),
        ("%s", "  %s = mul nsw i64 %i, 2\n", Place("float", (2,))),
        ("%s", "  %s = mul nsw i64 2, %i\n", Place("float", (2,))),
        ("%s", "  %s = add nsw i64 %i, %i\n", Place("float", (2,))),
        ("%s", "  %s = add nsw i64 %i, 1\n", None),
        ("%s", "  %s = mul nsw i64 %i, %i\n", None),
        ("%s", "  %s = urem i64 %i, 3\n", None),
        ("%i", "  %c = load float, ptr %0, align 4\n", None),  # at two places
        ("%i", "  call void @f(ptr %0)\n", None),
    ],
)
def test_places_that_are_read(read, before, expected):
    found = loops_of(kernel("k", one_loop(12, read=read, before=before)))
    assert found
    assert found.places == (expected, Place("float", (1,)))
    assert not found.in_order(0)


def test_places_of_two_loops():
    found = loops_of(kernel("k", two_loops((3, 4))))
    assert found == KernelLoops((3, 4), (Place("float", (0, 1)), Place("float", (4, 1))), (False,))
    assert not found.in_order(0)
    assert found.in_order(1)


def test_a_loop_with_more_than_a_loop_inside_is_the_innermost():
    found = loops_of(kernel("k", two_loops((3, 4), between="  call void @f()\n")))
    assert found
    assert found.extents == (3,)


def test_a_loop_over_nothing_is_none():
    assert loops_of(kernel("k", one_loop(0))) is None


@pytest.mark.parametrize(
    "body",
    [
        "  ret void\n",
        one_loop(12).replace("[ 0, %2 ]", "[ 1, %2 ]"),
        one_loop(12).replace("exit:\n", "exit:\n  store float 0.0, ptr %1, align 4\n"),
    ],
)
def test_what_has_no_loops_of_the_form(body):
    assert loops_of(kernel("k", body)) is None
    with pytest.raises(InternalError, match="kernel e: expected loops over its elements"):
        element_kernel(kernel("k", body), "e")


@pytest.mark.parametrize(
    ("body", "index"),
    [(one_loop(12), "add i64 %x, 0"), (two_loops((3, 4)), "add i64 %y, 0")],
)
@pytest.mark.parametrize("narrow", [False, True])
def test_an_element_is_computed_without_a_loop(body, index, narrow):
    text = kernel("k", body)
    if narrow:
        text = text.replace("i64 %i", "i32 %i").replace("i64 %j", "i32 %j")
        text = text.replace("phi i64", "phi i32").replace("nsw i64", "nsw i32")
        text = text.replace("i64 %at", "i32 %at")
        index = index.replace("add i64 %", "trunc i64 %").replace(", 0", " to i32")
    element = element_kernel(text, "e")
    assert f"%i = {index}" in element
    assert " phi " not in element
    assert "@k" not in element
    llvm.parse_assembly(element).verify()


@pytest.mark.parametrize(
    ("in_line", "expected"),
    [
        ((False, False), (2, 3, 4)),
        ((True, False), (1, 6, 4)),
        ((False, True), (2, 1, 12)),
        ((True, True), (1, 1, 24)),
    ],
)
def test_loops_in_line_are_one(in_line, expected):
    assert collapsed((2, 3, 4), in_line) == expected


def test_loops_of_few_iterations_are_one_in_short_code_only():
    for extents, size, expected in [
        ((4, 4), False, (4, 4)),
        ((4, 4), True, (1, 16)),
        ((4, 5), False, (1, 20)),
    ]:
        assert collapsed(extents, (True,), size=size) == expected


IN_LINE = two_loops((3, 4)).replace("ptr %0, i32 0, i64 %j", "ptr %0, i32 0, i64 %at")


def test_loops_in_line_are_collapsed():
    text = kernel("k", IN_LINE)
    found = loops_of(text)
    assert found
    assert found.in_line == (True,)
    whole = with_collapsed_loops(text, size=True)
    assert "icmp slt i64 %i, 1\n" in whole
    assert "icmp slt i64 %j, 12\n" in whole
    assert whole.count("\n") == text.count("\n")
    llvm.parse_assembly(whole).verify()


def test_loops_around_sums_are_collapsed():
    """Of x[3, 2, 4] over the last axis."""
    text = kernel("k", two_loops((3, 2)))
    term = """\
  %start = mul nsw i64 %at, 4
  br label %terms
terms:
  %t = phi i64 [ %next.t, %term ], [ 0, %body ]
  %sum = phi float [ %more, %term ], [ 0.0, %body ]
  %going.t = icmp slt i64 %t, 4
  br i1 %going.t, label %term, label %end
term:
  %place = add nsw i64 %start, %t
  %from = getelementptr inbounds [24 x float], ptr %0, i32 0, i64 %place
  %a = load float, ptr %from, align 4
  %more = fadd float %sum, %a
  %next.t = add nsw i64 %t, 1
  br label %terms
end:
"""
    begin = text.index("  %from = ")
    stop = text.index("  %to = ")
    text = text[:begin] + term + text[stop:].replace("float %a,", "float %sum,")
    text = text.replace("%next.j, %body", "%next.j, %end")
    llvm.parse_assembly(text).verify()
    whole = with_collapsed_loops(text, size=True)
    llvm.parse_assembly(whole).verify()
    assert "icmp slt i64 %j, 6\n" in whole
    of_rows = text.replace("mul nsw i64 %at, 4", "mul nsw i64 %i, 4")
    assert with_collapsed_loops(of_rows, size=True) == of_rows


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("ptr %0, i32 0, i64 %at", "ptr %0, i32 0, i64 %j", id="of each row the same"),
        pytest.param("ptr %0, i32 0, i64 %at", "ptr %0, i32 0, i64 %i", id="one of each row"),
        pytest.param("mul nsw i64 %i, 4", "mul nsw i64 %i, 5", id="with gaps"),
        pytest.param("mul nsw i64 %i, 4", "mul nsw i64 %i, %i", id="no number of steps"),
        pytest.param("%a = load", "%c = sitofp i64 %j to float\n  %a = load", id="a number"),
        pytest.param("%a = load", "%c = icmp slt i64 %at, 7\n  %a = load", id="a condition"),
        pytest.param("%a = load", "%c = urem i64 %at, 7\n  %a = load", id="a rest"),
        pytest.param("[12 x float], ptr %0, i32 0", "float, ptr %0", id="another address"),
        pytest.param("i64 %i, 3\n", "i64 %i, 3\n  call void @f()\n", id="more than a loop"),
    ],
)
def test_other_loops_are_not_collapsed(old, new):
    text = kernel("k", IN_LINE.replace(old, new))
    assert text != kernel("k", IN_LINE)
    assert with_collapsed_loops(text, size=True) == text


def test_one_loop_is_not_collapsed():
    for body in ("  ret void\n", one_loop(12)):
        assert with_collapsed_loops(kernel("k", body), size=True) == kernel("k", body)


@pytest.mark.parametrize("body", [one_loop(12), two_loops((3, 4))])
def test_loops_that_become_vectors_are_not_unrolled(body):
    text = kernel("k", body)
    rolled = with_rolled_loops(text)
    [line] = [line for line in rolled.splitlines() if "!llvm.loop" in line]
    assert line == "  br label %head, !llvm.loop !1"
    llvm.parse_assembly(rolled).verify()
    assert loops_of(text)


@pytest.mark.parametrize(
    "body",
    [
        "  ret void\n",
        one_loop(12)
        .replace("[ 0, %2 ]\n", "[ 0, %2 ]\n  %sum = phi float [ %b, %body ], [ 0.0, %2 ]\n")
        .replace("fadd float %a, %a", "fadd float %a, %sum"),
        one_loop(12).replace(
            "  %b = fadd float %a, %a\n",
            "  br label %in\nin:\n  %k = phi i64 [ 0, %body ], [ %l, %in ]\n"
            "  %l = add i64 %k, 1\n  %more = icmp slt i64 %l, 3\n"
            "  br i1 %more, label %in, label %out\nout:\n  %b = fadd float %a, %a\n",
        ),
    ],
)
def test_other_loops_are_left_to_llvm(body):
    text = kernel("k", body)
    assert with_rolled_loops(text) == text


def rolled_latches(text: str) -> list[str]:
    rolled = with_rolled_inner_loops(text)
    llvm.parse_assembly(rolled).verify()
    return [line for line in rolled.splitlines() if "!llvm.loop !" in line]


@pytest.mark.parametrize("fused", ["", "contract "])
def test_sums_of_neighbours_are_not_unrolled(fused):
    text = kernel("k", sums((3, 8), flags=f"{fused}reassoc"))
    assert rolled_latches(text) == ["  br label %head, !llvm.loop !1"]
    assert with_rolled_loops(text) == text


def test_elements_in_a_loop_with_more_are_not_unrolled():
    text = kernel("k", two_loops((3, 8), between="  call void @f()\n"))
    text = text.replace("define internal", "declare void @f()\ndefine internal")
    assert rolled_latches(text) == ["  br label %head, !llvm.loop !1"]
    rolled = with_rolled_inner_loops(text)
    element = element_kernel(rolled, "e")
    llvm.parse_assembly(element).verify()
    assert "!llvm.loop !1" in element


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(sums((3, 7)), id="few terms"),
        pytest.param(sums((3, 8), flags=""), id="in order"),
        pytest.param(
            sums((3, 8)).replace("add nsw i64 %first, %j", "mul nsw i64 %j, 2"),
            id="of every other one",
        ),
        pytest.param(sums((3, 8), added="%first.sum"), id="another value"),
        pytest.param(sums((3, 8)).replace(", %j\n", ", 3\n"), id="not from the first on"),
        pytest.param(two_loops((3, 8)), id="one inside of the other"),
    ],
)
def test_other_inner_loops_are_left_to_llvm(body):
    assert rolled_latches(kernel("k", body)) == []
