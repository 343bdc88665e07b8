# SPDX-License-Identifier: Apache-2.0
"""Counts what the workloads take, and compares our counts with those of before."""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sizes import Failed, boards, call, linked

FOLDER = Path(__file__).parent
OURS = "ours"
CORES = {"qemu_m3": "M3", "qemu_m4f": "M4F", "qemu_m7": "M7", "qemu_m55": "M55"}
# What a golden count may be exceeded by.
TOLERANCE = 0.02


@dataclass(frozen=True)
class Count:
    """Of one call. code: bytes, without the weights. ram: bytes, without what the caller passes."""

    instructions: int
    code: int
    ram: int


# Workload -> platform -> who made it -> what it takes; None: its results are out of bound.
Table = dict[str, dict[str, dict[str, Count | None]]]
Golden = Mapping[str, Mapping[str, Mapping[str, int]]]


def count(folder: Path) -> Table:
    """folder: of on_boards, with programs named WORKLOAD.called.elf and WORKLOAD.PEER.called.elf.
    Raises Failed if a result of ours is wrong."""
    weights = json.loads((FOLDER / "workloads/weights.json").read_text())
    names = {
        path.name.removesuffix(".called.elf")
        for path in (folder / "qemu_m3").glob("*.called.elf")
        if not path.name.startswith("known.")
    }
    commands = boards(folder)

    def one(job: tuple[str, str]) -> Count | None:
        name, platform = job
        workload, _, peer = name.partition(".")
        program = linked((folder / platform / f"{name}.alone.elf").read_bytes())
        try:
            run = call(folder / platform / f"{name}.called.elf", commands[platform])
        except Failed as failed:
            judged_wrong = 1
            if peer and failed.code == judged_wrong:
                return None
            raise
        code = program.code + program.constant - weights.get(workload, 0)
        return Count(run.instructions, code, program.variable + run.stack)

    jobs = [(name, platform) for name in sorted(names) for platform in CORES]
    table: Table = {}
    with ThreadPoolExecutor(max_workers=2) as pool:
        for (name, platform), found in zip(jobs, pool.map(one, jobs), strict=True):
            workload, _, peer = name.partition(".")
            table.setdefault(workload, {}).setdefault(platform, {})[peer or OURS] = found
    return table


def golden(table: Table) -> dict[str, dict[str, dict[str, int]]]:
    """Our counts that must not grow."""
    return {
        workload: {
            platform: {"instructions": made[OURS].instructions, "code bytes": made[OURS].code}
            for platform, made in on.items()
        }
        for workload, on in sorted(table.items())
    }


def grown(before: Golden, now: Golden) -> Iterator[str]:
    """A message for each count that is larger than before."""
    for workload, on in now.items():
        for platform, counts in on.items():
            for what, found in counts.items():
                most = int(before[workload][platform][what] * (1 + TOLERANCE))
                if found > most:
                    yield (
                        f"ERROR(jax_embedded): {workload} on {platform}: expected at most"
                        f" {most:,} {what}, {TOLERANCE:.0%} more than in tests/bench/counts.json,"
                        f" found {found:,}."
                    )
