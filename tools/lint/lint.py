# SPDX-License-Identifier: Apache-2.0
"""Runs every linter on the files named on standard input, each name ended by a NUL."""

import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import install


def _is_starlark(path: Path) -> bool:
    return path.suffix in (".bazel", ".bzl", ".star") or path.name in ("BUILD", "WORKSPACE")


def _is_python(path: Path) -> bool:
    return path.suffix in (".py", ".pyi")


def _is_python_of(*folders: str) -> Callable[[Path], bool]:
    return lambda path: _is_python(path) and any(path.is_relative_to(f) for f in folders)


def _is_c(path: Path) -> bool:
    return path.suffix in (".c", ".h", ".cc", ".cpp", ".hpp")


def _is_shell(path: Path) -> bool:
    if path.suffix:
        return path.suffix in (".sh", ".bash")
    with path.open("rb") as file:
        first = file.readline(100)
    return first.startswith(b"#!") and first.rstrip().endswith((b"bash", b"/sh", b" sh"))


def _ban(module: str, where: str) -> list[str]:
    ban = f'lint.flake8-tidy-imports.banned-api."{module}".msg = "import it in {where} only"'
    return ["--config", ban]


@dataclass(frozen=True)
class Linter:
    """One command, run on all files of its kind.

    applies: whether a file is of its kind.
    check: the command that reports; the files are added to it.
    fix: the command that changes the files, if there is one.
    """

    name: str
    applies: Callable[[Path], bool]
    check: list[str]
    fix: list[str] | None = None


_BUILDIFIER = ["buildifier", "--warnings=all"]
_RUFF_CHECK = ["ruff", "check", "--quiet"]
_RUFF_FORMAT = ["ruff", "format", "--quiet"]
# pyproject.toml can only lift all bans of a folder; the layers' linters put the others back.
_LAYERS = [*_RUFF_CHECK, "--isolated", "--select=TID251"]
_CAPTURE = "py/jax_embedded/capture"
_ORACLE = "py/jax_embedded/oracle"
_LLVM = "py/jax_embedded/llvm"
_NO_LLVM = _ban("llvmlite", _LLVM)
_NO_JAX = [*_ban("jax", _CAPTURE), *_ban("jaxlib", _CAPTURE)]

LINTERS = (
    Linter(
        "buildifier",
        _is_starlark,
        check=[*_BUILDIFIER, "--mode=check", "--lint=warn"],
        fix=[*_BUILDIFIER, "--mode=fix", "--lint=fix"],
    ),
    Linter("ruff check", _is_python, check=_RUFF_CHECK, fix=[*_RUFF_CHECK, "--fix"]),
    Linter("layers: capture", _is_python_of(_CAPTURE, _ORACLE), check=[*_LAYERS, *_NO_LLVM]),
    Linter("layers: llvm", _is_python_of(_LLVM), check=[*_LAYERS, *_NO_JAX]),
    Linter("ruff format", _is_python, check=[*_RUFF_FORMAT, "--diff"], fix=_RUFF_FORMAT),
    Linter(
        "ty",
        _is_python_of("py", "tools/lint"),
        check=["ty", "check", "--no-progress", "--error-on-warning", "--output-format=concise"],
    ),
    Linter(
        "clang-format",
        _is_c,
        check=["clang-format", "--dry-run", "--Werror"],
        fix=["clang-format", "-i"],
    ),
    Linter("shellcheck", _is_shell, check=["shellcheck"]),
)


def _run(command: list[str], files: list[Path]) -> tuple[bool, str, float]:
    start = time.monotonic()
    program = str(install.tools() / command[0])
    done = subprocess.run(
        [program, *command[1:], *map(str, files)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode == 0, done.stdout, time.monotonic() - start


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--fix"]):
        sys.exit(
            f"ERROR(jax_embedded): lint: expected --fix or nothing, found {' '.join(arguments)}.\n"
            "  Fix: run tools/lint/lint, or tools/lint/lint --fix."
        )
    paths = sorted(Path(name) for name in sys.stdin.read().split("\0") if name)
    # Git may name a file that is gone; a link's target is checked under a name of its own.
    paths = [path for path in paths if path.is_file() and not path.is_symlink()]
    jobs = [(linter, [path for path in paths if linter.applies(path)]) for linter in LINTERS]
    jobs = [(linter, files) for linter, files in jobs if files]
    install.tools()
    if arguments:
        for linter, files in jobs:
            if linter.fix:
                _run(linter.fix, files)

    failed = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        results = pool.map(lambda job: _run(job[0].check, job[1]), jobs)
        for (linter, files), (passed, output, seconds) in zip(jobs, results, strict=True):
            verdict = "ok" if passed else f"FAILED\n{output.rstrip()}"
            print(
                f"lint: [{seconds:4.1f} s] {linter.name}, {len(files)} files: {verdict}", flush=True
            )
            if not passed:
                failed.append(linter.name)
    if failed:
        print(
            f"ERROR(jax_embedded): lint: expected no findings, found some: {', '.join(failed)}.\n"
            "  Fix: tools/lint/lint --fix, then mend the rest by hand.",
            file=sys.stderr,
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
