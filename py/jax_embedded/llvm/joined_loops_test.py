# SPDX-License-Identifier: Apache-2.0
import dataclasses

import pytest

from jax_embedded.ir.dump import Leaf
from jax_embedded.ir.program import Allocation, Program
from jax_embedded.ir.thunks import KernelThunk, Origin, Slice, Thunk, WhileThunk
from jax_embedded.ir.verify import verify
from jax_embedded.llvm import joined_loops
from jax_embedded.llvm.joined_loops import with_joined_loops
from jax_embedded.llvm.kernel_loops_testing import kernel, one_loop, two_loops
from jax_embedded.shape import Shape

F12 = Shape("f32", (12,))


def program(*thunks: Thunk, **kernels: str) -> Program:
    """x, y -> out, with 2 temporaries."""
    return Program(
        name="f",
        parameters=(Leaf("x", "x", F12), Leaf("y", "y", F12)),
        results=(Leaf("result", "out", F12),),
        result_slices=(OUT,),
        allocations={
            0: Allocation(0, 48, "parameter", 0),
            1: Allocation(1, 48, "parameter", 1),
            2: Allocation(2, 48, "result"),
            3: Allocation(3, 48, "temp"),
            4: Allocation(4, 48, "temp"),
        },
        thunks=thunks,
        kernels=kernels,
    )


X, Y, OUT, TEMP, OTHER = (Slice(n, 0, F12) for n in range(5))
IN_ORDER = kernel("in_order", one_loop(12))
REVERSED = kernel(
    "reversed",
    one_loop(12, read="%s", before="  %m = mul nsw i64 %i, -1\n  %s = add nsw i64 %m, 11\n"),
)
FIRST = kernel("first", one_loop(12, read="0"))
SHORT = kernel("short", one_loop(6))
KERNELS = {"in_order": IN_ORDER, "reversed": REVERSED, "first": FIRST, "short": SHORT} | {
    name: kernel(
        name, one_loop(12).replace("fadd float %a, %a", f"call float @xla.{name}.f32(float %a)")
    )
    for name in ("tanh", "log", "sin", "cos")
}


def call(name: str, read: Slice, written: Slice) -> KernelThunk:
    return KernelThunk(Origin(name, name), name, (read,), (written,))


def loops(*thunks: KernelThunk, vectors: bool = False) -> list[int]:
    given = program(*thunks, **KERNELS)
    verify(
        dataclasses.replace(
            given,
            results=(),
            result_slices=(),
            allocations={**given.allocations, 2: Allocation(2, 48, "temp")},
        )
    )
    return [step.loop for step in with_joined_loops(given, vectors=vectors).kernel_thunks()]


@pytest.mark.parametrize(
    "second",
    [
        call("in_order", TEMP, OUT),  # what the first one wrote
        call("in_order", X, OUT),  # what the first one reads
        call("in_order", TEMP, TEMP),  # in place
    ],
)
def test_kernels_that_share_an_array_are_joined(second):
    assert loops(call("in_order", X, TEMP), second) == [1, 1]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (call("in_order", X, TEMP), call("in_order", Y, OUT)),  # nothing to do with each other
        (call("in_order", X, TEMP), call("reversed", TEMP, OUT)),
        (call("in_order", X, TEMP), call("first", TEMP, OUT)),
        (call("in_order", X, TEMP), call("short", TEMP, OUT)),
        (call("first", X, TEMP), call("first", X, OUT)),
    ],
)
def test_kernels_that_stay_apart(first, second):
    assert loops(first, second) == [0, 0]


@pytest.mark.parametrize(("name", "expected"), [("in_order", [1, 1, 1]), ("reversed", [0, 1, 1])])
def test_a_kernel_must_not_write_what_another_one_has_still_to_read(name, expected):
    thunks = call("in_order", X, TEMP), call(name, TEMP, OTHER), call("in_order", OTHER, OUT)
    assert loops(*thunks) == expected
    writes = call("in_order", OTHER, TEMP)
    assert loops(call("in_order", Y, TEMP), call("reversed", TEMP, OTHER), writes) == [0, 0, 0]


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ("tanh", "tanh", True),
        ("tanh", "in_order", True),
        ("sin", "cos", True),
        ("tanh", "log", False),
        ("tanh", "sin", False),
    ],
)
def test_functions_of_which_registers_of_vectors_keep_the_constants(first, second, together):
    thunks = call(first, X, TEMP), call(second, X, OUT)
    assert loops(*thunks) == [1, 1]
    assert loops(*thunks, vectors=True) == ([1, 1] if together else [0, 0])


def test_slices_that_overlap_in_part_stay_apart():
    half = Slice(3, 24, Shape("f32", (6,)))
    assert loops(call("in_order", X, TEMP), call("in_order", half, OUT)) == [0, 0]


def test_loops_have_numbers_of_their_own():
    apart = call("reversed", OUT, OTHER)
    both = [call("in_order", X, TEMP), call("in_order", TEMP, OUT)]
    assert loops(*both, apart, *both) == [1, 1, 0, 2, 2]


def test_a_loop_goes_around_workgroups():
    rows = kernel("rows", two_loops((3, 4)))
    given = program(call("rows", X, TEMP), call("rows", X, OUT), rows=rows)
    joined = list(with_joined_loops(given, vectors=False).kernel_thunks())
    assert [(step.loop, step.workgroups) for step in joined] == [(0, (1, 1, 1))] * 2
    both = kernel("both", two_loops((3, 4)))
    both = both.replace("ptr %0, i32 0, i64 %j", "ptr %0, i32 0, i64 %at")
    given = program(call("rows", Y, TEMP), call("both", TEMP, OUT), rows=rows, both=both)
    joined = list(with_joined_loops(given, vectors=False, size=True).kernel_thunks())
    assert [(step.loop, step.workgroups) for step in joined] == [(1, (4, 3, 1))] * 2
    # Of elements that lie in line in all arrays.
    given = program(call("both", X, TEMP), call("both", X, OUT), both=both)
    joined = list(with_joined_loops(given, vectors=False, size=True).kernel_thunks())
    assert [(step.loop, step.workgroups) for step in joined] == [(1, (12, 1, 1))] * 2


def test_kernels_in_a_loop_are_joined():
    body = call("in_order", X, TEMP), call("in_order", TEMP, OUT)
    given = program(WhileThunk(Origin("w", "while"), None, (), body, 3), **KERNELS)
    assert [step.loop for step in with_joined_loops(given, vectors=False).kernel_thunks()] == [1, 1]


def chain(count: int) -> list[KernelThunk]:
    """Pairs of kernels that share no elements with the next pair."""
    pairs = [call("in_order", X, TEMP), call("in_order", TEMP, OTHER)]
    return [*pairs, call("short", OTHER, TEMP)] * count


def test_kernels_of_which_there_are_many_copies_stay_by_themselves(monkeypatch):
    few = loops(*chain(3), call("in_order", X, OUT))
    assert few[:9] == [1, 1, 0, 2, 2, 0, 3, 3, 0]
    monkeypatch.setattr(joined_loops, "MOST_LINES", 6 * IN_ORDER.count("\n"))
    assert set(loops(*chain(3), call("in_order", X, OUT))) == {0}
    assert loops(*chain(2), call("in_order", X, OUT))[:6] == [1, 1, 0, 2, 2, 0]


def test_in_a_program_of_many_kernels_all_stay_by_themselves(monkeypatch):
    monkeypatch.setattr(joined_loops, "MOST_KERNELS", 7)
    assert loops(*chain(2), call("in_order", X, OUT))[:6] == [1, 1, 0, 2, 2, 0]
    assert set(loops(*chain(2), call("in_order", X, TEMP), call("in_order", TEMP, OUT))) == {0}
