# SPDX-License-Identifier: Apache-2.0
"""Same inputs, same bytes: whatever the machine, the user and the folder are."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FUNCTIONS = Path("tests/differential/functions.py").resolve()
CASES = {
    "scatter": ["--input=x=f32[32]", "--input=i=i32[]", "--input=v=f32[]"],
    "matvec": ["--input=x=f32[4]"],
}


def export(fn: str, folder: Path, environment: dict[str, str], cores: set[int]) -> dict[str, bytes]:
    """All files of `export` and of its dump, made from a copy of the source in `folder`."""
    folder.mkdir(parents=True)
    shutil.copy(FUNCTIONS, folder / "functions.py")
    command = [sys.executable, "-m", "jax_embedded", "export", "--src=functions.py", f"--fn={fn}"]
    command += ["--target=cortex-m4f", "--out=out", *CASES[fn]]
    for extra in ([], ["--stop-after=dump"]):
        run(command + extra, folder, environment, cores)
    return contents(folder / "out")


def run(
    command: list[str], folder: Path, environment: dict[str, str], cores: set[int] | None = None
) -> None:
    subprocess.run(
        command,
        check=True,
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PYTHONDONTWRITEBYTECODE": "1",
            **environment,
        },
        preexec_fn=lambda: os.sched_setaffinity(0, cores or os.sched_getaffinity(0)),
        stdout=subprocess.DEVNULL,
    )


def contents(out: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(out)): p.read_bytes() for p in sorted(out.glob("**/*")) if p.is_file()
    }


@pytest.fixture(scope="module", params=CASES)
def fn(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def first(fn, tmp_path_factory) -> dict[str, bytes]:
    cores = {min(os.sched_getaffinity(0))}
    files = export(fn, tmp_path_factory.mktemp("first") / "a", {"HOME": "/root"}, cores)
    assert {f"{fn}.{suffix}" for suffix in ("h", "s", "o", "ll", "json", "program.txt")} < set(
        files
    )
    assert any(name.endswith(".pb") for name in files)
    return files


def differing(first: dict[str, bytes], second: dict[str, bytes]) -> list[str]:
    return [n for n in sorted(first.keys() | second.keys()) if first.get(n) != second.get(n)]


def test_all_cores_another_home_and_folder(fn, first, tmp_path):
    cores = os.sched_getaffinity(0)
    environment = {
        "HOME": str(tmp_path),
        "USER": "somebody",
        "LANG": "de_DE.UTF-8",
        "TZ": "Asia/Tokyo",
        "PYTHONHASHSEED": "7",
        "TMPDIR": str(tmp_path),
    }
    second = export(fn, tmp_path / "another" / "folder", environment, cores)
    assert differing(first, second) == []


def test_settings_of_jax_and_xla_in_the_environment(fn, first, tmp_path):
    environment = {
        "JAX_ENABLE_X64": "1",
        "JAX_DISABLE_JIT": "1",
        "JAX_DEFAULT_MATMUL_PRECISION": "bfloat16",
        "XLA_FLAGS": "--xla_cpu_enable_fast_math=true",
        "OMP_NUM_THREADS": "7",
    }
    assert (
        differing(first, export(fn, tmp_path / "b", environment, {max(os.sched_getaffinity(0))}))
        == []
    )


def test_one_by_one_and_all_at_once(tmp_path):
    """Captured, and judged by JAX, by one process for all functions or each by one of its own."""
    shutil.copy(FUNCTIONS, tmp_path / "functions.py")
    environment = {"JAX_ENABLE_X64": "1", "XLA_FLAGS": "--xla_cpu_enable_fast_math=true"}
    files = {"captures": [], "oracle": []}
    for way in ("once", "each"):
        for fn, inputs in CASES.items():
            function = ["--src=functions.py", f"--fn={fn}", *inputs]
            of_case = ["--dump", f"{fn}.{way}", "--name=f", "--header=f.h"]
            arguments = {
                "captures": [*function, f"--out={fn}.{way}"],
                "oracle": [*function, *of_case, f"--program={fn}.{way}/cases.c"],
            }
            for name, words in arguments.items():
                file = tmp_path / f"{fn}.{way}.{name}"
                file.write_text("\n".join(words))
                files[name].append(f"@{file.name}")
    for command, found in (
        ("jax_embedded captures", "captures"),
        ("jax_embedded.oracle", "oracle"),
    ):
        once, each = files[found][: len(CASES)], files[found][len(CASES) :]
        for some in (once, *([one] for one in each)):
            run([sys.executable, "-m", *command.split(), *some], tmp_path, environment)
    for fn in CASES:
        once, each = (contents(tmp_path / f"{fn}.{way}") for way in ("once", "each"))
        assert "cases.c" in once
        assert differing(once, each) == []


def test_nothing_names_the_machine(first):
    here = [str(Path.cwd()).encode(), b"/tmp/", b"/root", sys.prefix.encode() + b"/lib"]
    for name, content in first.items():
        assert not [text for text in here if text in content], name
