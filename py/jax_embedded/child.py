# SPDX-License-Identifier: Apache-2.0
"""Runs a stage in a forked child, so that an abort inside XLA or LLVM becomes a BUG line."""

import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable
from typing import TypeVar

from jax_embedded.errors import ExportError, InternalError

T = TypeVar("T")


class Killed(InternalError):
    """A signal ended the child, such as an abort of LLVM's."""


def run_in_child(stage: str, work: Callable[[], T], *, quiet: bool = False) -> T:
    """Returns what `work` returns there; it must be picklable.

    stage: the name that a BUG line gives to the work, such as "codegen".
    quiet: whether nobody is to see what it prints to stderr.
    Errors: an ExportError or InternalError of the child is raised here, Killed for a signal; any
    other exception or an early exit becomes an InternalError.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read_end)
        if quiet:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os._exit(_child(stage, work, write_end))
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        raise Killed(f"the {stage} process: expected a result, found {name}")
    if not answer:
        code = os.waitstatus_to_exitcode(status)
        raise InternalError(f"the {stage} process: expected a result, found exit code {code}")
    value, error = pickle.loads(answer)
    if error is not None:
        raise error
    return value


def _child(stage: str, work: Callable[[], T], write_end: int) -> int:
    try:
        answer = pickle.dumps((work(), None))
    except KeyboardInterrupt:
        return 130
    except (ExportError, InternalError) as error:
        answer = pickle.dumps((None, error))
    except BaseException as error:  # noqa: BLE001 - whatever it is, the parent reports it
        details = tuple("".join(traceback.format_exception(error)).rstrip().splitlines())
        what = f"the {stage} process: expected a result, found {type(error).__name__}"
        answer = pickle.dumps((None, InternalError(what, details)))
    with os.fdopen(write_end, "wb") as pipe:
        pipe.write(answer)
    sys.stdout.flush()
    sys.stderr.flush()
    return 0
