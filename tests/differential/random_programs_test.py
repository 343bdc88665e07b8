# SPDX-License-Identifier: Apache-2.0
"""Random functions against JAX: RANDOM_PROGRAMS of them (120), the same ones every time, all on the
host and some on the boards, half of them as short code. Several are compiled as one function, and
one by one if that fails. A tenth as many functions of small matrices are compiled alone, for the
boards with an FPU.

Open-ended: bazel test //tests/differential:random_programs_test --test_env=RANDOM_PROGRAMS=10000
--test_env=RANDOM_SEED=1 --test_timeout=86400
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from coverage import read_platforms
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy
from judged import PASSES, Platform
from processes import in_processes

sys.path.insert(0, str(Path(__file__).resolve().parent))
import random_matrices
from random_programs import INPUTS, Inputs, programs

COUNT = int(os.environ.get("RANDOM_PROGRAMS", "120"))
SEED = int(os.environ.get("RANDOM_SEED", "0"))
# Bazel runs this file once for each shard: each has its share, and a seed of its own.
SHARD = int(os.environ.get("TEST_SHARD_INDEX", "0"))
SHARDS = int(os.environ.get("TEST_TOTAL_SHARDS", "1"))
if "TEST_SHARD_STATUS_FILE" in os.environ:
    Path(os.environ["TEST_SHARD_STATUS_FILE"]).touch()

TOGETHER = 8  # programs that are one function
ON_BOARDS = 5  # one such function of so many
WITH_FPU = ("cortex-m4f", "cortex-m55")
BOARDS = ("cortex-m3", *WITH_FPU)
# At most this part of the programs may have results in which JAX is far off: no test of ours.
MOST_ILL_CONDITIONED = 0.1


@dataclass(frozen=True)
class Together:
    """Random programs as a cell of the coverage table."""

    sources: tuple[str, ...]
    name: str
    size: bool
    arguments: Inputs
    module: str = "random"
    dtype: str = "f32"
    x64: bool = False

    @property
    def inputs(self) -> dict[str, str]:
        return {
            name: f"{dtype}[{','.join(map(str, dims))}]"
            for name, (dtype, dims) in self.arguments.items()
        }

    @property
    def source(self) -> str:
        parts = [
            source.replace("def f(", f"def f{number}(")
            for number, source in enumerate(self.sources)
        ]
        arguments = ", ".join(self.arguments)
        calls = ", ".join(f"f{number}({arguments})" for number in range(len(parts)))
        return "\n\n".join([*parts, f"def f({arguments}):\n    return {calls}\n"])

    def one_by_one(self) -> "list[Together]":
        return [
            Together((source,), f"{self.name}.{number}", self.size, self.arguments)
            for number, source in enumerate(self.sources)
        ]


def random_sources(count: int, number: int, strategy: SearchStrategy[str]) -> list[str]:
    found: list[str] = []

    @seed(number)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def generate(source: str) -> None:
        found.append(source)

    generate()
    return found[:count]


def together(sources: Sequence[str], inputs: Inputs) -> Iterator[Together]:
    for number, first in enumerate(range(0, len(sources), TOGETHER)):
        size = (number + SHARD // 2) % 2 == 1
        yield Together(tuple(sources[first : first + TOGETHER]), str(number), size, inputs)


def failures(batches: Sequence[Together], platforms: Mapping[str, Platform]) -> dict[str, str]:
    """What is not as JAX has it, by source, each program on its own."""
    jobs = 1 if SHARDS > 1 else len(os.sched_getaffinity(0))
    suspects: list[Together] = []
    found: dict[str, str] = {}
    for batch, outcome in in_processes(batches, platforms, jobs):
        said = {f"{name}: {text}" for name, text in (outcome.found or {}).items() if text != PASSES}
        if outcome.not_in_jax:
            said.add(outcome.not_in_jax)
        if said and len(batch.sources) > 1:
            suspects += batch.one_by_one()
        elif said:
            found[batch.source] = "; ".join(sorted(said)) + (", short code" if batch.size else "")
    return found | (failures(suspects, platforms) if suspects else {})


def test_random_programs():
    inputs = INPUTS[SHARD % 2]
    sources = random_sources(-(-COUNT // SHARDS), SEED * SHARDS + SHARD, programs(inputs))
    batches = list(together(sources, inputs))
    found = failures(batches, read_platforms(targets=("host",)))
    found |= failures(batches[::ON_BOARDS], read_platforms(targets=BOARDS))
    check(found, sources)


def test_random_matrices():
    """Each one alone, since together they have branches."""
    inputs = random_matrices.inputs(random_matrices.SIZES[SHARD % len(random_matrices.SIZES)])
    count = -(-COUNT // (10 * SHARDS))
    sources = random_sources(count, SEED * SHARDS + SHARD, random_matrices.programs(inputs))
    alone = [
        Together((source,), str(number), number % 4 == 3, inputs)
        for number, source in enumerate(sources)
    ]
    check(failures(alone, read_platforms(targets=WITH_FPU)), sources)


def check(found: Mapping[str, str], sources: Sequence[str]) -> None:
    """found: see `failures`."""
    ill_conditioned = [source for source, text in found.items() if ": ENTRY" in text]
    assert len(ill_conditioned) <= MOST_ILL_CONDITIONED * len(sources), found[ill_conditioned[0]]
    wrong = {s: text for s, text in found.items() if s not in ill_conditioned}
    assert not wrong, "\n\n".join(f"{text}\n{source}" for source, text in wrong.items())
