# SPDX-License-Identifier: Apache-2.0
import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jax_embedded.oracle.compare import accepted, compare, ulp, ulp_error

F32 = np.dtype("float32")
EPS = 2.0**-23  # the unit of 1.0
TINY = 2.0**-126
INF, NAN = np.inf, np.nan


def f32(*values: float) -> np.ndarray:
    return np.array(values, F32)


def f64(*values: float) -> np.ndarray:
    return np.array(values, np.float64)


@pytest.mark.parametrize(
    ("magnitude", "dtype", "expected"),
    [
        (1.0, "float32", 2.0**-23),
        (1.999, "float32", 2.0**-23),
        (2.0, "float32", 2.0**-22),
        (0.75, "float32", 2.0**-24),
        (0.0, "float32", 2.0**-149),
        (TINY / 4, "float32", 2.0**-149),
        (1e300, "float32", 2.0**104),
        (1.0, "float64", 2.0**-52),
        (1.0, "float16", 2.0**-10),
        (0.0, "float16", 2.0**-24),
    ],
)
def test_ulp(magnitude, dtype, expected):
    assert ulp(f64(magnitude), np.dtype(dtype)) == expected


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.floats(TINY, 2.0**127, width=32))
def test_ulp_is_numpy_s_spacing(value):
    assert ulp(f64(value), F32)[0] == np.spacing(np.float32(value))


@pytest.mark.parametrize(
    ("got", "jax32", "reference", "expected"),
    [
        (1.0, 1.0, 1.0, 0.0),
        (1 + 3 * EPS, 1.0, 1.0, 3.0),
        (1.0, 1.0, 1 + EPS / 2, 0.5),
        (-1.0, 1.0, 1.0, 2 / EPS),
        (INF, 1.0, 1.0, INF),
        (NAN, 1.0, 1.0, INF),
        (INF, INF, INF, 0.0),
        (-INF, INF, INF, INF),
        (1.0, INF, INF, INF),
        (NAN, NAN, NAN, 0.0),
        (1.0, NAN, NAN, INF),
        (INF, NAN, NAN, INF),
        (NAN, INF, INF, INF),
        (INF, INF, 1e39, 0.0),  # beyond the range of the type
        (1.0, NAN, 1.0, INF),
        (1.0, 1.0, NAN, 0.0),  # JAX in float32 decides
        (1.0, 1.0, INF, 0.0),
        (0.0, -0.0, 0.0, 0.0),
    ],
)
def test_error_of_one_element(got, jax32, reference, expected):
    assert ulp_error(f32(got), f32(jax32), f64(reference)).tolist() == [expected]


def test_a_small_element_is_measured_by_the_rms_of_the_result():
    reference = f64(1.0, 1e-6, 1.0, 1.0)
    got = f32(1.0, 1e-6 + 2 * EPS, 1.0, 1.0)
    error = ulp_error(got, reference.astype(F32), reference)
    assert error[[0, 2, 3]].tolist() == [0, 0, 0]
    rms = np.sqrt(3 / 4)
    assert error[1] == pytest.approx(2 * EPS / ulp(f64(rms), F32)[0], rel=1e-3)


def test_a_large_element_is_measured_by_itself():
    reference = f64(1e6, 1.0, 1.0, 1.0)
    got = reference.astype(F32)
    got[0] = np.nextafter(got[0], np.float32(np.inf))
    assert ulp_error(got, reference.astype(F32), reference).tolist() == [1, 0, 0, 0]


def test_elements_that_are_not_finite_do_not_count_for_the_rms():
    reference = f64(INF, 1.0, NAN)
    got = f32(INF, 1 + EPS, NAN)
    assert ulp_error(got, reference.astype(F32), reference).tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("got", "jax32"),
    [(1e-39, 0.0), (0.0, 1e-39), (-1e-39, -0.0), (-0.0, -1e-39)],
)
def test_a_subnormal_counts_as_the_zero_of_its_sign(got, jax32):
    reference = f64(np.float32(1e-39) * (-1 if np.signbit(got) else 1))
    assert compare(f32(got), f32(jax32), reference).passed


def test_no_subnormal_counts_as_a_normal_number():
    assert not compare(f32(0.0), f32(4 * TINY), f64(4 * TINY)).passed
    assert not compare(f32(4 * TINY), f32(0.0), f64(0.0)).passed


@pytest.mark.parametrize(
    ("got_ulp", "jax_ulp", "passed"),
    [
        (0, 0, True),
        (4, 0, True),
        (5, 0, False),
        (-4, 0, True),
        (6, 1, True),
        (7, 1, False),
        (24, 10, True),
        (25, 10, False),
    ],
)
def test_the_bound_is_4_and_twice_jax_s_own_error(got_ulp, jax_ulp, passed):
    result = compare(f32(1 + got_ulp * EPS), f32(1 + jax_ulp * EPS), f64(1.0))
    assert result.passed == passed
    assert result.bound_ulp == 4 + 2 * jax_ulp
    if got_ulp > 0:
        assert result.error_ulp == got_ulp


def test_the_worst_element_is_the_one_that_exceeds_its_bound_most():
    got = f32(1 + 9 * EPS, 1 + 6 * EPS, 1.0).reshape(1, 3)
    jax32 = f32(1 + 3 * EPS, 1.0, 1.0).reshape(1, 3)
    result = compare(got, jax32, np.ones((1, 3)))
    assert (result.worst, result.error_ulp, result.bound_ulp, result.passed) == (1, 6, 4, False)


def test_one_wrong_nan_fails_the_result():
    result = compare(f32(1.0, NAN, 1.0), f32(1.0, 1.0, 1.0), f64(1.0, 1.0, 1.0))
    assert (result.worst, result.error_ulp, result.passed) == (1, INF, False)


@pytest.mark.parametrize("dtype", ["bool", "int8", "int32", "uint16", "int64", "uint64"])
def test_discrete_results_are_exact(dtype):
    good = np.array([[0, 1], [1, 1]], dtype)
    same = compare(good, good.copy(), np.zeros((2, 2)))
    assert (same.passed, same.error_ulp, same.bound_ulp) == (True, 0, 0)
    bad = good.copy()
    bad[1, 0] = 0
    result = compare(bad, good, np.zeros((2, 2)))
    assert (result.passed, result.worst, result.error_ulp) == (False, 2, INF)


def test_large_integers_are_not_compared_as_floats():
    assert not compare(np.array([2**63 - 1]), np.array([2**63 - 2]), np.zeros(1)).passed


@pytest.mark.parametrize(
    ("got", "jax32"),
    [
        (np.zeros(2, F32), np.zeros(3, F32)),
        (np.zeros((1, 2), F32), np.zeros(2, F32)),
        (np.zeros(2, np.float64), np.zeros(2, F32)),
        (np.zeros(2, np.int32), np.zeros(2, F32)),
    ],
)
def test_results_of_another_shape_or_dtype(got, jax32):
    with pytest.raises(ValueError, match=r"expected .* found "):
        compare(got, jax32, np.zeros(jax32.shape))


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_a_perfect_result_passes_at_every_scale(scale):
    rng = np.random.default_rng(0)
    reference = rng.standard_normal(1000) * scale
    rounded = reference.astype(F32)
    result = compare(rounded, rounded, reference)
    assert result.passed
    assert result.error_ulp <= 0.5


def test_an_elementwise_result_is_judged_element_by_element():
    reference = f64(1e30, 1.0, 1.0)
    got = f32(1e30, 1.0, 1 + 5 * EPS)
    assert compare(got, f32(1e30, 1.0, 1.0), reference).passed
    result = compare(got, f32(1e30, 1.0, 1.0), reference, elementwise=True)
    assert (result.worst, result.error_ulp, result.passed) == (2, 5, False)
    assert compare(f32(1.0), f32(1.0), f64(1.0), elementwise=True).passed


@pytest.mark.parametrize("part", ["real", "imag"])
def test_complex_numbers_are_judged_in_two_parts(part):
    good = np.array([1 + 1j, 2 + 2j, 1 - 1j], np.complex64)
    assert compare(good, good.copy(), good.astype(np.complex128)).passed
    bad = good.copy()
    getattr(bad, part)[1] += 5 * ulp(f64(2.0), F32)[0]
    result = compare(bad, good, good.astype(np.complex128))
    assert (result.worst, result.error_ulp, result.passed) == (1, 5, False)


def test_bfloat16():
    good = np.array([1.0, 2.0, 3.0], ml_dtypes.bfloat16)
    exact = good.astype(np.float64)
    assert compare(good, good.copy(), exact).passed
    bad = (exact + f64(0, 5 * 2.0**-6, 0)).astype(ml_dtypes.bfloat16)
    assert not compare(bad, good, exact).passed
    close = (exact + f64(0, 2.0**-6, 0)).astype(ml_dtypes.bfloat16)
    assert compare(close, good, exact).error_ulp == 1


@pytest.mark.parametrize("elementwise", [False, True])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "complex64"])
def test_what_is_accepted_is_what_passes(dtype, elementwise):
    """The ends pass, the numbers next to them on the outside do not, also around zero."""
    kind = jax_dtype(dtype)
    random = np.random.default_rng(0)
    for scale in (1.0, 1e-4, float(ml_dtypes.finfo(part_of(kind)).tiny) * 8, 0.0):
        exact = random.standard_normal(12) * scale
        if kind.kind == "c":
            exact = exact + 1j * random.standard_normal(12) * scale
        jax32 = (exact * (1 + 3 * float(ml_dtypes.finfo(part_of(kind)).eps))).astype(kind)
        ends = accepted(jax32, exact, elementwise=elementwise)
        for index in range(ends[0].size):
            for end, outwards in zip(ends, (-np.inf, np.inf), strict=True):
                beyond = np.nextafter(end[index], np.array(outwards, end.dtype))
                if 0 < abs(float(beyond)) < float(ml_dtypes.finfo(end.dtype).tiny):
                    beyond = np.copysign(
                        ml_dtypes.finfo(end.dtype).tiny, np.array(outwards, end.dtype)
                    )
                for value, passed in ((end[index], True), (beyond, False)):
                    got = jax32.copy()
                    got.view(end.dtype)[index] = value
                    assert compare(got, jax32, exact, elementwise=elementwise).passed == passed


def test_inf_and_nan_are_accepted_where_jax_gives_them():
    low, high = accepted(f32(np.inf, np.nan, 1.0), f64(np.inf, np.nan, 1.0))
    assert low.tolist()[:1] == high.tolist()[:1] == [np.inf]
    assert np.isnan([low[1], high[1]]).all()
    assert low[2] < 1.0 < high[2]


def jax_dtype(name: str) -> np.dtype:
    return np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)


def part_of(dtype: np.dtype) -> np.dtype:
    return np.zeros((), dtype).real.dtype if dtype.kind == "c" else dtype
