# SPDX-License-Identifier: Apache-2.0
"""Counts what the workloads take, ours and plain C, and writes docs/benchmarks.md and .svg and
tests/bench/counts.json."""

import argparse
import json
import os
import sys
from pathlib import Path

from chart import chart
from counts import CORES, FOLDER, OURS, Count, Table, count, golden
from sizes import Failed

HEAD = """\
# Benchmarks

`./bazelw run //tests/bench` measures all of this anew: instructions / code / RAM of one call, of
the functions of `tests/bench/workloads` as the exporter makes them, and in plain C.

![instructions relative to the best peer](benchmarks.svg)

* **ours**: `workloads.py`, exported.
* **gcc-…**: `plain/`, simple loops over constant extents, the weights in the same file, what is
  written `restrict`, by `arm-none-eabi-gcc` with these options and its C library. With
  `-ffast-math` it may reorder sums, as we do.
* **CMSIS-DSP**: Arm's library, release 1.10.3 of its Python package, by the same compiler with
  `-Ofast` and `ARM_MATH_LOOPUNROLL`, for what it has a function of. Its FIR filter keeps the old
  samples itself; that they and the taps are copied for it at each call is counted too.
* **instructions**: what the call executes in qemu up to its return, as in [Sizes](sizes.md). They
  are no cycles: a division is one instruction, and so is an operation on four lanes. Bold: the
  fewest.
* **code**: bytes of `.text` and `.rodata` of the function and of all that it calls, linked alone,
  less 4 bytes for each weight.
* **RAM**: bytes of `.data` and `.bss` of the same, and of the stack, as deep as the call wrote. Not
  in it is what the caller passes.
* **out of bound**: results beyond the bound of [Numerics](numerics.md); no peer in what follows.
  All results are judged, ours too, for the same inputs. For the autoencoder, whose ten layers'
  errors add up, the constant part of the bound is 40.

The exporter's tiles were chosen with the first ten functions in view, not with the last four.
`//tests/bench:counts_test` fails if one of ours takes 2 % more instructions or code than in
`tests/bench/counts.json`, which the same command writes.
"""

WORSE = """\

## Where ours is not the best

Speed is bought with code and memory: tiles of sums are longer than simple loops, and XLA's
temporaries lie in RAM. Against the peer that is best in each, ours takes so many times the
instructions and code, and so many bytes more RAM:

| core | instructions | code | RAM |
|---|---|---|---|
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()
    order = json.loads((FOLDER / "workloads/order.json").read_text())
    try:
        found = count(FOLDER / "workloads/with_peers")
    except Failed as failed:
        sys.exit(str(failed))
    table = {workload: found[workload] for workload in order}
    root = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."))
    text = document(table)
    sys.stdout.write(text)
    (root / "docs/benchmarks.md").write_text(text)
    (root / "docs/benchmarks.svg").write_text(chart(relative(table), list(CORES.values())))
    (root / "tests/bench/counts.json").write_text(json.dumps(golden(table), indent=1) + "\n")


def document(table: Table) -> str:
    """The text of docs/benchmarks.md."""
    text = HEAD
    makers = sorted({made for on in table.values() for by in on.values() for made in by})
    makers.sort(key=lambda made: made != OURS)
    for platform, core in CORES.items():
        text += f"\n## {core}\n\n| function | {' | '.join(makers)} |\n"
        text += f"|---|{'---:|' * len(makers)}\n"
        for workload, on in table.items():
            by = on[platform]
            fewest = min(found.instructions for found in by.values() if found)
            cells = [numbers(by[made], fewest) if made in by else "" for made in makers]
            text += f"| {workload} | {' | '.join(cells)} |\n"
    text += WORSE
    for platform, core in CORES.items():
        kinds = [worse(table, platform, kind) for kind in ("instructions", "code", "ram")]
        text += f"| {core} | {' | '.join(kinds)} |\n"
    return text


def numbers(found: Count | None, fewest: int) -> str:
    """Instructions, code and RAM."""
    if not found:
        return "out of bound"
    instructions = f"{found.instructions:,}"
    if found.instructions == fewest:
        instructions = f"**{instructions}**"
    return f"{instructions} / {found.code:,} / {found.ram:,}"


def best(made: dict[str, Count | None], kind: str) -> int:
    """Of the peers whose results are right."""
    return min(getattr(found, kind) for peer, found in made.items() if found and peer != OURS)


def worse(table: Table, platform: str, kind: str) -> str:
    """The functions of which a peer takes less than ours."""
    cells = []
    for workload, on in table.items():
        ours, theirs = getattr(on[platform][OURS], kind), best(on[platform], kind)
        if ours > theirs:
            more = f"+{ours - theirs:,}" if kind == "ram" else f"{ours / theirs:.2f}"
            cells.append(f"{workload} {more}")
    return ", ".join(cells) or "none"


def relative(table: Table) -> dict[str, list[float]]:
    """Workload -> for each core, our instructions in units of the best peer's."""
    return {
        workload: [on[p][OURS].instructions / best(on[p], "instructions") for p in CORES]
        for workload, on in table.items()
    }


if __name__ == "__main__":
    main()
