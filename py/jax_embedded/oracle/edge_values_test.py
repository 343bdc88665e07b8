# SPDX-License-Identifier: Apache-2.0
import itertools

import ml_dtypes
import numpy as np
import pytest

from jax_embedded.oracle.edge_values import COUNT, edge_values, placements

FLOATS = [np.dtype(t) for t in ("float16", ml_dtypes.bfloat16, "float32", "float64")]
INTEGERS = [np.dtype(f"{sign}int{bits}") for sign in ("", "u") for bits in (8, 16, 32, 64)]


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_floats(dtype):
    info = ml_dtypes.finfo(dtype)
    values = edge_values(dtype)
    assert (values.dtype, values.shape) == (dtype, (COUNT,))
    found = set(values.astype(np.float64).tolist())
    assert {0.0, 1.0, -1.0, np.inf, -np.inf, float(info.max), float(info.tiny)} <= found
    assert np.isnan(values).sum() == 1
    assert [np.signbit(v) for v in values if v == 0] == [False, True]
    subnormals = [v for v in values.astype(np.float64) if 0 < abs(v) < float(info.tiny)]
    assert sorted(np.sign(subnormals)) == [-1, 1]
    with np.errstate(over="ignore", divide="ignore"):
        assert all(np.isinf((1 / np.float64(v)).astype(dtype)) for v in subnormals)


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_integers(dtype):
    info = np.iinfo(dtype)
    found = edge_values(dtype).tolist()
    assert len(set(found)) == COUNT
    assert {info.min, info.max, info.max - 1, 0, 1, 2, 31} <= set(found)
    assert info.min == 0 or -1 in found


def test_other_dtypes():
    assert set(edge_values(np.dtype(bool)).tolist()) == {False, True}
    values = edge_values(np.dtype("complex64"))
    assert (values.dtype, values.shape) == (np.complex64, (COUNT,))
    assert np.isnan(values.real).sum() == np.isnan(values.imag).sum() == 1


def numbered(cases):
    """The cases of int32 leaves, with the number of every edge value instead of the value."""
    number = {value: i for i, value in enumerate(edge_values(np.dtype("int32")).tolist())}
    return [[np.vectorize(number.get)(leaf).ravel() for leaf in case] for case in cases]


@pytest.mark.parametrize("size", [1, 2, 16, 17, 18, 40])
def test_every_element_sees_every_value(size):
    leaves = [np.zeros(size, np.int32)] * 3
    cases = numbered(placements(leaves))
    for leaf, element in itertools.product(range(3), range(size)):
        assert {case[leaf][element] for case in cases} == set(range(COUNT))


@pytest.mark.parametrize(
    ("shapes", "number"),
    [
        ([(), ()], 289),
        ([(), (), ()], 289),
        ([(3,), (3,)], 6 * 17),
        ([(17,), (17,)], 17),
        ([(5, 4), (5, 4), (5, 4)], 17),
        ([(19,), ()], 289),
        ([()], 17),
        ([(4,)], 17),
    ],
)
def test_two_leaves_meet_in_all_combinations(shapes, number):
    cases = numbered(placements([np.zeros(shape, np.int32) for shape in shapes]))
    assert len(cases) == number
    for one, other in itertools.combinations(range(len(shapes)), 2):
        met = {
            pair
            for case in cases
            for pair in zip(*np.broadcast_arrays(case[one], case[other]), strict=True)
        }
        assert len(met) == COUNT**2


def test_no_arguments():
    assert next(placements([])) == []
