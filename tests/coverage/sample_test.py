# SPDX-License-Identifier: Apache-2.0
"""docs/coverage.md against the code: its rows, and a seeded sample of its cells, which are run.

Another sample: --test_env=COVERAGE_SEED=1 --test_env=COVERAGE_CELLS=200.
"""

import functools
import os
import random
import re
from pathlib import Path

import pytest
from cell import COLUMNS, Cell, cells
from coverage import read_platforms
from operations import EXCLUDED, OPERATIONS
from processes import in_processes
from public import has, public
from report import read_report, text_of

SEED = int(os.environ.get("COVERAGE_SEED", "0"))
CELLS = int(os.environ.get("COVERAGE_CELLS", "40"))
AGAIN = "then make the table again: ./bazelw run //tests/coverage"

TEXT = Path("docs/coverage.md").read_text()
REPORTED = read_report(TEXT)
NOT_RUN = re.findall(r"`([^`]+)`", "".join(re.findall(r"^Not run yet: .*$", TEXT, re.MULTILINE)))


@pytest.mark.parametrize("module", EXCLUDED)
def test_every_public_function_is_in_the_table_or_left_out_for_a_reason(module):
    known = OPERATIONS[module].keys() | EXCLUDED[module].keys()
    new = sorted(public(module) - known)
    assert not new, (
        f"{module} has functions that docs/coverage.md knows nothing of: {', '.join(new)}."
        f" Say in tests/coverage/operations.py how each is called, or why it is left out; {AGAIN}"
    )
    both = sorted(OPERATIONS[module].keys() & EXCLUDED[module].keys())
    assert not both, f"in the table and left out: {both}"


@pytest.mark.parametrize("module", OPERATIONS)
def test_what_is_in_the_table_or_left_out_is_there(module):
    names = {name.split(" ")[0] for name in [*OPERATIONS[module], *EXCLUDED.get(module, ())]}
    gone = sorted(name for name in names if module != "jax.Array" and not has(module, name))
    assert not gone, (
        f"{module} has no {', '.join(gone)}: remove it from tests/coverage/operations.py, {AGAIN}"
    )


def test_the_rows_are_those_of_operations_py():
    cells_of_report = list(REPORTED)
    expected = [
        (cell.module, cell.name, cell.dtype)
        for cell in cells(OPERATIONS)
        if cell.module not in NOT_RUN
    ]
    assert cells_of_report == expected, AGAIN


def test_every_function_takes_some_dtype():
    rows: dict[tuple[str, str], set[str]] = {}
    for (module, name, _), text in REPORTED.items():
        rows.setdefault((module, name), set()).add(text)
    assert [row for row, texts in rows.items() if texts == {""}] == []


@functools.cache
def sample() -> dict[Cell, str]:
    """What is found now, of cells that JAX has."""
    chosen = [
        cell for cell in cells(OPERATIONS) if REPORTED.get((cell.module, cell.name, cell.dtype))
    ]
    random.Random(SEED).shuffle(chosen)
    outcomes = in_processes(chosen[:CELLS], read_platforms(), len(os.sched_getaffinity(0)))
    return {cell: text_of(outcome) for cell, outcome in outcomes}


def test_a_sample_is_as_the_table_says():
    found = sample()
    assert len(found) == min(CELLS, len(REPORTED))
    assert {cell.dtype for cell in found} <= set(COLUMNS)
    other = [
        f"{cell.label}: expected {said}, found {text}"
        for cell, text in found.items()
        if text != (said := REPORTED[cell.module, cell.name, cell.dtype])
    ]
    assert not other, "\n".join([*other, f"If that is as it should be, {AGAIN}"])
