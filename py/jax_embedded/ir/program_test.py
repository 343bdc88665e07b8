# SPDX-License-Identifier: Apache-2.0
import dataclasses

import pytest

from jax_embedded.errors import InternalError
from jax_embedded.ir.dump import Leaf
from jax_embedded.ir.program import Allocation, Program
from jax_embedded.ir.thunks import (
    CallThunk,
    ConditionalThunk,
    CopyThunk,
    DotAxis,
    DotThunk,
    KernelThunk,
    Origin,
    Slice,
    WhileThunk,
)
from jax_embedded.ir.verify import verify
from jax_embedded.shape import Shape

F4, F8, F2X4 = Shape("f32", (4,)), Shape("f32", (8,)), Shape("f32", (2, 4))
ORIGIN = Origin("add.1", "add", "mlp.py:7")


def kernel(reads: tuple[Slice, ...], writes: tuple[Slice, ...], name: str = "add") -> KernelThunk:
    return KernelThunk(ORIGIN, name, reads, writes)


# %0 parameter x, %1 constant, %2 temp, %3 result: x + constant -> temp, temp -> result
PROGRAM = Program(
    name="mlp",
    parameters=(Leaf("x", "x", F4),),
    results=(Leaf("result", "out", F4),),
    result_slices=(Slice(3, 0, F4),),
    allocations={
        3: Allocation(3, 16, "result"),
        0: Allocation(0, 16, "parameter", 0),
        1: Allocation(1, 16, "constant", data=bytes(range(16))),
        2: Allocation(2, 64, "temp"),
    },
    thunks=(
        kernel((Slice(0, 0, F4), Slice(1, 0, F4)), (Slice(2, 16, F4),)),
        CallThunk(
            Origin("call.1", "relu"), (CopyThunk(ORIGIN, Slice(2, 16, F4), Slice(3, 0, F4)),)
        ),
    ),
    kernels={"add": "define ptr @add(ptr %0)"},
)
COPY = CopyThunk(ORIGIN, Slice(0, 0, F4), Slice(3, 0, F4))


def changed(**fields) -> Program:
    return dataclasses.replace(PROGRAM, **fields)


def with_allocation(index: int, *arguments, **fields) -> dict[int, Allocation]:
    return {**PROGRAM.allocations, index: Allocation(index, *arguments, **fields)}


def test_a_good_program_passes():
    verify(PROGRAM)
    verify(changed(thunks=(COPY,)))


def test_donated_memory_is_read_and_written():
    in_place = changed(
        allocations={0: Allocation(0, 16, "donated", 0)},
        thunks=(kernel((Slice(0, 0, F4),), (Slice(0, 0, F4),)),),
        result_slices=(Slice(0, 0, F4),),
    )
    verify(in_place)
    verify(dataclasses.replace(in_place, thunks=()))  # returned as it came


def test_steps_are_in_order_without_calls():
    inner = CallThunk(ORIGIN, (COPY, CallThunk(ORIGIN, (PROGRAM.thunks[0],))))
    program = changed(thunks=(PROGRAM.thunks[0], inner, COPY))
    assert tuple(program.steps()) == (PROGRAM.thunks[0], COPY, PROGRAM.thunks[0], COPY)


def dot(step: int, out_step: int, out: Slice = Slice(3, 0, F4)) -> DotThunk:  # noqa: B008
    """x[i] * x[j] for each i and j of 2."""
    axes = (DotAxis(2, step, 0, 2 * out_step), DotAxis(2, 0, 1, out_step))
    return DotThunk(ORIGIN, Slice(0, 0, F4), Slice(0, 0, F4), out, axes, ())


def test_a_dot_within_its_arrays_passes():
    verify(changed(thunks=(dot(1, 1),)))
    assert "  dot 2x2 over 1  // add mlp.py:7\n" in str(changed(thunks=(dot(1, 1),)))


BROKEN = {
    "unknown allocation": (
        changed(thunks=(kernel((Slice(9, 0, F4),), (Slice(3, 0, F4),)),)),
        "add.1: expected a known allocation, found %9[0:16] f32[4]",
    ),
    "read past the end": (
        changed(thunks=(kernel((Slice(0, 4, F4),), (Slice(3, 0, F4),)),)),
        "add.1: expected a slice of 16 bytes, found %0[4:20] f32[4]",
    ),
    "write past the end": (
        changed(thunks=(kernel((), (Slice(2, 52, F4),)), COPY)),
        "add.1: expected a slice of 64 bytes, found %2[52:68] f32[4]",
    ),
    "negative offset": (
        changed(thunks=(kernel((Slice(0, -4, F4),), (Slice(3, 0, F4),)),)),
        "add.1: expected a slice of 16 bytes, found %0[-4:12] f32[4]",
    ),
    "copy past the end": (
        changed(thunks=(CopyThunk(ORIGIN, Slice(0, 0, F8), Slice(3, 0, F4)),)),
        "add.1: expected a slice of 16 bytes, found %0[0:32] f32[8]",
    ),
    "read before write": (
        changed(thunks=(kernel((Slice(2, 0, F4),), (Slice(3, 0, F4),)),)),
        "add.1: expected to read what was written before, found %2[0:16] f32[4]",
    ),
    "read of a byte more than was written": (
        changed(
            thunks=(
                kernel((), (Slice(2, 0, F4), Slice(2, 20, F4))),
                kernel((Slice(2, 0, F8),), (Slice(3, 0, F4),)),
            )
        ),
        "add.1: expected to read what was written before, found %2[0:32] f32[8]",
    ),
    "read of a result before write": (
        changed(thunks=(kernel((Slice(3, 0, F4),), (Slice(3, 0, F4),)),)),
        "add.1: expected to read what was written before, found %3[0:16] f32[4]",
    ),
    "write of a parameter": (
        changed(thunks=(kernel((), (Slice(0, 0, F4),)), COPY)),
        "add.1: expected to write a temp or a result, found a parameter: %0[0:16] f32[4]",
    ),
    "write of a constant": (
        changed(thunks=(CopyThunk(ORIGIN, Slice(0, 0, F4), Slice(1, 0, F4)), COPY)),
        "add.1: expected to write a temp or a result, found a constant: %1[0:16] f32[4]",
    ),
    "unknown kernel": (
        changed(thunks=(kernel((), (Slice(3, 0, F4),), "sub"),)),
        "add.1: expected a kernel sub, found none",
    ),
    "unknown kernel in a call": (
        changed(thunks=(COPY, CallThunk(ORIGIN, (kernel((), (Slice(3, 0, F4),), "sub"),)))),
        "add.1: expected a kernel sub, found none",
    ),
    "result in an unknown allocation": (
        changed(result_slices=(Slice(9, 0, F4),)),
        "result: expected a known allocation, found %9[0:16] f32[4]",
    ),
    "result in a temp": (
        changed(allocations=with_allocation(3, 16, "temp")),
        "result: expected a whole result allocation, found %3[0:16] f32[4]",
    ),
    "result that is a part": (
        changed(allocations=with_allocation(3, 32, "result")),
        "result: expected a whole result allocation, found %3[0:16] f32[4]",
    ),
    "dot beyond lhs": (
        changed(thunks=(dot(4, 1),)),
        "add.1: expected strides within lhs, %0[0:16] f32[4]",
    ),
    "dot into its operand": (
        changed(
            allocations=with_allocation(0, 16, "donated", 0),
            thunks=(dot(1, 1, out=Slice(0, 0, F4)),),
        ),
        "add.1: expected lhs apart from out, %0[0:16] f32[4]",
    ),
    "dot of two dtypes": (
        changed(thunks=(dot(1, 1, out=Slice(3, 0, Shape("i32", (4,)))),)),
        "add.1: expected one dtype, found %3[0:16] i32[4]",
    ),
    "donated memory without a result": (
        changed(allocations=with_allocation(0, 16, "donated", 0), thunks=(COPY,)),
        "allocation %0: expected to hold a result, found none",
    ),
    "donated memory of another size": (
        changed(
            allocations={0: Allocation(0, 32, "donated", 0)},
            result_slices=(Slice(0, 0, F8),),
            results=(Leaf("result", "out", F8),),
            thunks=(),
        ),
        "x: expected 32 bytes, found f32[4]",
    ),
    "two results in one place": (
        changed(results=PROGRAM.results * 2, result_slices=PROGRAM.result_slices * 2),
        "result: expected an allocation of its own, found %3[0:16] f32[4]",
    ),
    "result of another shape": (
        changed(results=(Leaf("result", "out", Shape("i32", (4,))),)),
        "result: expected i32[4], found %3[0:16] f32[4]",
    ),
    "result not written": (
        changed(thunks=PROGRAM.thunks[:1]),
        "result: expected that all of it is written, found %3[0:16] f32[4]",
    ),
    "result written in part": (
        changed(thunks=(kernel((), (Slice(3, 0, Shape("f32", (3,))),)),)),
        "result: expected that all of it is written, found %3[0:16] f32[4]",
    ),
    "result allocation without a result": (
        changed(allocations=with_allocation(4, 16, "result")),
        "allocation %4: expected to hold a result, found none",
    ),
    "parameter of another size": (
        changed(allocations=with_allocation(0, 32, "parameter", 0)),
        "x: expected 32 bytes, found f32[4]",
    ),
    "constant with too few bytes": (
        changed(allocations=with_allocation(1, 16, "constant", data=bytes(15))),
        "allocation %1: expected 16 bytes of data, found fewer",
    ),
    "constant without bytes": (
        changed(allocations=with_allocation(1, 16, "constant")),
        "allocation %1: expected 16 bytes of data, found fewer",
    ),
}


# Reads past the end of %0 that no slice shows.
BROKEN_COPIES = {
    "source smaller than destination": CopyThunk(ORIGIN, Slice(0, 0, F4), Slice(2, 0, F8)),
    "too few strides": CopyThunk(ORIGIN, Slice(2, 0, F8), Slice(2, 32, F2X4), (1,)),
    "strides past the end": CopyThunk(ORIGIN, Slice(0, 0, F4), Slice(2, 0, F4), (2,)),
}


@pytest.mark.parametrize("case", BROKEN_COPIES)
def test_a_copy_reads_within_its_source(case):
    fill = kernel((), (Slice(2, 0, Shape("f32", (16,))),))
    with pytest.raises(InternalError):
        verify(changed(thunks=(fill, BROKEN_COPIES[case], COPY)))


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_invariant_is_named(case):
    program, what = BROKEN[case]
    with pytest.raises(InternalError) as caught:
        verify(program)
    assert caught.value.what == f"program mlp: {what}"
    assert caught.value.details == tuple(str(program).splitlines())


FLAG, INDEX = Slice(2, 60, Shape("bool")), Slice(2, 56, Shape("i32"))
FILL = kernel((), (Slice(2, 0, F8), FLAG, INDEX))
READ = kernel((Slice(2, 0, F4),), (Slice(3, 0, F4),))
WRITE = kernel((), (Slice(2, 0, F4),))
SET_FLAG = kernel((), (FLAG,))


def loop(condition: tuple, body: tuple, trip_count: int | None = None) -> WhileThunk:
    return WhileThunk(ORIGIN, None if trip_count is not None else FLAG, condition, body, trip_count)


def choice(*branches: tuple, index: Slice = FLAG) -> ConditionalThunk:
    return ConditionalThunk(ORIGIN, index, branches)


@pytest.mark.parametrize(
    "thunks",
    [
        (loop((SET_FLAG,), ()), COPY),
        (loop((SET_FLAG, WRITE), (READ,)), COPY),
        (loop((SET_FLAG, WRITE), ()), READ),
        (loop((), (WRITE, READ), 1),),
        (loop((), (WRITE,), 2), READ),
        (loop((), (), 0), COPY),
        (FILL, loop((SET_FLAG,), (READ,)), READ),
        (SET_FLAG, choice((WRITE,), (WRITE,)), READ),
        (SET_FLAG, choice((WRITE, READ), (COPY,))),
        (FILL, choice((), (), (), index=INDEX), COPY),
        (FILL, choice((READ,), index=INDEX)),
        (SET_FLAG, choice((WRITE, FILL), (FILL,)), choice((), ()), READ),
    ],
)
def test_good_loops_and_conditionals(thunks):
    verify(changed(thunks=thunks))


@pytest.mark.parametrize(
    ("thunks", "what"),
    [
        ((loop((), ()), COPY), "expected to read what was written before, found %2[60:61] bool[]"),
        (
            (choice((), ()), COPY),
            "expected to read what was written before, found %2[60:61] bool[]",
        ),
        (
            (loop((SET_FLAG,), (WRITE,)), READ),
            "expected to read what was written before, found %2[0:16] f32[4]",
        ),
        (
            (loop((SET_FLAG, READ), (WRITE,)),),
            "expected to read what was written before, found %2[0:16] f32[4]",
        ),
        (
            (loop((), (WRITE,), 0), READ),
            "expected to read what was written before, found %2[0:16] f32[4]",
        ),
        (
            (loop((), (READ, WRITE), 2),),
            "expected to read what was written before, found %2[0:16] f32[4]",
        ),
        (
            (SET_FLAG, choice((WRITE,), ()), READ),
            "expected to read what was written before, found %2[0:16] f32[4]",
        ),
        (
            (SET_FLAG, choice((), (WRITE,)), READ),
            "expected to read what was written before, found %2[0:16] f32[4]",
        ),
        (
            (SET_FLAG, choice((WRITE,), (READ,))),
            "expected to read what was written before, found %2[0:16] f32[4]",
        ),
        (
            (loop((), (kernel((), (Slice(0, 0, F4),)),), 1), COPY),
            "expected to write a temp or a result, found a parameter: %0[0:16] f32[4]",
        ),
        (
            (SET_FLAG, choice((), (kernel((), (), "sub"),)), COPY),
            "expected a kernel sub, found none",
        ),
        ((loop((SET_FLAG, kernel((), (), "sub")), ()), COPY), "expected a kernel sub, found none"),
        (
            (choice((), (), index=Slice(2, 64, Shape("bool"))), COPY),
            "expected a slice of 64 bytes, found %2[64:65] bool[]",
        ),
    ],
)
def test_broken_loops_and_conditionals(thunks, what):
    with pytest.raises(InternalError) as caught:
        verify(changed(thunks=thunks))
    assert caught.value.what == f"program mlp: add.1: {what}"


def test_the_steps_of_loops_and_conditionals():
    inner = loop((), (READ,), 3)
    outer = loop((SET_FLAG, WRITE), (inner, COPY))
    branches = choice((WRITE, READ), (), (FILL,), index=INDEX)
    program = changed(thunks=(FILL, outer, branches))
    steps = (FILL, SET_FLAG, WRITE, outer, inner, READ, COPY, branches, WRITE, READ, FILL)
    assert tuple(program.steps()) == steps
    kernels = [step for step in steps if isinstance(step, KernelThunk)]
    assert list(program.kernel_thunks()) == kernels


def test_the_text_of_loops_and_conditionals():
    add = kernel((), (Slice(3, 0, F4),))
    program = changed(
        thunks=(SET_FLAG, loop((SET_FLAG,), (loop((), (add,), 3),)), choice((add,), ()))
    )
    text = str(program)
    assert (
        text[text.index("result\n  kernel") + 7 :]
        == """\
  kernel add  // add mlp.py:7
    writes %2[60:61] bool[]
  while  // add mlp.py:7
    reads  %2[60:61] bool[]
    condition
      kernel add  // add mlp.py:7
        writes %2[60:61] bool[]
    body
      while 3 times  // add mlp.py:7
        body
          kernel add  // add mlp.py:7
            writes %3[0:16] f32[4]
  conditional  // add mlp.py:7
    reads  %2[60:61] bool[]
    branch 0
      kernel add  // add mlp.py:7
        writes %3[0:16] f32[4]
    branch 1
"""
    )


X, Y = Slice(2, 0, F4), Slice(2, 16, F4)


@pytest.mark.parametrize(
    ("reads", "writes", "expected"),
    [
        ((X,), (Y,), False),
        ((X, X), (Y,), False),
        ((X,), (Slice(2, 12, F4),), True),
        ((X,), (Slice(2, 0, F4),), True),
        ((X,), (X,), True),
        ((X,), (Slice(3, 0, F4),), False),
        ((), (X, Slice(2, 8, F4)), True),
        ((), (X, Y), False),
        ((), (X,), False),
    ],
)
def test_in_place(reads, writes, expected):
    assert kernel(reads, writes).in_place is expected


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (Slice(0, 0, F4), Slice(0, 16, F4), False),
        (Slice(0, 0, F4), Slice(0, 15, Shape("i8")), True),
        (Slice(0, 15, Shape("i8")), Slice(0, 0, F4), True),
        (Slice(0, 0, F8), Slice(0, 4, Shape("f32")), True),
        (Slice(0, 0, F4), Slice(1, 0, F4), False),
    ],
)
def test_overlaps(a, b, expected):
    assert a.overlaps(b) is expected
    assert b.overlaps(a) is expected


def test_text_form():
    program = dataclasses.replace(
        PROGRAM,
        allocations=with_allocation(1, 20, "constant", data=bytes(range(20))),
        thunks=(
            KernelThunk(
                ORIGIN,
                "add",
                next(PROGRAM.kernel_thunks()).arguments,
                (Slice(2, 16, F4),),
                (2, 3, 1),
            ),
            CallThunk(
                Origin("call.1", "relu"),
                (
                    CopyThunk(ORIGIN, Slice(2, 16, F4), Slice(3, 0, F4)),
                    CopyThunk(
                        Origin("t", "transpose"), Slice(2, 0, F2X4), Slice(2, 32, F2X4), (1, 2)
                    ),
                ),
            ),
        ),
    )
    assert (
        str(program)
        == """\
program mlp
  parameter 0 x: f32[4]  // x
  result out: %3[0:16] f32[4]  // result
  allocation %0 16 bytes parameter 0
  allocation %1 20 bytes constant 0x000102030405060708090a0b0c0d0e0f...
  allocation %2 64 bytes temp
  allocation %3 16 bytes result
  kernel add x(2, 3, 1)  // add mlp.py:7
    reads  %0[0:16] f32[4]
    reads  %1[0:16] f32[4]
    writes %2[16:32] f32[4]
  call  // relu
    copy  // add mlp.py:7
      reads  %2[16:32] f32[4]
      writes %3[0:16] f32[4]
    copy strides (1, 2)  // transpose
      reads  %2[0:32] f32[2,4]
      writes %2[32:64] f32[2,4]
"""
    )
