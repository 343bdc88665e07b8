# SPDX-License-Identifier: Apache-2.0
"""What a cell becomes that passes, that stock JAX refuses, and that goes wrong in each way."""

import dataclasses

# Before any fork; see processes.py.
import jax  # noqa: F401
import judged
import numpy as np
import pytest
from cell import Cell
from coverage import read_platforms
from judged import Outcome, Platform, judge

PLATFORMS = read_platforms(targets=("host",))


def outcomes(expression: str, *dtypes: str, platform: Platform | None = None) -> dict[str, Outcome]:
    cells = [Cell("jax", "f", expression, dtype) for dtype in dtypes]
    return judge(cells, {"host": platform or PLATFORMS["host"]})


def said(expression: str, **changed: tuple[str, ...]) -> str:
    platform = dataclasses.replace(PLATFORMS["host"], **changed)
    found = outcomes(expression, "f32", platform=platform)["f32"].found
    assert found is not None
    return found["host"]


def test_dtypes_are_judged_together():
    found = outcomes("lax.bitwise_not(x)", "f32", "i8", "bool")
    assert found["f32"].found is None
    assert found["f32"].not_in_jax.startswith("TypeError: not does not accept dtype float32")
    assert [found[dtype].found for dtype in ("i8", "bool")] == [{"host": "ok"}] * 2


def test_a_wrong_number_is_a_failure(monkeypatch):
    cases = judged.cases

    def others(*args, **kwargs):
        return [
            dataclasses.replace(
                case,
                results=[result * np.float32(1.001) for result in case.results],
                references=[reference * 1.001 for reference in case.references],
            )
            for case in cases(*args, **kwargs)
        ]

    monkeypatch.setattr(judged, "cases", others)
    assert said("x + y").startswith("FAIL: case 0 (draw) out[")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("jnp.sqrt(-positive(x))", "ENTRY: expected finite results, found nan only"),
        ("(x + 1e6) - x", "ok"),
        ("((x + 1e6) - 1e6) / x", "ENTRY: expected JAX itself within 100 ulp of its result in"),
        ("x + undefined", "BUG: the oracle process: expected a result, found NameError"),
        ("jnp.zeros((0,)) + s", "ERROR empty-array: result: expected at least one element"),
    ],
)
def test_what_is_wrong_with_a_cell(expression, expected):
    assert said(expression).startswith(expected)


def test_a_program_that_does_not_end_well():
    text = "FAIL: sh: exit code 3: jax_embedded: it fell over"
    words = ("sh", "-c", "echo some words; echo jax_embedded: it fell over; exit 3")
    assert said("x + y", run=words) == text


def test_one_bad_program_does_not_take_the_others_along():
    # It fails if there is a cell of float32 in it.
    platform = dataclasses.replace(
        PLATFORMS["host"],
        run=("sh", "-c", 'found=$("$0") || exit; case $found in *f32*) exit 3;; esac; "$0"'),
    )
    found = outcomes("x + y", "i32", "f32", "f16", platform=platform)
    assert {dtype: o.found and o.found["host"][:20] for dtype, o in found.items()} == {
        "i32": "ok",
        "f32": "FAIL: sh: exit code ",
        "f16": "ok",
    }


def test_a_program_that_does_not_link():
    assert "undefined reference" in said("x + y", libraries=())
