# SPDX-License-Identifier: Apache-2.0
"""What becomes of the cells of one function: exported, linked, run and judged on every platform.

How a C program is made for a platform and started is in the JSON files of program_maker.bzl.
"""

import json
import re
import resource
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cell import Cell

from jax_embedded.capture.capture import CaptureRequest, capture
from jax_embedded.child import run_in_child
from jax_embedded.compile_options import CompileOptions
from jax_embedded.errors import ExportError, InternalError
from jax_embedded.ir.c_function import c_function
from jax_embedded.ir.dump import Dump
from jax_embedded.oracle.case import Case
from jax_embedded.oracle.compare import bounds
from jax_embedded.oracle.judge_tables import judge_tables
from jax_embedded.oracle.oracle import cases
from jax_embedded.pipeline import compile_dump
from jax_embedded.target import TARGETS

SECONDS = 60  # of processor time that a step of a cell may take
DRAWS = 2
# A bound that is wider than this in float32 says nothing: the inputs are ill-conditioned. In ulp.
WIDEST_BOUND = 200.0

PASSES = "ok"

# What JAX raises if it does not take a dtype.
REFUSALS = (TypeError, ValueError, NotImplementedError, RuntimeError, OverflowError)


@dataclass(frozen=True)
class Platform:
    """As in program_maker.bzl."""

    compile: tuple[str, ...]
    link: tuple[str, ...]
    libraries: tuple[str, ...]
    run: tuple[str, ...]


def read_platform(path: Path) -> Platform:
    return Platform(**{key: tuple(words) for key, words in json.loads(path.read_text()).items()})


@dataclass(frozen=True)
class Outcome:
    """not_in_jax: what stock JAX itself says, if it cannot be asked; then there is no cell.
    found: for each platform PASSES, or what it said.
    """

    not_in_jax: str = ""
    found: Mapping[str, str] | None = None


def judge(cells: Sequence[Cell], platforms: Mapping[str, Platform]) -> dict[str, Outcome]:
    """By dtype. The cells are of one function and share programs."""
    _limit(SECONDS)
    outcomes: dict[str, Outcome] = {}
    found: dict[str, dict[str, str]] = {}
    programs: dict[str, dict[str, Path]] = {name: {} for name in platforms}
    with tempfile.TemporaryDirectory() as folder_name:
        root = Path(folder_name)
        for cell in cells:
            (root / cell.dtype).mkdir()
            (root / cell.dtype / "cell.py").write_text(cell.source)
        answers = _ask_jax(cells, root)
        for cell in cells:
            folder = root / cell.dtype
            source = folder / "cell.py"
            expected = answers[cell.dtype]
            if isinstance(expected, str):
                outcomes[cell.dtype] = Outcome(not_in_jax=expected)
                continue
            if isinstance(expected, Exception):
                found[cell.dtype] = dict.fromkeys(platforms, _said(expected))
                continue
            try:
                request = CaptureRequest(source, "f", cell.inputs, x64=cell.x64)
                dump = capture(request)
            except (ExportError, InternalError) as error:
                found[cell.dtype] = dict.fromkeys(platforms, _said(error))
                continue
            found[cell.dtype] = {}
            for name in platforms:
                try:
                    programs[name][cell.dtype] = _write(cell, dump, expected, name, folder)
                except (ExportError, InternalError) as error:
                    found[cell.dtype][name] = _said(error)
        for name, platform in platforms.items():
            for dtype, said in _run(platform, programs[name], root / name).items():
                found[dtype][name] = said
    in_order = {dtype: {name: row[name] for name in platforms} for dtype, row in found.items()}
    return outcomes | {dtype: Outcome(found=row) for dtype, row in in_order.items()}


def _limit(seconds: int) -> None:
    """How much processor time this process may use, and each that it starts."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))


class IllConditioned(Exception):
    pass


def _said(error: Exception) -> str:
    if isinstance(error, ExportError):
        return re.sub(r" at cell\.py:\d+", "", f"ERROR {error.kind}: {error.what}")
    if isinstance(error, InternalError):
        return f"BUG: {': '.join([error.what, *error.details[-1:]])}"
    return f"ENTRY: {error}"


def _ask_jax(cells: Sequence[Cell], root: Path) -> dict[str, list[Case] | str | Exception]:
    """By dtype: what JAX computes, why it refuses, or what is wrong with the cell."""

    def work() -> dict[str, list[Case] | str | Exception]:
        _limit(SECONDS * len(cells))
        return {cell.dtype: _cases(cell, root / cell.dtype / "cell.py") for cell in cells}

    try:
        return run_in_child("oracle", work)
    except InternalError as error:
        if len(cells) == 1:
            return {cells[0].dtype: error}
        return {dtype: found for cell in cells for dtype, found in _ask_jax([cell], root).items()}


def _cases(cell: Cell, source: Path) -> list[Case] | str | Exception:
    try:
        found = cases(source, "f", cell.inputs, draws=DRAWS, x64=cell.x64)
    except ExportError as error:
        return error
    except REFUSALS as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"
    try:
        for case in found:
            for result, reference in zip(case.results, case.references, strict=True):
                _check_condition(result, reference)
    except IllConditioned as error:
        return error
    return found


def _check_condition(result: np.ndarray, reference: np.ndarray) -> None:
    """A test whose bound lets anything pass is none."""
    if result.dtype.kind in "biu" or result.size == 0:
        return
    finite = np.isfinite(result.astype(np.complex128))
    if not finite.any():
        raise IllConditioned(f"expected finite results, found {result.ravel()[0]} only")
    widest = float(np.max(bounds(result, reference)))
    if widest > WIDEST_BOUND:
        raise IllConditioned(
            f"expected JAX itself within {WIDEST_BOUND / 2:.0f} ulp of its result in float64,"
            f" found {widest / 2:.3g}"
        )


def _write(cell: Cell, dump: Dump, expected: Sequence[Case], target: str, folder: Path) -> Path:
    """The object, the header and the program's C file; returns the latter."""
    name = f"cell_{cell.dtype}"
    artifact = compile_dump(dump, CompileOptions(name, name, TARGETS[target], size=cell.size))
    folder = folder / target
    folder.mkdir()
    for file in (f"{name}.h", f"{name}.o"):
        (folder / file).write_bytes(artifact.files[file])
    function = c_function(
        name, dump.parameters, dump.results, donated={}, structs=(), caller_workspace=False
    )
    text = judge_tables(function, f"{name}.h", expected)
    path = folder / f"judge_{name}.c"
    path.write_text(text.replace("int main(void)", f"int judge_{cell.dtype}(void)"))
    return path


def _run(platform: Platform, programs: Mapping[str, Path], folder: Path) -> dict[str, str]:
    """What the cells' programs say, by dtype: in one program, or if that does not end well, each
    in one of its own.
    """
    if not programs:
        return {}
    folder.mkdir(exist_ok=True)
    main = folder / "main.c"
    calls = (
        "".join(f"int judge_{dtype}(void); " for dtype in programs)
        + "int main(void) {"
        + "".join(f' puts("cell {dtype}"); judge_{dtype}();' for dtype in programs)
        + ' puts("end"); return 0; }\n'
    )
    main.write_text("#include <stdio.h>\n" + calls)
    program = folder / "program"
    try:
        objects = [path.with_name(f"cell_{dtype}.o") for dtype, path in programs.items()]
        for source in [main, *programs.values()]:
            compiled = source.with_suffix(".judge.o")
            _call([*platform.compile, "-I", source.parent, "-c", source, "-o", compiled])
            objects.append(compiled)
        _call([*platform.link, *objects, *platform.libraries, "-o", program])
        printed = _call([*platform.run, program])
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        if len(programs) > 1:
            return {
                dtype: said
                for dtype, path in programs.items()
                for said in _run(platform, {dtype: path}, folder).values()
            }
        return dict.fromkeys(programs, _failure(error))
    parts = printed.split("cell ")[1:]
    if len(parts) != len(programs) or not printed.endswith("end\n"):
        return dict.fromkeys(programs, "BUG: the program's output is not complete")
    return {part.split("\n", 1)[0]: _verdict(part) for part in parts}


def _call(words: Sequence[object]) -> str:
    return subprocess.run(
        list(map(str, words)), check=True, capture_output=True, text=True, timeout=10 * SECONDS
    ).stdout


def _failure(error: subprocess.CalledProcessError | subprocess.TimeoutExpired) -> str:
    program = Path(str(error.cmd[0])).name
    if isinstance(error, subprocess.TimeoutExpired):
        return f"FAIL: {program}: no end within {10 * SECONDS} s"
    lines = (error.stdout + error.stderr).strip().splitlines()
    marked = [line for line in lines if "jax_embedded" in line or "undefined" in line]
    said = (marked or lines or [""])[0]
    return f"FAIL: {program}: exit code {error.returncode}: {said}"


def _verdict(part: str) -> str:
    failed = [line for line in part.splitlines() if line.startswith("FAIL")]
    return failed[0].replace("FAIL ", "FAIL: ", 1) if failed else PASSES
