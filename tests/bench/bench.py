# SPDX-License-Identifier: Apache-2.0
"""Counts what the workloads take, ours and others, and writes docs/benchmarks.md and .svg and
tests/bench/counts.json."""

import argparse
import json
import os
import sys
from pathlib import Path

from chart import chart
from counts import (
    CORES,
    FOLDER,
    M4F,
    OURS,
    OURS_SIZE,
    OURS_WITHIN,
    Count,
    Table,
    golden,
    is_ours,
    workloads,
)
from growth_table import growth
from in_order import DRAWS, WORKLOADS, out_of_bound
from sizes import Failed

HEAD = """\
# Benchmarks

`./bazelw run //tests/bench` measures all of this anew: instructions / code / RAM of one call, of
the functions of `tests/bench/workloads` as the exporter makes them, as others generate or have
them, and in plain C.

![instructions and cycles relative to the best peer](benchmarks.svg)

* **ours**: `workloads.py`, exported; **ours-size**, with `optimize = "size"`.
* **gcc-…**: `plain/`, simple loops over constant extents, the weights in the same file, what is
  written `restrict`, by `arm-none-eabi-gcc` with these options and its C library. With
  `-ffast-math` it may reorder sums, as we do.
* **clang-…**: the same by clang 22.1.8, which the Python package of Zig 0.17.1 has; on the M55
  without gathers, of which LLVM 22 writes wrong encodings.
* **CMSIS-DSP**: Arm's library, release 1.10.3 of its Python package, by the same compiler with
  `-Ofast` and `ARM_MATH_LOOPUNROLL`, for what it has a function of; of a layer, the product and the
  sum. Its FIR filter keeps the old samples itself; that they and the taps are copied for it at each
  call is counted too.
* **CasADi**: release 3.8.2, what its code generator makes in float and int, by the same compiler
  with `-Ofast`, and with `tgmath.h`, without which it calls functions of double. SX expands all to
  scalars, MX calls loops. Left out: what would take too long to compile as SX; what has no matrices
  as MX, and mlp_tanh, of whose loops GCC makes assembly that has no encoding on the M55; conv. The
  RAM it wants to work in is counted.
* **emlearn**: release 0.23.2, its loadable networks with our weights, by the same compiler with
  `-Ofast`. It writes weights with six decimals, of which the results would be out of bound: here
  with all.
* **instructions**: what the call executes in qemu up to its return, as in [Sizes](sizes.md). They
  are no cycles: a division is one instruction, and so is an operation on four lanes. Bold: the
  fewest.
* **code**: bytes of `.text` and `.rodata` of the function and of all that it calls, linked alone,
  less 4 bytes for each weight.
* **RAM**: bytes of `.data` and `.bss` of the same, and of the stack, as deep as the call wrote. Not
  in it is what the caller passes.
* **out of bound**: results beyond the bound of [Numerics](numerics.md); no peer in what follows.
  All results are judged, ours too, for the same inputs. For the autoencoder, whose ten layers'
  errors add up, the constant part of the bound is 40; for conv, whose 72 products plain loops add
  up one after the other, 12. Ours is within 4 there.

On the M4F, where an FPU instruction takes 1 to 14 cycles, there is a table of estimated cycles too:
what qemu executed, weighted by the timing table of Arm's manual, which `cycles.py` has. It knows
loads that follow each other, results that come a cycle late and branches that are taken, and
assumes memory without wait states, 2 cycles to fill the pipeline after a branch and 7 for an
integer division. A double takes the 3 cycles of a load of two words, never fewer. An instruction
whose condition fails counts as executed. What it cannot know: contention on the bus, and overlap of
a division with integer instructions. Nobody ran it on hardware.

The exporter's tiles were chosen with the first ten functions in view, not with the last four.
`//tests/bench:counts_test` fails if one of ours takes 2 % more instructions, cycles or code than in
`tests/bench/counts.json`, which the same command writes.
"""

WORSE = """\

## Where ours is not the best

Speed is bought with code and memory: tiles of sums are longer than simple loops, and XLA's
temporaries lie in RAM. Against the peer that is best in each, ours takes so many times the
instructions, estimated cycles and code, and so many bytes more RAM:

| core | instructions | cycles | code | RAM |
|---|---|---|---|---|
"""

SIZE = """\

## Where short code is not the shortest

With `optimize = "size"`, ours takes so many bytes of code, and the shortest that GCC makes of plain
C so many. Plain C adds up products one after the other, of which, in a simulation of {draws} draws
as `jax_llvm_test` makes them, results are out of the bound of [Numerics](numerics.md) in
{in_order}. Ours makes long sums in parts, of which they are in
{in_parts}. In brackets: what GCC makes of plain C with its sums in
parts of at most 16 (`IN_PARTS`).

| core | longer | as long | shorter |
|---|---|---|---|
"""

WITHIN = """\

## As fast as so many bytes allow

With `max_code_bytes` and `max_ram_bytes`, what does not fit is not made as fast as can be, and
takes so many instructions / code / RAM. The limits are for the function's own code and stack;
without an FPU, what it calls is in the figures too. There is no limit of RAM but on the M55.

| function | `max_code_bytes` | `max_ram_bytes` | {cores} |
|---|---:|---:|{lines}
"""

EACH = """\

## At plain C's size and speed

Of the {total} cells above of plain C by GCC and clang whose results are right, one of ours takes
neither more instructions nor more code than {beaten}: fast, short, or with a limit; and no more RAM
either than {in_all}. These are the others, with instructions / code / RAM. Apart stand those that
add up products one after the other, whose results are out of bound for other inputs (see above).

| core | of right results | of sums one after the other |
|---|---|---|
"""

# Whom short code alone is compared with.
IN_PARTS = "gcc-Os-in-parts"

CYCLES = """\

## M4F, estimated cycles

"""

# Of the picture: platform and what is counted.
BARS = {core: (platform, "instructions") for platform, core in CORES.items()}
BARS["M4F, cycles"] = (M4F, "cycles")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()
    order = json.loads((FOLDER / "workloads/max_ulp.json").read_text())
    try:
        found = workloads("with_peers")
        grown = growth()
    except Failed as failed:
        sys.exit(str(failed))
    table = {workload: found[workload] for workload, _ in order}
    root = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."))
    text = document(table) + grown
    sys.stdout.write(text)
    (root / "docs/benchmarks.md").write_text(text)
    (root / "docs/benchmarks.svg").write_text(chart(relative(table), list(BARS)))
    (root / "tests/bench/counts.json").write_text(json.dumps(golden(table), indent=1) + "\n")


def document(table: Table) -> str:
    """The text of docs/benchmarks.md."""
    text = HEAD
    for platform, core in CORES.items():
        text += f"\n## {core}\n\n" + rows(table, platform, "instructions")
        if platform == M4F:
            text += CYCLES + rows(table, platform, "cycles")
    text += WORSE
    for platform, core in CORES.items():
        kinds = [worse(table, platform, kind) for kind in ("instructions", "cycles", "code", "ram")]
        text += f"| {core} | {' | '.join(kinds)} |\n"
    in_order, in_parts = (
        ", ".join(f"{out_of_bound(workload, part):,} of {workload}" for workload in WORKLOADS)
        for part in (None, 16)
    )
    text += SIZE.format(draws=f"{DRAWS:,}", in_order=in_order, in_parts=in_parts)
    for platform, core in CORES.items():
        text += f"| {core} | {' | '.join(short_code(table, platform))} |\n"
    text += WITHIN.format(cores=" | ".join(CORES.values()), lines="---:|" * len(CORES))
    return text + within(table) + each(table)


def rows(table: Table, platform: str, kind: str) -> str:
    """A table of all functions and makers. kind: in bold where it is the least."""
    found = {made for on in table.values() for by in on.values() for made in by} - {IN_PARTS}
    makers = sorted(made for made in found if not made.startswith(OURS_WITHIN))
    makers.sort(key=lambda made: not is_ours(made))
    text = f"| function | {' | '.join(makers)} |\n|---|{'---:|' * len(makers)}\n"
    for workload, on in table.items():
        by = on[platform]
        least = min(getattr(found, kind) for found in by.values() if found)
        cells = [numbers(by[made], kind, least) if made in by else "" for made in makers]
        text += f"| {workload} | {' | '.join(cells)} |\n"
    return text


def numbers(found: Count | None, kind: str, least: int) -> str:
    """Instructions, code and RAM; or cycles."""
    if not found:
        return "out of bound"
    taken = getattr(found, kind)
    text = f"**{taken:,}**" if taken == least else f"{taken:,}"
    return text if kind == "cycles" else f"{text} / {found.code:,} / {found.ram:,}"


def best(made: dict[str, Count | None], kind: str) -> int:
    """Of the peers whose results are right."""
    peers = (found for peer, found in made.items() if found and not is_ours(peer))
    return min(getattr(found, kind) for found in peers)


def short_code(table: Table, platform: str) -> list[str]:
    """Of the functions: those of which plain C, in parts if there are any, takes less than
    ours-size, as much, and more."""
    cells: dict[int, list[str]] = {-1: [], 0: [], 1: []}
    for workload, on in table.items():
        made = on[platform]
        ours = made[OURS_SIZE].code
        in_parts = made.get(IN_PARTS)
        others = made.keys() - {IN_PARTS}
        theirs = min(made[peer].code for peer in others if made[peer] and "gcc" in peer)
        cell = f"{workload} {ours:,} / {theirs:,}"
        if in_parts:
            theirs = in_parts.code
            cell += f" ({theirs:,})"
        longer = (ours > theirs) - (ours < theirs)
        cells[longer].append(cell)
    return [", ".join(cells[longer]) or "none" for longer in (1, 0, -1)]


def within(table: Table) -> str:
    """Of ours with limits, a row for each."""
    text = ""
    for workload, on in table.items():
        limits = {
            tuple(int(most) for most in made.removeprefix(OURS_WITHIN).split("-"))
            for by in on.values()
            for made in by
            if made.startswith(OURS_WITHIN)
        }
        for code, ram in sorted(limits):
            name = f"{OURS_WITHIN}{code}-{ram}"
            cells = [numbers(on[p][name], "instructions", 0) for p in CORES]
            text += f"| {workload} | {code} | {ram or ''} | {' | '.join(cells)} |\n"
    return text


def each(table: Table) -> str:
    """Of plain C, those of which none of ours takes as few instructions, and as little code and
    RAM.
    """
    total, beaten, text = 0, 0, ""
    found: dict[str, tuple[list[str], list[str]]] = {core: ([], []) for core in CORES.values()}
    for workload, on in table.items():
        for platform, core in CORES.items():
            made = on[platform]
            ours = [one for name, one in made.items() if one and is_ours(name)]
            for peer, theirs in made.items():
                if not theirs or peer == IN_PARTS or not peer.startswith(("gcc", "clang")):
                    continue
                total += 1
                as_short = [one for one in ours if at_most(one, theirs)]
                beaten += bool(as_short)
                if not any(one.ram <= theirs.ram for one in as_short):
                    cell = f"{workload} {peer} {numbers(theirs, 'instructions', 0)}"
                    found[core][adds_in_order(workload, peer, made)].append(cell)
    for core, cells in found.items():
        text += f"| {core} | {' | '.join(', '.join(some) or 'none' for some in cells)} |\n"
    in_all = total - sum(len(some) for cells in found.values() for some in cells)
    return EACH.format(total=total, beaten=beaten, in_all=in_all) + text


def at_most(ours: Count, theirs: Count) -> bool:
    return ours.instructions <= theirs.instructions and ours.code <= theirs.code


def adds_in_order(workload: str, peer: str, made: dict[str, Count | None]) -> bool:
    """Whether the plain C of a workload with long sums is compiled as it is written, which it is
    with -ffast-math too if that changes little."""
    free, strict = made[peer], made[peer.removesuffix("-ffast-math")]
    if workload not in WORKLOADS or not free or not strict:
        return False
    return free.instructions > 0.9 * strict.instructions


def worse(table: Table, platform: str, kind: str) -> str:
    """The functions of which a peer takes less than ours."""
    if kind == "cycles" and platform != M4F:
        return ""
    cells = []
    for workload, on in table.items():
        ours, theirs = getattr(on[platform][OURS], kind), best(on[platform], kind)
        if ours > theirs:
            more = f"+{ours - theirs:,}" if kind == "ram" else f"{ours / theirs:.2f}"
            cells.append(f"{workload} {more}")
    return ", ".join(cells) or "none"


def relative(table: Table) -> dict[str, list[float]]:
    """Workload -> for each of BARS, ours in units of the best peer's."""
    return {
        workload: [getattr(on[p][OURS], kind) / best(on[p], kind) for p, kind in BARS.values()]
        for workload, on in table.items()
    }


if __name__ == "__main__":
    main()
