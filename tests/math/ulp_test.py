# SPDX-License-Identifier: Apache-2.0
import llvmlite.binding as llvm
import numpy as np
import pytest
import ulp

from jax_embedded.target import TARGETS

SAMPLES = 1 << 20
HOST = TARGETS["host"]


def sampled(name: str, count: int, seed: int):
    return ulp.pairs(count, seed) if name in ulp.BINARY else ulp.samples(count, seed)


def this_processor() -> llvm.TargetMachine:
    """With all its instructions, such as fused multiply-add."""
    return llvm.Target.from_triple(HOST.triple).create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        reloc="pic",
        codemodel="small",
    )


@pytest.mark.parametrize("name", ulp.REFERENCES)
def test_errors_are_within_what_is_documented(name):
    assert ulp.worst(name, sampled(name, SAMPLES, 0)).ulp <= ulp.documented()[name].ulp


@pytest.mark.parametrize("name", ulp.REFERENCES)
def test_the_worst_operands_are_as_bad_as_documented(name):
    stated = ulp.documented()[name]
    operands = tuple(np.full(8, operand, np.float32) for operand in stated.operands)
    assert ulp.row(name, ulp.worst(name, iter([operands]))) == ulp.row(name, stated)


@pytest.mark.parametrize("name", ulp.REFERENCES)
def test_vectors_and_processors_make_no_difference(name):
    variants = [
        ulp.compiled(name, TARGETS["cortex-m0"]),  # no vectors
        ulp.compiled(name, TARGETS["cortex-m0"], lanes=8),  # a loop over the lanes
        ulp.compiled(name, HOST, lanes=4),
        ulp.compiled(name, HOST, lanes=8),
        ulp.compiled(name, HOST, lanes=2),
        ulp.compiled(name, HOST, machine=this_processor()),
    ]
    usual = ulp.compiled(name, HOST)
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
    found = ulp.Worst(1.2345, (np.float32(-3e-7),))
    assert ulp.row("exp", found) == "| exp | 1.24 | -3e-07 |"
    text = f"# Title\n\n{ulp.row('exp', found)}\n| pow | 1.50 | 2.5, -1e+10 |\n| a | b | c |\n"
    assert ulp.table(text) == {
        "exp": ulp.Worst(1.24, (np.float32(-3e-7),)),
        "pow": ulp.Worst(1.5, (np.float32(2.5), np.float32(-1e10))),
    }
