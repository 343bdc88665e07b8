# SPDX-License-Identifier: Apache-2.0
import pytest
from cell import COLUMNS, Cell
from judged import Outcome
from report import read_report, report, text_of

PASSED = Outcome(found={"host": "ok", "cortex-m4f": "ok"})
REFUSED = Outcome(not_in_jax="TypeError: add does not accept dtype bool")
UNSUPPORTED = Outcome(found=dict.fromkeys(["host", "cortex-m4f"], "ERROR dtype: `x` < [1] * 2_3"))
WRONG = Outcome(found={"host": "ok", "cortex-m4f": "FAIL: case 0"})


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (PASSED, "ok"),
        (REFUSED, ""),
        (UNSUPPORTED, "ERROR dtype: `x` < [1] * 2_3"),
        (WRONG, "cortex-m4f: FAIL: case 0"),
        (Outcome(found={"a": "x", "b": "y", "c": "x"}), "a, c: x; b: y"),
    ],
)
def test_text(outcome, expected):
    assert text_of(outcome) == expected


def rows(**outcomes: Outcome) -> dict[Cell, Outcome]:
    return {
        Cell("jax.lax", name, "x", dtype): outcome if dtype == "f32" else PASSED
        for name, outcome in outcomes.items()
        for dtype in COLUMNS
    }


def written(outcomes: dict[Cell, Outcome]) -> str:
    excluded = {"jax.lax": {"dtype": "no array"}}
    return report(outcomes, excluded, {"jax.lax": ["map", "scan"]}, "1.2", 2)


def test_what_is_written_is_read():
    outcomes = rows(add=PASSED, sub=REFUSED, sort=UNSUPPORTED, exp=WRONG, top_k=UNSUPPORTED)
    found = read_report(written(outcomes))
    assert found == {(c.module, c.name, c.dtype): text_of(o) for c, o in outcomes.items()}


def test_one_message_has_one_number():
    text = written(rows(sort=UNSUPPORTED, exp=WRONG, top_k=UNSUPPORTED))
    messages = text.split("## Messages\n")[1].split("## Left out")[0].strip()
    assert messages.splitlines() == [
        r"1. ERROR dtype: \`x\` \< \[1] \* 2\_3",
        "2. cortex-m4f: FAIL: case 0",
    ]


def test_the_summary_counts_cells_that_jax_has_and_that_pass_everywhere():
    n = len(COLUMNS)
    text = written(rows(add=PASSED, sub=REFUSED, exp=WRONG, sort=UNSUPPORTED))
    counts = f"4 | {4 * n - 1} | {4 * n - 3}"
    shares = [4 * n - 3, 4 * n - 2, 4 * n - 3]
    percent = " | ".join(f"{1000 * share // (4 * n - 1) / 10} %" for share in shares)
    assert f"| `jax.lax` | {counts} | {percent} |\n" in text
    assert f"| all | {counts} | {percent} |\n" in text


def test_functions_that_are_not_in_the_table_are_named():
    assert "\nNot in the table: `map`, `scan`.\n" in written(rows(add=PASSED))


def test_all_is_100_percent_and_almost_all_is_less():
    assert "| 100.0 % |" in written(rows(add=PASSED))
    many = {f"f{i}": PASSED for i in range(1000)}
    assert "| 100.0 % |" in written(rows(exp=WRONG, **many))  # on the host
    assert "| 99.9 % |" in written(rows(exp=WRONG, **many))


def test_the_same_outcomes_give_the_same_bytes():
    outcomes = rows(add=PASSED, sort=UNSUPPORTED)
    assert written(outcomes) == written(outcomes)


def test_modules_that_were_not_run_are_named():
    outcomes = rows(add=PASSED)
    assert "Not run" not in written(outcomes)
    text = report(outcomes, {}, {}, "1.2", 2, ["jax.nn", "jax.random"])
    assert "\nNot run yet: `jax.nn`, `jax.random`.\n" in text
