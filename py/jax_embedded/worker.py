# SPDX-License-Identifier: Apache-2.0
"""Bazel's persistent worker: commands one after the other, each in a fork of one warm process.

Source: bazel.build/remote/persistent, the JSON protocol.
"""

import contextlib
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from jax_embedded.child import run_in_child
from jax_embedded.errors import InternalError

FLAG = "--persistent_worker"


def arguments_of(words: Sequence[str]) -> Sequence[str]:
    """The arguments: themselves, or the lines of the file that the only one names, "@FILE"."""
    if len(words) == 1 and words[0].startswith("@"):
        return Path(words[0][1:]).read_text().splitlines()
    return words


def serve(run: Callable[[Sequence[str]], int], requests: TextIO, answers: TextIO) -> None:
    """run: what a command line does; it returns the exit code and prints errors to stderr."""
    for line in requests:
        request = json.loads(line)
        arguments = request.get("arguments", [])
        code, output = _in_child(run, arguments)
        answer = {"exitCode": code, "output": output, "requestId": request.get("requestId", 0)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _in_child(run: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> tuple[int, str]:
    def work() -> tuple[int, str]:
        with contextlib.redirect_stderr(io.StringIO()) as said:
            return run(arguments), said.getvalue()

    try:
        return run_in_child("worker", work)
    except InternalError as error:
        return error.exit_code, error.render("worker") + "\n"
