# SPDX-License-Identifier: Apache-2.0
"""Reductions of every shape, with the arithmetic of every core, on this machine."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from jax_embedded.ir.elementwise import Operation
from jax_embedded.ir.thunks import DotAxis, Origin, ReduceThunk, Reduction
from jax_embedded.llvm.emitters.arithmetic import SumOptions, arithmetic, arithmetic_of_one
from jax_embedded.llvm.emitters.reduce import reduce
from jax_embedded.llvm.emitters.sums_testing import HOST, called, close, slice_of
from jax_embedded.target import TARGETS

SCALARS = replace(HOST, float_lanes=1, fused=True)
# What the code of a core computes with, but as this machine's code.
ARITHMETIC = {
    "vectors": replace(HOST, fused=True),
    "vectors_with_maxnm": replace(HOST, fused=True, features="+fp-armv8"),
    "scalars": SCALARS,
    "scalars_with_maxnm": replace(SCALARS, features="+fp-armv8"),
    "unfused_with_maxnm": replace(SCALARS, fused=False, features="+fp-armv8"),
    "no_fpu": replace(SCALARS, float_dtypes=()),
    "no_long_products": replace(SCALARS, float_dtypes=(), multiplies_long=False),
    "pairs": replace(SCALARS, loads_pairs=True),
    "pairs_by_load": replace(SCALARS, loads_pairs=True),
    "size": SCALARS,
}
OPTIONS = {name: SumOptions() for name in ARITHMETIC} | {
    "pairs": SumOptions(pairs=True),
    "pairs_by_load": SumOptions(pairs=True, moves="by_load"),
    "size": SumOptions(size=True),
}
NUMPY = {"add": np.sum, "maximum": np.max, "minimum": np.min}
EXTREMA = ["maximum", "minimum"]
# Of zeros of both signs, this machine's instruction takes any.
EXACT = [name for name in ARITHMETIC if "maxnm" not in name]


def reduced(array: np.ndarray, axes: tuple[int, ...], operation: Reduction, name: str, *epilogue):
    kept = [d for d in range(array.ndim) if d not in axes]
    dims = tuple(array.shape[d] for d in kept)

    def axis(d: int) -> DotAxis:
        lhs = int(np.prod(array.shape[d + 1 :]))
        out = int(np.prod([array.shape[k] for k in kept if k > d])) if d in kept else 0
        return DotAxis(array.shape[d], lhs, 0, out)

    thunk = ReduceThunk(
        Origin("i", "op"),
        slice_of(array),
        slice_of(dims),
        tuple(axis(d) for d in kept),
        tuple(axis(d) for d in axes),
        operation,
        (),
        epilogue,
    )

    def write(code):
        reduce(code, thunk, ARITHMETIC[name], OPTIONS[name])

    return called(write, array, None, dims)


@pytest.mark.parametrize("name", ARITHMETIC)
@pytest.mark.parametrize("operation", get_args(Reduction))
@pytest.mark.parametrize("seed", range(8))
def test_reductions(seed, operation, name):
    random = np.random.default_rng(seed)
    dims = random.choice([1, 2, 3, 4, 5, 7, 8, 13, 16, 33, 67], random.integers(1, 4))
    array = random.standard_normal(dims).astype(np.float32)
    axes = tuple(d for d in range(array.ndim) if random.integers(2)) or (array.ndim - 1,)
    got = reduced(array, axes, operation, name)
    expected = NUMPY[operation](array.astype(np.float64), axis=axes)
    if operation == "add":
        assert close(got, expected, array.size), (dims, axes)
    else:
        assert (got == expected).all(), (dims, axes)


@pytest.mark.parametrize("name", ARITHMETIC)
@pytest.mark.parametrize("operation", EXTREMA)
@pytest.mark.parametrize("nan", [np.nan, -np.nan])
@pytest.mark.parametrize("place", [0, 5, 36])
def test_a_nan_is_the_extremum(place, nan, operation, name):
    array = np.random.default_rng(0).standard_normal((2, 37)).astype(np.float32)
    array[:, [3, 30]] = np.inf, -np.inf
    array[1, place] = nan
    got = reduced(array, (1,), operation, name)
    assert got[0] == (np.inf if operation == "maximum" else -np.inf)
    assert np.isnan(got[1])


@pytest.mark.parametrize("name", ARITHMETIC)
@pytest.mark.parametrize("operation", EXTREMA)
def test_extrema_of_infinities_and_subnormals(operation, name):
    edges = np.array([-np.inf, np.inf, 3e38, -3e38, 1e-40, -1e-40, 1.0, -1.0], np.float32)
    arrays = np.repeat(edges, len(edges) * 9).reshape(-1, 9)
    arrays[:, 5] = np.tile(edges, len(edges))
    assert (reduced(arrays, (1,), operation, name) == NUMPY[operation](arrays, axis=1)).all()


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("operation", EXTREMA)
@pytest.mark.parametrize("place", [0, 8])
def test_of_zeros_the_positive_one_is_larger(place, operation, name):
    for others in (0.0, -0.0):
        array = np.full(9, others, np.float32)
        array[place] = -others
        assert np.signbit(reduced(array, (0,), operation, name)) == (operation == "minimum")


@pytest.mark.parametrize("name", ARITHMETIC)
def test_an_infinite_sum(name):
    array = np.ones(40, np.float32)
    array[[7, 20]] = np.inf
    assert reduced(array, (0,), "add", name) == np.inf
    array[7] = -np.inf
    assert np.isnan(reduced(array, (0,), "add", name))


@pytest.mark.parametrize("name", ARITHMETIC)
def test_epilogues(name):
    array = np.random.default_rng(0).uniform(1, 2, (5, 40)).astype(np.float32)
    mean = (
        Operation("constant", (), 1 / 40),
        Operation("multiply", (0, 1)),
        Operation("rsqrt", (2,)),
    )
    got = reduced(array, (1,), "add", name, *mean)
    assert close(got, np.mean(array.astype(np.float64), axis=1) ** -0.5, 8)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("operation", get_args(Reduction))
@pytest.mark.parametrize("terms", [3, 50, 5000])
def test_what_code_weighs_is_for_all_sums(target, operation, terms):
    for options in (SumOptions(), SumOptions(size=True), SumOptions(code_weight=0.5)):
        how = arithmetic_of_one(operation, TARGETS[target], terms, options)
        assert how.registers.code_weight == options.weight
        how = arithmetic("f32", TARGETS[target], terms, options)
        assert how.registers.code_weight == options.weight
