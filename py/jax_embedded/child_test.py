# SPDX-License-Identifier: Apache-2.0
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from jax_embedded.child import Killed, run_in_child
from jax_embedded.errors import ExportError, InternalError


def run_script(text: str) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUNBUFFERED": ""}
    return subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=60, env=environment
    )


@pytest.mark.parametrize("result", [None, 0, "text", b"", {"a": (1, 2.5)}, [[]]])
def test_result_comes_back(result):
    assert run_in_child("work", lambda: result) == result


def test_work_runs_in_another_process():
    seen = []
    pid = run_in_child("work", lambda: (seen.append(1), os.getpid())[1])
    assert pid != os.getpid()
    assert seen == []


@pytest.mark.parametrize("size", [1 << 16, (1 << 20) + 1, 20_000_000])
def test_result_larger_than_a_pipe(size):
    data = bytes(range(256)) * (size // 256) + b"end"
    assert run_in_child("work", lambda: data) == data


def test_export_error_is_raised_here():
    def work():
        raise ExportError("dtype", "expected f32, found f64", "pass f32", ("detail",))

    with pytest.raises(ExportError) as caught:
        run_in_child("work", work)
    error = caught.value
    assert (error.kind, error.what, error.fix) == ("dtype", "expected f32, found f64", "pass f32")
    assert error.details == ("detail",)


def test_internal_error_is_raised_here():
    def work():
        raise InternalError("expected a kernel, found none", ("detail",))

    with pytest.raises(InternalError) as caught:
        run_in_child("work", work)
    assert caught.value.what == "expected a kernel, found none"
    assert caught.value.details == ("detail",)


@pytest.mark.parametrize("exception", [ValueError("lost"), SystemExit(0), MemoryError()])
def test_other_exceptions_become_a_bug_with_the_traceback(exception):
    def work_of_the_test():
        raise exception

    with pytest.raises(InternalError) as caught:
        run_in_child("codegen", work_of_the_test)
    assert caught.value.what == (
        f"the codegen process: expected a result, found {type(exception).__name__}"
    )
    assert any("work_of_the_test" in line for line in caught.value.details)
    assert type(exception).__name__ in caught.value.details[-1]


@pytest.mark.parametrize("name", ["SIGABRT", "SIGSEGV", "SIGTERM"])
def test_signal_becomes_a_bug_that_names_it(name):
    def work():
        number = getattr(signal, name)
        signal.signal(number, signal.SIG_DFL)  # not pytest's fault handler
        os.kill(os.getpid(), number)

    with pytest.raises(InternalError) as caught:
        run_in_child("codegen", work)
    assert caught.value.what == f"the codegen process: expected a result, found {name}"


@pytest.mark.parametrize("code", [0, 1, 77])
def test_early_exit_becomes_a_bug_that_names_the_code(code):
    with pytest.raises(InternalError) as caught:
        run_in_child("link", lambda: os._exit(code))
    assert caught.value.what == f"the link process: expected a result, found exit code {code}"


def test_interrupted_work_leaves_no_traceback(capfd):
    def work():
        raise KeyboardInterrupt

    with pytest.raises(InternalError) as caught:
        run_in_child("capture", work)
    assert caught.value.what == "the capture process: expected a result, found exit code 130"
    assert capfd.readouterr() == ("", "")


def test_result_that_cannot_be_pickled_becomes_a_bug():
    done = run_script(
        "from jax_embedded.child import Killed, run_in_child\n"
        "from jax_embedded.errors import InternalError\n"
        "try:\n"
        "    run_in_child('work', lambda: lambda: 0)\n"
        "except BaseException as error:\n"
        "    print(type(error).__name__)\n"
    )
    assert (done.stdout, done.stderr, done.returncode) == ("InternalError\n", "", 0)


def test_buffered_output_is_written_once():
    done = run_script(
        "import sys\n"
        "from jax_embedded.child import Killed, run_in_child\n"
        "print('before', end=' ')\n"
        "print('warning', end=' ', file=sys.stderr)\n"
        "run_in_child('work', lambda: print('child', end=' '))\n"
        "print('after', end='')\n"
    )
    assert done.stdout == "before child after"
    assert done.stderr == "warning "


def open_files() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def test_no_process_and_no_file_is_left():
    before = open_files()
    run_in_child("work", lambda: 1)
    with pytest.raises(InternalError):
        run_in_child("work", lambda: os._exit(1))
    assert open_files() == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.parametrize("quiet", [False, True])
def test_quiet_work_says_nothing(capfd, quiet):
    assert run_in_child("work", lambda: os.write(2, b"said"), quiet=quiet) == 4
    assert capfd.readouterr().err == ("" if quiet else "said")


def test_a_signal_is_told_from_an_error():
    with pytest.raises(Killed):
        run_in_child("codegen", lambda: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(InternalError) as caught:
        run_in_child("codegen", lambda: os._exit(3))
    assert not isinstance(caught.value, Killed)
