# SPDX-License-Identifier: Apache-2.0
import io
import json
import os
import signal
import sys

import pytest

from jax_embedded.cli import main
from jax_embedded.errors import InternalError
from jax_embedded.worker import arguments_of, serve


def answers(run, *requests: dict) -> list[dict]:
    written = io.StringIO()
    serve(run, io.StringIO("".join(json.dumps(r) + "\n" for r in requests)), written)
    return [json.loads(line) for line in written.getvalue().splitlines()]


def fails(arguments):
    print(*arguments, file=sys.stderr)
    return len(arguments)


def test_every_request_is_answered_with_exit_code_and_errors():
    assert answers(fails, {"arguments": ["a", "b"], "requestId": 7}, {"arguments": []}) == [
        {"exitCode": 2, "output": "a b\n", "requestId": 7},
        {"exitCode": 0, "output": "\n", "requestId": 0},
    ]


def test_requests_share_nothing():
    seen = []

    def remembers(arguments):
        seen.extend(arguments)
        return len(seen)

    found = answers(remembers, {"arguments": ["a"]}, {"arguments": ["b"]})
    assert [answer["exitCode"] for answer in found] == [1, 1]
    assert not seen


def test_a_command_that_dies_is_a_bug_and_the_next_one_is_run():
    def dies(arguments):
        if arguments:
            os.kill(os.getpid(), signal.SIGABRT)
        return 0

    first, second = answers(dies, {"arguments": ["x"]}, {"arguments": []})
    assert first["exitCode"] == 3
    assert first["output"].startswith("BUG(jax_embedded): worker: ")
    assert "SIGABRT" in first["output"]
    assert second["exitCode"] == 0


@pytest.mark.parametrize("words", [[], ["compile"], ["compile", "@x"], ["@x", "compile"]])
def test_arguments_are_themselves(words):
    assert arguments_of(words) == words


def test_arguments_out_of_a_file(tmp_path):
    file = tmp_path / "arguments"
    file.write_text("compile\n--label\n@//fw:mlp\n--out\na b\n")
    assert arguments_of([f"@{file}"]) == ["compile", "--label", "@//fw:mlp", "--out", "a b"]


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_no_file_of_arguments_is_an_error_of_the_command_line(content, tmp_path, capsys):
    file = tmp_path / "arguments"
    if content is not None:
        file.write_bytes(content)
    assert main([f"@{file}"]) == 1
    assert "arguments: expected a file of arguments, found " in capsys.readouterr().err


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[" * 100000,
        "3",
        "[]",
        '{"arguments": "compile"}',
        '{"arguments": [3]}',
        '{"requestId": "x"}',
        '{"requestId": true}',
    ],
)
def test_a_line_that_is_no_request_is_a_bug(line):
    with pytest.raises(InternalError, match="expected a request of Bazel's"):
        serve(fails, io.StringIO(line + "\n"), io.StringIO())
