# SPDX-License-Identifier: Apache-2.0
"""Which products and transforms a DSP library makes, and what it is handed."""

import ctypes
from dataclasses import replace

import numpy as np
import pytest

from jax_embedded.ir.elementwise import Operation
from jax_embedded.ir.thunks import DotThunk, FftThunk, Origin
from jax_embedded.llvm.abi import DOT, FFT_FUNCTIONS, MATRIX_MATRIX, MATRIX_VECTOR
from jax_embedded.llvm.emitters.arithmetic import SumOptions
from jax_embedded.llvm.emitters.dot import dot
from jax_embedded.llvm.emitters.dsp import call_fft, dot_call, has_fft
from jax_embedded.llvm.emitters.sums_testing import (
    HOST,
    close,
    compiled,
    slice_of,
    thunk_of,
)

_POINTER, _NUMBER = ctypes.POINTER(ctypes.c_float), ctypes.c_uint32
EXTENTS = {"m": 5, "n": 3, "k": 7, "b": 2, "j": 4}


def random_arrays(subscripts: str, extents: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    lhs, rhs = (
        random.standard_normal([extents[n] for n in side]).astype(np.float32)
        for side in subscripts.split("->")[0].split(",")
    )
    return lhs, rhs


def made(subscripts: str, **extents: int) -> DotThunk:
    return thunk_of(subscripts, *random_arrays(subscripts, EXTENTS | extents))


class Library:
    """The functions of jax_embedded/dsp.h in numpy; calls: what was called with which numbers."""

    def __init__(self):
        self.calls: list[tuple] = []
        array = np.ctypeslib.as_array

        def dot(a, b, n):
            self.calls.append((DOT, n))
            return float(array(a, (n,)) @ array(b, (n,)))

        def matrix_vector(a, x, y, rows, columns):
            self.calls.append((MATRIX_VECTOR, rows, columns))
            array(y, (rows,))[:] = array(a, (rows, columns)) @ array(x, (columns,))

        def matrix_matrix(a, b, c, rows, inner, columns):
            self.calls.append((MATRIX_MATRIX, rows, inner, columns))
            product = array(a, (rows, inner)) @ array(b, (inner, columns))
            array(c, (rows, columns))[:] = product

        def fft(data, inverse):
            self.calls.append((FFT_FUNCTIONS[16], inverse))
            line = array(data, (32,)).view(np.complex64)
            line[:] = np.fft.ifft(line) if inverse else np.fft.fft(line)

        pointers = [_POINTER] * 3
        self.functions = {
            DOT: ctypes.CFUNCTYPE(ctypes.c_float, _POINTER, _POINTER, _NUMBER)(dot),
            MATRIX_VECTOR: ctypes.CFUNCTYPE(None, *pointers, _NUMBER, _NUMBER)(matrix_vector),
            MATRIX_MATRIX: ctypes.CFUNCTYPE(None, *pointers, *[_NUMBER] * 3)(matrix_matrix),
            FFT_FUNCTIONS[16]: ctypes.CFUNCTYPE(None, _POINTER, _NUMBER)(fft),
        }


def run(thunk: DotThunk, *arrays: np.ndarray) -> tuple[np.ndarray, list[tuple]]:
    library = Library()

    def write(code) -> None:
        dot(code, thunk, HOST, SumOptions(library=True))

    function, _alive = compiled(write, len(arrays) + 1, library.functions)
    out = np.zeros(thunk.out.shape.dims, np.float32)
    function(*(array.ctypes.data for array in arrays), out.ctypes.data)
    return out, library.calls


@pytest.mark.parametrize(
    ("subscripts", "calls"),
    [
        ("k,k->", [(DOT, 7)]),
        ("mk,k->m", [(MATRIX_VECTOR, 5, 7)]),
        ("k,mk->m", [(MATRIX_VECTOR, 5, 7)]),
        ("k,kn->n", [(MATRIX_MATRIX, 1, 7, 3)]),
        ("kn,k->n", [(MATRIX_MATRIX, 1, 7, 3)]),
        ("mk,kn->mn", [(MATRIX_MATRIX, 5, 7, 3)]),
        ("kn,mk->mn", [(MATRIX_MATRIX, 5, 7, 3)]),
        ("bmk,bkn->bmn", [(MATRIX_MATRIX, 5, 7, 3)] * 2),
        ("bk,bk->b", [(DOT, 7)] * 2),
        ("bmk,bk->bm", [(MATRIX_VECTOR, 5, 7)] * 2),
        ("bk,bmk->bm", [(MATRIX_VECTOR, 5, 7)] * 2),
        ("bmk,kn->bmn", [(MATRIX_MATRIX, 10, 7, 3)]),
    ],
)
def test_products_of_the_library(subscripts, calls):
    lhs, rhs = random_arrays(subscripts, EXTENTS)
    got, found = run(thunk_of(subscripts, lhs, rhs), lhs, rhs)
    assert found == calls
    assert close(got, np.einsum(subscripts, lhs.astype(float), rhs.astype(float)), 7)


@pytest.mark.parametrize(
    "subscripts",
    (
        "mk,nk->mn km,kn->mn km,nk->mn mk,kn->nm m,n->mn mkj,jnk->mn kb,bk->b kb,bkn->bn"
        " mk,bkn->mbn"
    ).split(),
)
def test_products_that_are_ours(subscripts):
    lhs, rhs = random_arrays(subscripts, EXTENTS)
    got, found = run(thunk_of(subscripts, lhs, rhs), lhs, rhs)
    assert found == []
    assert close(got, np.einsum(subscripts, lhs.astype(float), rhs.astype(float)), 28)


def test_other_dtypes_are_ours():
    thunk = made("mk,k->m")
    for side in ("lhs", "rhs", "out"):
        shape = replace(getattr(thunk, side).shape, dtype="f64")
        other = replace(thunk, **{side: replace(getattr(thunk, side), shape=shape)})
        assert dot_call(other) is None


def test_extents_of_a_matrix_have_16_bits():
    assert dot_call(made("mk,k->m", m=65535, k=2)) is not None
    assert dot_call(made("mk,k->m", m=65536, k=2)) is None


@pytest.mark.parametrize("subscripts", ["k,k->", "mk,k->m", "k,kn->n", "mk,kn->mn", "bmk,bkn->bmn"])
def test_epilogues(subscripts):
    """max(sum + bias, 0), the bias along the last dimension."""
    lhs, rhs = random_arrays(subscripts, EXTENTS)
    thunk = thunk_of(subscripts, lhs, rhs)
    dims = thunk.out.shape.dims
    bias = np.random.default_rng(1).standard_normal(dims[-1:] or (1,)).astype(np.float32)
    outer = [replace(axis, inputs=(0,)) for axis in thunk.outer]
    if outer:
        outer[-1] = replace(outer[-1], inputs=(1,))
    epilogue = (
        Operation("add", (0, 1)),
        Operation("constant", (), 0.0),
        Operation("maximum", (2, 3)),
    )
    thunk = replace(thunk, outer=tuple(outer), inputs=(slice_of(bias),), epilogue=epilogue)
    got, found = run(thunk, lhs, rhs, bias)
    exact = np.einsum(subscripts, lhs.astype(float), rhs.astype(float))
    assert found
    assert close(got, np.maximum(exact + bias.reshape(bias.shape if dims else ()), 0), 7)


def fft_thunk(kind: str, *dims: int, rank: int = 1, dtype: str = "c64") -> FftThunk:
    place = slice_of(dims, dtype)
    return FftThunk(Origin("i", "op"), place, place, kind, dims[-rank:])


def test_transforms_of_the_library():
    assert all(has_fft(fft_thunk(kind, 2**n)) for kind in ("fft", "ifft") for n in range(4, 13))
    assert has_fft(fft_thunk("fft", 3, 64))


@pytest.mark.parametrize(
    "thunk",
    [
        *(fft_thunk("fft", length) for length in (8, 48, 60, 8192)),
        fft_thunk("fft", 16, 16, rank=2),
        fft_thunk("fft", 16, dtype="c128"),
        fft_thunk("rfft", 16),
        fft_thunk("irfft", 16),
    ],
)
def test_transforms_that_are_ours(thunk):
    assert not has_fft(thunk)


@pytest.mark.parametrize("kind", ["fft", "ifft"])
def test_lines_of_a_transform(kind):
    x = np.random.default_rng(0).standard_normal((3, 32)).astype(np.float32).view(np.complex64)
    library = Library()
    function, _alive = compiled(
        lambda code: call_fft(code, fft_thunk(kind, 3, 16)), 2, library.functions
    )
    before, out = x.copy(), np.zeros_like(x)
    function(x.ctypes.data, out.ctypes.data)
    assert (x == before).all()
    assert library.calls == [(FFT_FUNCTIONS[16], int(kind == "ifft"))] * 3
    assert np.allclose(out, getattr(np.fft, kind)(x), atol=1e-5)
