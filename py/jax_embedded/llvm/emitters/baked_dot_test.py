# SPDX-License-Identifier: Apache-2.0
"""What the instructions of baked dots compute, executed on this machine, and what they cost."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jax_embedded.ir.elementwise import Operation
from jax_embedded.ir.thunks import BakedDotThunk, Origin
from jax_embedded.llvm.emitters.baked_dot import baked_dot, cost, is_bakeable
from jax_embedded.llvm.emitters.sums_testing import GUARD, compiled, slice_of
from jax_embedded.target import TARGETS

FLOATS = [0.0, -0.0, 1.0, -1.0, 2.0, -0.125, 31.0, 0.3, -0.3, 1e-30, 3.4e38]
INTEGERS = [0, 1, -1, 2, -4, 3, 255, -256, 65_537, 2**31 - 1, -(2**31), -(2**30)]
DTYPES = {"f32": np.float32, "i32": np.int32}


def thunk_of(weights: np.ndarray, step: int = 1, **more) -> BakedDotThunk:
    """weights: a row for each result. step: from one term to the next."""
    results, terms = weights.shape
    dtype = "f32" if weights.dtype == np.float32 else "i32"
    thunk = BakedDotThunk(
        Origin("i", "op"),
        slice_of((terms * step,), dtype),
        slice_of((results,), dtype),
        weights.tobytes(),
        tuple(range(0, terms * step, step)),
        tuple((i,) for i in range(results)),
    )
    return replace(thunk, **more)


def run(thunk: BakedDotThunk, target: str, *arrays: np.ndarray) -> np.ndarray:
    """arrays: the source, and the inputs."""
    pointers = 2 + len(thunk.inputs)
    function, _alive = compiled(
        lambda code: baked_dot(code, thunk, TARGETS[target], contract=True), pointers
    )
    out = np.full(len(thunk.results) + 2, GUARD.astype(arrays[0].dtype))
    function(*(array.ctypes.data for array in arrays), out[1:].ctypes.data)
    assert out[0] == out[-1] == GUARD.astype(out.dtype)
    return out[1:-1]


@st.composite
def products(draw, dtype: str):
    terms, results = draw(st.integers(1, 70)), draw(st.integers(1, 27))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    known = np.array(FLOATS[:-1] if dtype == "f32" else INTEGERS, DTYPES[dtype])
    if dtype == "f32":
        others = random.standard_normal((results, terms))
        x = random.standard_normal(3 * terms)
    else:
        others = random.integers(-(2**31), 2**31, (results, terms))
        x = random.integers(-(2**31), 2**31, 3 * terms)
    weights = np.where(
        random.random((results, terms)) < 0.7, random.choice(known, (results, terms)), others
    )
    return weights.astype(DTYPES[dtype]), x.astype(DTYPES[dtype]), draw(st.integers(1, 3))


@pytest.mark.parametrize("terms", [20, 40, 64, 65])
@pytest.mark.parametrize("sequential", [False, True])
def test_short_sums_are_in_jax_s_order(terms, sequential):
    random = np.random.default_rng(terms)
    x = random.standard_normal(terms).astype(np.float32)
    weights = random.standard_normal((9, terms)).astype(np.float32)
    expected = np.zeros(9, np.float32)
    for k in range(terms):
        exact = expected.astype(np.longdouble) + x[k].astype(np.longdouble) * weights[:, k]
        expected = exact.astype(np.float32)
    got = run(thunk_of(weights, sequential=sequential), "cortex-m4f", x)
    assert (got == expected).all() == (sequential and terms <= 64)


@pytest.mark.parametrize("target", ["cortex-m0", "cortex-m3"])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_integers_are_exact(target, data):
    weights, x, step = data.draw(products("i32"))
    used = x[: weights.shape[1] * step : step]
    with np.errstate(over="ignore"):
        expected = weights @ used
    assert (run(thunk_of(weights, step), target, x) == expected).all()


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_floats_are_as_exact_as_sums_in_parts_are(data):
    weights, x, step = data.draw(products("f32"))
    used = x[: weights.shape[1] * step : step].astype(np.float64)
    got = run(thunk_of(weights, step), "cortex-m4f", x)
    sizes = abs(weights.astype(np.float64)) @ abs(used)
    assert (abs(got - weights.astype(np.float64) @ used) <= 20 * 2.0**-24 * sizes).all()


@pytest.mark.parametrize("weight", FLOATS)
def test_a_single_product_is_rounded_once(weight):
    weights, x = np.float32([[weight]]), np.float32([1.7])
    with np.errstate(over="ignore"):
        expected = weights[0] * x
    assert run(thunk_of(weights), "cortex-m4f", x) == expected


def test_zeros_are_left_out():
    weights = np.float32([[0, 2, -0.0], [0, 0, 0]])
    x = np.float32([np.inf, 3, np.nan])
    assert run(thunk_of(weights), "cortex-m4f", x).tolist() == [6, 0]


def test_the_epilogue_reads_inputs_and_constants():
    weights = np.int32([[1, 2], [3, 4], [5, 6]])
    offsets, factor = np.int32([10, -20, 30]), np.int32([7])
    thunk = thunk_of(
        weights,
        results=((2, 0), (1, 0), (0, 0)),
        inputs=(slice_of((1,), "i32"),),
        constants=(offsets.tobytes(),),
        epilogue=(Operation("add", (0, 2)), Operation("multiply", (3, 1))),
    )
    x = np.int32([100, 1])
    assert run(thunk, "cortex-m3", x, factor).tolist() == [7 * 536, 7 * 284, 7 * 112]


def test_what_can_be_baked():
    found = {dtype: {n for n, t in TARGETS.items() if is_bakeable(dtype, t)} for dtype in DTYPES}
    assert found["i32"] == TARGETS.keys() - {"host"}
    assert found["f32"] == found["i32"] - {"cortex-m0", "cortex-m3"}
    assert not is_bakeable("f64", TARGETS["cortex-m7"])


def test_what_a_constant_costs():
    """By hand: a load, and for each product what makes the constant and what adds it."""

    def of(weight, target, dtype=np.float32):
        return cost(thunk_of(np.array([[weight], [weight]], dtype)), TARGETS[target])

    assert of(0.0, "cortex-m4f") == (0, 0)
    assert of(1.0, "cortex-m4f") == (3, 12)
    assert of(0.5, "cortex-m4f") == (4, 16)
    assert of(0.3, "cortex-m4f") == (6, 24)
    assert of(8, "cortex-m3", np.int32) == (3, 12)
    assert of(7, "cortex-m3", np.int32) == (4, 14)
    assert of(1, "cortex-m0", np.int32) == (3, 6)
    assert of(7, "cortex-m0", np.int32) == (5, 10)
