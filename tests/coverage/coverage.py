# SPDX-License-Identifier: Apache-2.0
"""bazel run //tests/coverage: runs every cell of the table and writes docs/coverage.md.

Interrupted, it writes the modules that are complete and names the others.
"""

import argparse
import contextlib
import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import jax
from cell import Cell, cells
from judged import DRAWS, Outcome, Platform, read_platform
from operations import EXCLUDED, OPERATIONS
from processes import in_processes
from public import public
from report import report, text_of

import jax_embedded

TARGETS = ("host", "cortex-m4f", "cortex-m55")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument(
        "--results", type=Path, help="keeps outcomes here, and takes those over that are valid"
    )
    parser.add_argument(
        "--makers", type=Path, default=Path(__file__).parent, help="where TARGET.json are"
    )
    some = parser.add_argument_group("some of the cells only, which are printed and not written")
    some.add_argument("--only", metavar="PATTERN", help="such as 'jax.numpy.cum'")
    some.add_argument("--dtypes", type=_words, metavar="DTYPE,...")
    some.add_argument("--targets", type=_words, default=TARGETS, metavar="TARGET,...")
    options = parser.parse_args()

    platforms = read_platforms(options.makers, options.targets)
    chosen = [
        cell
        for cell in cells(OPERATIONS)
        if re.match(options.only or "", f"{cell.module}.{cell.name}")
        and (not options.dtypes or cell.dtype in options.dtypes)
    ]
    results = Results(options.results, platforms)
    missing = [cell for cell in chosen if results.get(cell) is None]
    started = time.monotonic()
    with contextlib.suppress(KeyboardInterrupt):
        for number, (cell, outcome) in enumerate(in_processes(missing, platforms, options.jobs), 1):
            results.put(cell, outcome)
            if number % 500 == 0:
                print(f"{number} of {len(missing)} cells, {time.monotonic() - started:.0f} s")
    outcomes = {cell: outcome for cell in chosen if (outcome := results.get(cell))}
    if not (options.only or options.dtypes or options.targets != TARGETS):
        path = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", ".")) / "docs" / "coverage.md"
        not_run = {cell.module: None for cell in chosen if cell not in outcomes}
        outcomes = {c: outcome for c, outcome in outcomes.items() if c.module not in not_run}
        text = report(outcomes, EXCLUDED, _others(), jax.__version__, DRAWS, list(not_run))
        path.write_text(text)
        print(path)
        return 0
    for cell, outcome in outcomes.items():
        print(f"{cell.label}: {text_of(outcome) or outcome.not_in_jax}")
    return 0


def _others() -> dict[str, list[str]]:
    """Module -> its public functions that are neither in the table nor left out for a reason."""
    modules = [module for module in OPERATIONS if module not in ("jax", "jax.Array", "jax.scipy")]
    return {
        module: sorted(public(module) - OPERATIONS[module].keys() - EXCLUDED.get(module, {}).keys())
        for module in modules
    }


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def read_platforms(
    folder: Path = Path(__file__).parent, targets: tuple[str, ...] = TARGETS
) -> dict[str, Platform]:
    return {target: read_platform(folder / f"{target}.json") for target in targets}


class Results:
    """Outcomes, also in a file of one JSON line each, which an interrupted run has up to there."""

    def __init__(self, path: Path | None, platforms: Mapping[str, Platform]):
        self._path = path
        self._sources = _digest(jax.__version__.encode(), *_sources(), *map(str.encode, platforms))
        self._by_key: dict[str, Outcome] = {}
        if path and path.exists():
            for line in path.read_text().splitlines():
                row = json.loads(line)
                self._by_key[row["key"]] = Outcome(row["not_in_jax"], row["found"])

    def get(self, cell: Cell) -> Outcome | None:
        return self._by_key.get(self._key(cell))

    def put(self, cell: Cell, outcome: Outcome) -> None:
        key = self._key(cell)
        self._by_key[key] = outcome
        if self._path:
            row = {"key": key, "label": cell.label} | vars(outcome)
            with self._path.open("a") as file:
                file.write(json.dumps(row) + "\n")

    def _key(self, cell: Cell) -> str:
        return _digest(self._sources.encode(), cell.label.encode(), cell.source.encode())


def _sources() -> list[bytes]:
    """The exporter, the oracle and what judges: an outcome depends on them."""
    exporter = Path(jax_embedded.__file__).parent.rglob("*.py")
    chosen = [path for path in exporter if not path.name.endswith("_test.py")]
    return [path.read_bytes() for path in [*sorted(chosen), Path(__file__).with_name("judged.py")]]


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8) + part)
    return digest.hexdigest()[:32]


if __name__ == "__main__":
    sys.exit(main())
