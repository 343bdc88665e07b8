# SPDX-License-Identifier: Apache-2.0
"""The invariants of what becomes a function of ours; for the others see program_test.py."""

from dataclasses import replace

import pytest

from jax_embedded.errors import InternalError
from jax_embedded.ir.dump import Leaf
from jax_embedded.ir.elementwise import Operation
from jax_embedded.ir.program import Allocation, Program
from jax_embedded.ir.thunks import (
    ConvolutionThunk,
    DotAxis,
    EmittedThunk,
    FftThunk,
    KernelThunk,
    Origin,
    ReduceThunk,
    Slice,
    SortThunk,
    TopKThunk,
    WindowAxis,
    fft_scratch,
)
from jax_embedded.ir.verify import verify
from jax_embedded.shape import Shape, parse_shape

ORIGIN = Origin("op.1", "op")
MEMORY = Shape("u8", (4096,))
RESULT = Shape("f32", (1,))


def at(offset: int, text: str) -> Slice:
    return Slice(0, offset, parse_shape(text, "x"))


def program_of(thunk: EmittedThunk) -> Program:
    """All of the memory is written before."""
    fill = KernelThunk(ORIGIN, "fill", (), (Slice(0, 0, MEMORY), Slice(1, 0, RESULT)))
    return Program(
        name="f",
        parameters=(),
        results=(Leaf("result", "out", RESULT),),
        result_slices=(Slice(1, 0, RESULT),),
        allocations={
            0: Allocation(0, MEMORY.nbytes, "temp"),
            1: Allocation(1, RESULT.nbytes, "result"),
        },
        thunks=(fill, thunk),
        kernels={"fill": "", "less": ""},
    )


# Two lines of 40 numbers and their places; runs of 10, so that the longest left one has 20.
SORT = SortThunk(
    ORIGIN,
    "less",
    (at(0, "f32[2,40]"), at(320, "i32[2,40]")),
    1,
    (at(1000, "f32[20]"), at(1080, "i32[20]")),
)
TOP_K = TopKThunk(ORIGIN, at(0, "f32[2,9]"), at(100, "f32[2,3]"), at(200, "i32[2,3]"))
FFT = FftThunk(ORIGIN, at(0, "c64[4,6]"), at(200, "c64[4,6]"), "fft", (6,), (at(400, "c64[6]"),))
RFFT = FftThunk(ORIGIN, at(0, "f32[9]"), at(200, "c64[5]"), "rfft", (9,), ())
RFFT = replace(RFFT, scratch=(at(400, "c64[9]"), at(500, "c64[9]")))
# f32[5] by f32[3], of which there are two: f32[2,3].
CONVOLUTION = ConvolutionThunk(
    ORIGIN,
    at(0, "f32[5]"),
    at(100, "f32[3,2]"),
    at(200, "f32[2,3]"),
    (DotAxis(2, 0, 1, 3),),
    (),
    (WindowAxis(extent=3, size=3, input=5, lhs=1, rhs=2, out=1),),
)
WINDOW = CONVOLUTION.window[0]
# The maxima of the rows of f32[2,5].
REDUCE = ReduceThunk(
    ORIGIN,
    (at(0, "f32[2,5]"),),
    at(100, "f32[2]"),
    (DotAxis(2, 5, 0, 1),),
    (DotAxis(5, 1, 0, 0),),
    "maximum",
)
GOOD = {
    "sort": SORT,
    "top-k": TOP_K,
    "fft": FFT,
    "rfft": RFFT,
    "convolution": CONVOLUTION,
    "reduce": REDUCE,
}
BROKEN = {
    "sort: dims that differ": (
        replace(SORT, operands=(at(0, "f32[2,40]"), at(320, "i32[40,2]"))),
        "expected arrays of the same dims",
    ),
    "sort: no such dimension": (replace(SORT, dimension=2), "expected arrays of the same dims"),
    "sort: no such comparator": (replace(SORT, comparator="more"), "expected a kernel more"),
    "sort: too little scratch": (
        replace(SORT, scratch=(at(1000, "f32[19]"), at(1080, "i32[20]"))),
        "expected scratch",
    ),
    "sort: an operand twice": (
        replace(SORT, operands=(SORT.operands[0], at(0, "i32[2,40]"))),
        "expected memory of its own",
    ),
    "top-k: indices of another type": (
        replace(TOP_K, indices=at(200, "u32[2,3]")),
        "expected f32 and their places",
    ),
    "top-k: lines": (replace(TOP_K, out=at(100, "f32[1,3]")), "expected as many lines"),
    "top-k: more than there are": (
        replace(TOP_K, out=at(100, "f32[2,10]"), indices=at(200, "i32[2,10]")),
        "expected 1 to 9 elements",
    ),
    "top-k: in place": (replace(TOP_K, out=at(0, "f32[2,3]")), "expected memory of its own"),
    "fft: length": (replace(FFT, lengths=(4,)), "expected the shapes of fft"),
    "fft: real numbers": (replace(FFT, out=at(200, "f32[4,6]")), "expected the shapes of fft"),
    "fft: in place": (replace(FFT, out=at(0, "c64[4,6]")), "expected memory of its own"),
    "fft: no scratch": (replace(FFT, scratch=()), "expected scratch"),
    "rfft: half too long": (replace(RFFT, out=at(200, "c64[6]")), "expected the shapes of rfft"),
    "rfft: one line of scratch": (replace(RFFT, scratch=RFFT.scratch[:1]), "expected scratch"),
    "convolution: input": (
        replace(CONVOLUTION, window=(replace(WINDOW, input=6),)),
        "expected strides within lhs",
    ),
    "convolution: kernel": (
        replace(CONVOLUTION, window=(replace(WINDOW, size=4),)),
        "expected strides within rhs",
    ),
    "convolution: output": (
        replace(CONVOLUTION, window=(replace(WINDOW, extent=4),)),
        "expected strides within out",
    ),
    "convolution: stride": (
        replace(CONVOLUTION, window=(replace(WINDOW, stride=0),)),
        "expected a window of positive numbers",
    ),
    "reduce: source": (
        replace(REDUCE, reduced=(DotAxis(6, 1, 0, 0),)),
        "expected strides within source",
    ),
    "reduce: second source": (
        replace(
            REDUCE,
            sources=(at(0, "f32[2,5]"), at(200, "f32[4]")),
            reduced=(DotAxis(5, 1, 1, 0),),
            prologue=(Operation("add", (0, 1)),),
        ),
        "expected strides within source",
    ),
    "reduce: nothing of two sources": (
        replace(REDUCE, sources=(at(0, "f32[2,5]"), at(200, "f32[5]"))),
        "expected one source, or two and a prologue",
    ),
    "reduce: prologue": (
        replace(REDUCE, prologue=(Operation("add", (0, 1)),)),
        "expected operands that are there",
    ),
    "reduce: out": (
        replace(REDUCE, outer=(DotAxis(2, 5, 0, 2),)),
        "expected strides within out",
    ),
    "reduce: in place": (replace(REDUCE, out=at(4, "f32[2]")), "expected source apart from out"),
    "reduce: dtypes": (replace(REDUCE, out=at(100, "i32[2]")), "expected f32"),
    "reduce: input": (
        replace(REDUCE, outer=(DotAxis(2, 5, 0, 1, (3,)),), inputs=(at(200, "f32[3]"),)),
        "expected strides within an input",
    ),
    "reduce: epilogue": (
        replace(REDUCE, epilogue=(Operation("add", (0, 1)),)),
        "expected operands that are there",
    ),
    "convolution: dtypes": (
        replace(CONVOLUTION, rhs=at(100, "i32[3,2]")),
        "expected one dtype",
    ),
}


@pytest.mark.parametrize("case", GOOD)
def test_a_good_thunk_passes(case):
    verify(program_of(GOOD[case]))


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_invariant_is_named(case):
    thunk, what = BROKEN[case]
    with pytest.raises(InternalError, match=what):
        verify(program_of(thunk))


@pytest.mark.parametrize(
    ("extent", "run", "left"), [(1, 1, 0), (16, 16, 0), (17, 9, 9), (40, 10, 20), (1000, 16, 512)]
)
def test_runs_of_a_sort(extent, run, left):
    sort = SortThunk(ORIGIN, "less", (Slice(0, 0, Shape("f32", (extent,))),), 0)
    assert (sort.run, sort.scratch_elements) == (run, left)


def test_scratch_of_a_transform():
    assert fft_scratch("fft", (4, 6), Shape("c64", (4, 6))) == (6,)
    assert fft_scratch("rfft", (8,), Shape("f32", (8,))) == (4,)
    assert fft_scratch("rfft", (9,), Shape("f32", (9,))) == (9, 9)
    assert fft_scratch("irfft", (4, 6), Shape("c64", (4, 4))) == (4, 16)
