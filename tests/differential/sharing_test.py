# SPDX-License-Identifier: Apache-2.0
"""The functions exercise what they are there for: steps whose temporaries share memory."""

from pathlib import Path

import pytest

from jax_embedded.ir.dump import Dump
from jax_embedded.ir.program import Program
from jax_embedded.ir.scratch import plan_scratch
from jax_embedded.ir.thunks import KernelThunk, reads_and_writes
from jax_embedded.pipeline import program_of

DUMPS = sorted(Path("tests/differential").glob("*.program.dump"))


def shares(program: Program) -> bool:
    """Whether three or more kernels use temporaries of which some lie in the same memory.

    In one such piece of memory, that is; local variables do not count.
    """
    scratch = plan_scratch(program)
    memory = [
        (buffer.offset, buffer.offset + buffer.size, number)
        for number, buffer in enumerate(scratch.buffers)
        if buffer.offset is not None
    ]
    sharing = {
        number
        for start, end, number in memory
        if any(start < e and s < end and number != n for s, e, n in memory)
    }
    kernels = {
        time
        for time, step in enumerate(program.steps())
        if isinstance(step, KernelThunk)
        for slices in reads_and_writes(step)
        for where in slices
        if (time, where) in scratch.places and scratch.places[time, where][0] in sharing
    }
    return len(kernels) >= 3


@pytest.fixture(scope="module")
def programs() -> dict[str, Program]:
    names = {path.name.split(".")[0]: path for path in DUMPS}
    return {name: program_of(Dump.read(path), name) for name, path in names.items()}


def test_at_least_60_functions_are_compared(programs):
    assert len(programs) >= 60


def test_in_at_least_25_three_kernels_or_more_share_memory(programs):
    found = sorted(name for name, program in programs.items() if shares(program))
    print(len(found), *found)
    assert len(found) >= 25
