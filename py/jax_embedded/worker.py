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
from jax_embedded.errors import ExportError, InternalError

FLAG = "--persistent_worker"


def arguments_of(words: Sequence[str]) -> Sequence[str]:
    """The arguments: themselves, or the lines of the file that the only one names, "@FILE".

    Errors: ExportError if there is no such file of text.
    """
    if len(words) != 1 or not words[0].startswith("@"):
        return words
    try:
        return Path(words[0][1:]).read_text().splitlines()
    except (OSError, ValueError) as error:
        raise ExportError(
            "command-line",
            f"{words[0]}: expected a file of arguments, found {error}",
            "name a file that has one argument on each line",
        ) from error


def serve(run: Callable[[Sequence[str]], int], requests: TextIO, answers: TextIO) -> None:
    """run: what a command line does; it returns the exit code and prints errors to stderr.

    Errors: InternalError for a line that is no request.
    """
    for line in requests:
        number, arguments = _request(line)
        code, output = _in_child(run, arguments)
        answer = {"exitCode": code, "output": output, "requestId": number}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _request(line: str) -> tuple[int, list[str]]:
    """Its number and its arguments."""
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        request = None
    if isinstance(request, dict):
        number, arguments = request.get("requestId", 0), request.get("arguments", [])
        words = isinstance(arguments, list) and all(isinstance(word, str) for word in arguments)
        if type(number) is int and words:
            return number, arguments
    raise InternalError("worker: expected a request of Bazel's", (line.strip()[:200],))


def _in_child(run: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> tuple[int, str]:
    def work() -> tuple[int, str]:
        with contextlib.redirect_stderr(io.StringIO()) as said:
            return run(arguments), said.getvalue()

    try:
        return run_in_child("worker", work)
    except InternalError as error:
        return error.exit_code, error.render("worker") + "\n"
