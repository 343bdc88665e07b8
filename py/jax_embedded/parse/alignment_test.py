# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

from jax_embedded.ir.dump import Leaf
from jax_embedded.ir.program import Allocation, Program
from jax_embedded.ir.thunks import CopyThunk, KernelThunk, Origin, Slice
from jax_embedded.ir.verify import verify
from jax_embedded.parse.alignment import with_aligned_memory
from jax_embedded.shape import Shape

F32, BF16, BYTES = Shape("f32", (2,)), Shape("bf16", (4,)), Shape("u8", (8,))
ORIGIN = Origin("op.1", "op")


def program_of(kind: str, parameter: Shape, result: Shape, *steps: tuple[Slice, Slice]) -> Program:
    """A parameter in %0, a result in %1, or in %0 if it is donated; each step reads and writes."""
    donated = kind == "donated"
    return Program(
        name="f",
        parameters=(Leaf("x", "x", parameter),),
        results=(Leaf("result", "out", result),),
        result_slices=(Slice(0 if donated else 1, 0, result),),
        allocations={
            0: Allocation(0, parameter.nbytes, kind, 0),
            **({} if donated else {1: Allocation(1, result.nbytes, "result")}),
        },
        thunks=tuple(KernelThunk(ORIGIN, "k", (read,), (write,)) for read, write in steps),
        kernels={"k": ""},
    )


def test_what_is_aligned_stays():
    program = program_of("parameter", F32, F32, (Slice(0, 0, F32), Slice(1, 0, F32)))
    assert with_aligned_memory(program) == program


def test_wider_numbers_in_the_memory_of_a_result():
    wide = program_of(
        "parameter",
        F32,
        BF16,
        (Slice(0, 0, F32), Slice(1, 0, F32)),
        (Slice(1, 0, F32), Slice(1, 0, BF16)),
    )
    aligned = with_aligned_memory(wide)
    verify(aligned)
    assert aligned.allocations[1] == Allocation(1, 8, "temp")
    assert aligned.allocations[2] == Allocation(2, 8, "result")
    assert aligned.result_slices == (Slice(2, 0, BF16),)
    copy = CopyThunk(Origin("copy.1", "copy"), Slice(1, 0, BF16), Slice(2, 0, BF16))
    assert aligned.thunks == (*wide.thunks, copy)


def test_an_argument_that_is_read_as_wider_numbers():
    wide = program_of("parameter", BYTES, F32, (Slice(0, 0, F32), Slice(1, 0, F32)))
    aligned = with_aligned_memory(wide)
    verify(aligned)
    assert aligned.allocations[2] == Allocation(2, 8, "parameter", 0)
    copy = CopyThunk(Origin("copy.0", "copy"), Slice(2, 0, BYTES), Slice(0, 0, BYTES))
    assert aligned.thunks == (copy, *wide.thunks)


def test_donated_memory_is_copied_in_and_out():
    wide = program_of("donated", BYTES, BYTES, (Slice(0, 0, F32), Slice(0, 0, F32)))
    aligned = with_aligned_memory(wide)
    verify(aligned)
    assert aligned.allocations[1] == replace(wide.allocations[0], index=1)
    first, *_, last = aligned.thunks
    assert isinstance(first, CopyThunk)
    assert isinstance(last, CopyThunk)
    assert (first.source, first.destination) == (last.destination, last.source)
    assert first.source == Slice(1, 0, BYTES) == aligned.result_slices[0]


def test_a_place_between_two_elements():
    shape = Shape("f32", (3,))
    odd = Slice(1, 2, Shape("bf16", (1,)))
    program = program_of("parameter", shape, shape, (Slice(0, 0, shape), odd))
    assert with_aligned_memory(program).allocations[1].kind == "temp"
