# SPDX-License-Identifier: Apache-2.0
"""Counts what the workloads take, and compares our counts with those of before."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from cycles import estimate
from sizes import Called, Failed, boards, call, linked

# From here: a program is told its path, of at most 255 bytes.
FOLDER = Path(os.path.relpath(Path(__file__).parent))
OURS, OURS_SIZE, OURS_WITHIN = "ours", "ours-size", "ours-within-"
CORES = {"qemu_m3": "M3", "qemu_m4f": "M4F", "qemu_m7": "M7", "qemu_m55": "M55"}
# Whose cycles are estimated.
M4F = "qemu_m4f"
# What a golden count may be exceeded by.
TOLERANCE = 0.02


@dataclass(frozen=True)
class Count:
    """Of one call. code: bytes, without the weights. ram: bytes, without what the caller passes.
    cycles: estimated, on the M4F only."""

    instructions: int
    code: int
    ram: int
    cycles: int | None = None


# Workload -> platform -> who made it -> what it takes; None: its results are out of bound.
Table = dict[str, dict[str, dict[str, Count | None]]]
# Workload -> platform -> which of ours -> what -> how much.
Golden = Mapping[str, Mapping[str, Mapping[str, Mapping[str, int]]]]


def count(folder: Path, weights: Mapping[str, int]) -> Table:
    """folder: of on_boards, with programs named WORKLOAD.called.elf and WORKLOAD.PEER.called.elf.
    weights: bytes that are not code, by workload. Raises Failed if a result of ours is wrong."""
    commands = boards(folder)
    programs = [
        path
        for platform in commands
        for path in sorted((folder / platform).glob("*.called.elf"))
        if path.name != "known.called.elf"
    ]

    def one(called: Path) -> Count | None:
        workload, _, peer = called.name.removesuffix(".called.elf").partition(".")
        alone = called.with_name(called.name.replace(".called.", ".alone."))
        program = linked(alone.read_bytes())
        try:
            run, cycles = run_on(called, commands[called.parent.name])
        except Failed as failed:
            judged_wrong = 1
            if peer and not is_ours(peer) and failed.code == judged_wrong:
                return None
            raise
        code = program.code + program.constant - weights.get(workload, 0)
        return Count(run.instructions, code, program.variable + run.stack, cycles)

    table: Table = {}
    with ThreadPoolExecutor(max_workers=2) as pool:
        for called, found in zip(programs, pool.map(one, programs), strict=True):
            workload, _, peer = called.name.removesuffix(".called.elf").partition(".")
            on = table.setdefault(workload, {}).setdefault(called.parent.name, {})
            on[peer or OURS] = found
    return table


def is_ours(made: str) -> bool:
    """made: as in Table."""
    return made.startswith(OURS)


def workloads(kind: str) -> Table:
    """Of the workloads. kind: ours or with_peers."""
    weights = json.loads((FOLDER / "workloads/weights.json").read_text())
    return count(FOLDER / "workloads" / kind, weights)


def run_on(program: Path, command: list[str]) -> tuple[Called, int | None]:
    """What a call takes, and its cycles on the M4F. Raises Failed."""
    if program.parent.name != M4F:
        return call(program, command), None
    with tempfile.TemporaryDirectory() as temporary:
        profile = Path(temporary) / "profile"
        run = call(program, command, profile)
        disassemble = [objdump(), "--disassemble", "--no-show-raw-insn", program]
        listing = subprocess.run(disassemble, stdout=subprocess.PIPE, text=True, check=True)
        return run, estimate(listing.stdout, profile.read_text())


def objdump() -> Path:
    """The compiler's, among the runfiles."""
    [found] = Path(__file__).parents[3].glob("*arm_none_eabi*/bin/*objdump*")
    return found


def golden(table: Table) -> dict[str, dict[str, dict[str, dict[str, int]]]]:
    """Our counts that must not grow."""
    return {
        workload: {
            platform: {which: limited(made[which]) for which in (OURS, OURS_SIZE)}
            for platform, made in on.items()
        }
        for workload, on in sorted(table.items())
    }


def limited(found: Count) -> dict[str, int]:
    """The counts of one function that must not grow."""
    limits = {
        "instructions": found.instructions,
        "code bytes": found.code,
        "RAM bytes": found.ram,
    }
    return limits if found.cycles is None else {**limits, "cycles": found.cycles}


def grown(before: Golden, now: Golden) -> Iterator[str]:
    """A message for each count that is larger than before."""
    counts = (
        (workload, platform, which, what, found)
        for workload, on in now.items()
        for platform, made in on.items()
        for which, limits in made.items()
        for what, found in limits.items()
    )
    for workload, platform, which, what, found in counts:
        most = int(before[workload][platform][which][what] * (1 + TOLERANCE))
        if found > most:
            name = workload if which == OURS else f"{workload}, {which}"
            yield (
                f"ERROR(jax_embedded): {name} on {platform}: expected at most"
                f" {most:,} {what}, {TOLERANCE:.0%} more than in tests/bench/counts.json,"
                f" found {found:,}."
            )
