# SPDX-License-Identifier: Apache-2.0
"""Reductions of every shape, with the arithmetic of every core, on this machine."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import get_args

import numpy as np
import pytest
from llvmlite import ir

from jax_embedded.ir.elementwise import Operation
from jax_embedded.ir.thunks import DotAxis, Origin, ReduceThunk, Reduction
from jax_embedded.llvm.emitters.arithmetic import SumOptions, arithmetic, arithmetic_of_one
from jax_embedded.llvm.emitters.code import Code
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
        (slice_of(array),),
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


def op(opcode: str, *operands: int, constant: float = 0.0) -> Operation:
    return Operation(opcode, operands, constant)


# By what is reduced: the prologue, how, and what an element is. Of two sources, unless it says so.
PROLOGUES: dict[str, tuple[tuple[Operation, ...], Reduction, Callable]] = {
    "distance": ((op("subtract", 0, 1), op("multiply", 2, 2)), "add", lambda a, b: (a - b) ** 2),
    "difference": ((op("subtract", 0, 1), op("abs", 2)), "add", lambda a, b: abs(a - b)),
    "weighted": ((op("multiply", 1, 1), op("multiply", 2, 0)), "add", lambda a, b: a * b * b),
    "farthest": ((op("subtract", 0, 1), op("abs", 2)), "maximum", lambda a, b: abs(a - b)),
    "least": ((op("add", 0, 1),), "minimum", lambda a, b: a + b),
    "one: squares": ((op("multiply", 0, 0),), "add", lambda a, _: a * a),
    "one: squares of more": (
        (op("constant", constant=0.5), op("add", 0, 1), op("multiply", 2, 2)),
        "add",
        lambda a, _: (a + 0.5) ** 2,
    ),
    "one: largest": ((op("abs", 0),), "maximum", lambda a, _: abs(a)),
    "one: sizes": ((op("negate", 0), op("maximum", 0, 1)), "add", lambda a, _: abs(a)),
}


def of_computed(name: str, what: str, axes: tuple[int, ...], *sources: np.ndarray) -> np.ndarray:
    """Of arrays with as many dimensions; one along which a source has 1 is repeated."""
    prologue, operation, _ = PROLOGUES[what]
    dims = np.broadcast_shapes(*(source.shape for source in sources))
    kept = [d for d in range(len(dims)) if d not in axes]
    result = tuple(dims[d] for d in kept)

    def axis(d: int) -> DotAxis:
        steps = [int(np.prod(a.shape[d + 1 :])) * (a.shape[d] > 1) for a in sources]
        out = int(np.prod([dims[k] for k in kept if k > d])) if d in kept else 0
        return DotAxis(dims[d], steps[0], steps[1] if len(steps) == 2 else 0, out)

    thunk = ReduceThunk(
        Origin("i", "op"),
        tuple(map(slice_of, sources)),
        slice_of(result),
        tuple(axis(d) for d in kept),
        tuple(axis(d) for d in axes),
        operation,
        prologue=prologue,
    )
    write = partial(reduce, thunk=thunk, target=ARITHMETIC[name], options=OPTIONS[name])
    return called(write, sources[0], sources[1] if len(sources) == 2 else None, result)


@pytest.mark.parametrize(
    "name", ["vectors", "vectors_with_maxnm", "scalars", "no_fpu", "pairs_by_load"]
)
@pytest.mark.parametrize("what", PROLOGUES)
@pytest.mark.parametrize(
    ("axes", "dims"),
    [
        ((0,), ((67,), (67,))),
        ((0,), ((39,), (1,))),
        ((0,), ((1,), (39,))),
        ((0, 1), ((4, 9), (4, 9))),
        ((0,), ((5, 16), (5, 1))),
        ((0,), ((5, 1), (5, 16))),
        ((0,), ((5, 13), (5, 13))),
        ((1,), ((5, 40), (1, 40))),
        ((1,), ((5, 40), (5, 1))),
        ((2,), ((8, 1, 13), (1, 6, 13))),
        ((0, 2), ((3, 7, 5), (3, 7, 5))),
        ((1,), ((3, 300, 2), (1, 300, 2))),
    ],
)
def test_what_is_computed_of_one_source_or_two(axes, dims, what, name):
    random = np.random.default_rng(0)
    arrays = [random.standard_normal(of_one).astype(np.float32) for of_one in dims]
    sources = arrays[:1] if what.startswith("one") else arrays
    _, operation, element = PROLOGUES[what]
    elements = element(*(array.astype(np.float64) for array in arrays))
    if len(sources) == 2:
        elements = np.broadcast_to(elements, np.broadcast_shapes(*dims))
    expected = NUMPY[operation](elements, axis=axes)
    assert close(of_computed(name, what, axes, *sources), expected, elements.size)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("what", PROLOGUES)
def test_every_target_has_code_of_what_is_computed(what, target):
    prologue, operation, _ = PROLOGUES[what]
    count = 1 if what.startswith("one") else 2
    rows = DotAxis(5, 40, 0, 1), DotAxis(6, 0, 40 * (count - 1), 5)
    thunk = ReduceThunk(
        Origin("i", "op"),
        (slice_of((5, 40)), slice_of((6, 40)))[:count],
        slice_of((30,)),
        rows[:count],
        (DotAxis(40, 1, count - 1, 0),),
        operation,
        prologue=prologue,
    )
    for options in (SumOptions(), SumOptions(size=True)):
        code = Code(ir.Module(), "f", 1 + count, inline=False)
        reduce(code, thunk, TARGETS[target], options)
        code.end()


@pytest.mark.parametrize("name", ARITHMETIC)
def test_infinities_and_nans_of_what_is_computed(name):
    """Of infinities that have no difference, and of products that overflow."""
    rows = np.array([[1, np.inf, 2], [1, np.inf, 3], [3e38, -3e38, 1]], np.float32)
    arrays = np.tile(rows, 3)
    zero, one = np.zeros((1, 9), np.float32), np.zeros((1, 9), np.float32)
    one[0, 1] = np.inf
    assert (of_computed(name, "distance", (1,), arrays, zero) == np.inf).all()
    found = of_computed(name, "distance", (1,), arrays, one)
    assert np.isnan(found[:2]).all()
    assert found[2] == np.inf
    assert np.isnan(of_computed(name, "weighted", (1,), arrays, zero)[:2]).all()
    assert of_computed(name, "weighted", (1,), zero, zero + 3) == 0
    assert np.isnan(of_computed(name, "weighted", (1,), zero + np.nan, zero + 3))


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
