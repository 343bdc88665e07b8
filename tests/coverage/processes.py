# SPDX-License-Identifier: Apache-2.0
"""Runs cells: the functions at the same time, each in a process of its own on one core."""

import contextlib
import gc
import os
import pickle
import signal
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe, wait

# Once, before any fork, and what jax imports late; a backend must not exist yet, since its flags
# differ from child to child.
import jaxlib.mlir.dialects.mhlo  # noqa: F401
from cell import Cell
from judged import SECONDS, Outcome, Platform, judge

from jax_embedded.capture.xla import schema_library
from jax_embedded.generate import import_stages
from jax_embedded.schema import read_schema


def in_processes(
    chosen: Sequence[Cell], platforms: Mapping[str, Platform], jobs: int
) -> Iterator[tuple[Cell, Outcome]]:
    """The outcome of each cell, as soon as it is there.

    jobs: at once, each on a core of its own; a single one where the system has it run.
    """
    import_stages()
    read_schema(schema_library())
    warnings.simplefilter("ignore")
    gc.freeze()  # a collection in a child would copy all that it looks at
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in chosen:
        groups.setdefault((cell.module, cell.name), []).append(cell)
    cores = sorted(os.sched_getaffinity(0))
    free = [{cores[job % len(cores)]} for job in range(jobs)] if jobs > 1 else [set(cores)]
    rest = list(groups.values())[::-1]
    running: dict[Connection, _Process] = {}
    try:
        while rest or running:
            while rest and free:
                pipe, process = _start(rest.pop(), platforms, free.pop())
                running[pipe] = process
            wait(list(running), timeout=1.0)
            for pipe, process in list(running.items()):
                outcomes = process.outcomes(pipe)
                if outcomes is None:
                    continue
                process.end()
                del running[pipe]
                free.append(process.cores)
                failed = Outcome(found=dict.fromkeys(platforms, process.what_failed))
                for cell in process.cells:
                    yield cell, outcomes.get(cell.dtype, failed)
    finally:
        for process in running.values():
            process.end()


@dataclass
class _Process:
    """what_failed: what a BUG says of its cells if there are no outcomes."""

    cells: list[Cell]
    cores: set[int]
    pid: int
    until: float
    what_failed: str = ""

    def outcomes(self, pipe: Connection) -> dict[str, Outcome] | None:
        """By dtype, none at all if it failed; None while it is running."""
        if pipe.poll():
            try:
                return pickle.loads(pipe.recv_bytes())
            except EOFError:
                self.what_failed = "BUG: the cell's process: expected an outcome, found none"
                return {}
        if time.monotonic() > self.until:
            self.what_failed = "BUG: the cell's process: expected an outcome, found none in time"
            return {}
        return None

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def _start(
    cells: list[Cell], platforms: Mapping[str, Platform], cores: set[int]
) -> tuple[Connection, _Process]:
    ours, theirs = Pipe(duplex=False)
    pid = os.fork()
    if pid == 0:
        try:
            os.setpgid(0, 0)
            os.sched_setaffinity(0, cores)
            theirs.send_bytes(pickle.dumps(judge(cells, platforms)))
        finally:
            os._exit(0)
    with contextlib.suppress(PermissionError, ProcessLookupError):
        os.setpgid(pid, pid)  # as the child does, whoever comes first
    theirs.close()
    return ours, _Process(cells, cores, pid, time.monotonic() + 10 * SECONDS * len(cells))
