# SPDX-License-Identifier: Apache-2.0
from functools import partial

import numpy as np
import pytest
import ulp

from jax_embedded.target import TARGETS

SAMPLES = 1 << 20
HOST = TARGETS["host"]


def sampled(name: str, count: int, seed: int):
    return ulp.pairs(count, seed) if name in ulp.BINARY else ulp.samples(count, seed)


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("name", ulp.REFERENCES)
def test_errors_are_within_what_is_documented(name, fused):
    found = ulp.worst(name, sampled(name, SAMPLES, 0), fused=fused)
    assert found.ulp <= ulp.table(ulp.document())[name][fused].ulp


@pytest.mark.parametrize("name", ulp.REFERENCES)
def test_the_worst_operands_are_as_bad_as_documented(name):
    stated = ulp.table(ulp.document())[name]
    found = [
        ulp.worst(name, iter([tuple(np.full(8, x, np.float32) for x in of.operands)]), fused=fused)
        for fused, of in enumerate(stated)
    ]
    assert ulp.row(name, *found) in ulp.document().splitlines()


@pytest.mark.parametrize("name", ulp.REFERENCES)
@pytest.mark.parametrize("fused", [False, True])
def test_vectors_and_processors_make_no_difference(name, fused):
    machine = ulp.this_processor() if fused else None
    compiled = partial(ulp.compiled, name, machine=machine, fused=fused)
    variants = [
        compiled(TARGETS["cortex-m0"]),  # no vectors
        compiled(TARGETS["cortex-m0"], lanes=8),  # a loop over the lanes
        compiled(HOST, lanes=4),
        compiled(HOST, lanes=8),
        compiled(HOST, lanes=2),
        compiled(HOST, machine=ulp.this_processor()),
    ]
    usual = compiled(HOST)
    for operands in sampled(name, 1 << 18, 1):
        whole = operands[0].size // 8 * 8
        operands = tuple(operand[:whole] for operand in operands)
        expected = usual(*operands)
        for variant in variants:
            got = variant(*operands)
            same = (got.view(np.uint32) == expected.view(np.uint32)) | (
                np.isnan(got) & np.isnan(expected)
            )
            assert same.all(), [operand[~same][0] for operand in operands]


def test_error():
    expected = np.array([1.0, 1.0, 1.5, -2.0, np.inf, np.nan, 0.0, -0.0, 1e-40, 1.0, 1e39, 3e38])
    got = [
        1.0,
        1 + 2**-23,
        1.5 - 2**-23,
        -2.0,
        np.inf,
        np.nan,
        -0.0,
        -0.0,
        0,
        np.nan,
        np.inf,
        np.inf,
    ]
    errors = ulp.error(np.array(got, np.float32), expected)
    assert errors.tolist() == [0, 1, 1, 0, 0, 0, np.inf, 0, 0, np.inf, 0, np.inf]


def test_error_of_what_lies_between_two_floats():
    expected = np.array([1 + 2.0**-24, 2 - 2.0**-25, 4 + 2.0**-22])
    got = np.array([1.0, 2.0, 4.0], np.float32)
    assert ulp.error(got, expected).tolist() == [0.5, 0.25, 0.5]


def test_table():
    separate, fused = (ulp.Worst(x, (np.float32(-3e-7),)) for x in (1.2345, 0.5))
    assert ulp.row("exp", separate, fused) == "| exp | 1.24 | -3e-07 | 0.50 | -3e-07 |"
    of_pow = "| pow | 1.50 | 2.5, -1e+10 | 2.50 | 1, 2 |"
    text = f"# Title\n\n{ulp.row('exp', separate, fused)}\n{of_pow}\n| a | b | c | d | e |\n"
    first, second = (np.float32(2.5), np.float32(-1e10)), (np.float32(1), np.float32(2))
    assert ulp.table(text) == {
        "exp": (ulp.Worst(1.24, (np.float32(-3e-7),)), fused),
        "pow": (ulp.Worst(1.5, first), ulp.Worst(2.5, second)),
    }
