# SPDX-License-Identifier: Apache-2.0
"""Measures the CPU time of the two actions and writes docs/compile_time.md."""

import argparse
import json
import os
import platform
import resource
import runpy
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from jax_embedded.capture import xla
from jax_embedded.shape import parse_shape

CHAINS = ("one_kernel", "equal_kernels", "different_kernels")
COUNTS = (10, 100, 1000)
SOURCE = Path(__file__).parent / "chains.py"
LAYERS = Path(__file__).parent / "growth/growth.py"
TARGET = "cortex-m4f"
SIZES_IN_CODE = (64, 128, 256)

HEAD = """\
# Compile time

`./bazelw run //tests/bench:compile_time` measures this table anew; its numbers are no test.

CPU seconds, user and system, on one core of {machine}, Python {python}, for {target}.
*capture* and *codegen* are the two build actions, whole processes; *jax* is importing jax and *XLA*
compiling with it, both measured apart and part of capture. A chain of *n* operations on `f32[16]`:

* one kernel: `x * x + 1`, which XLA fuses into one kernel;
* equal kernels: `cumsum(x * x)`, a kernel for each, all with the same code;
* different kernels: `cumsum(x * c)`, where every multiplication has another constant;

and fully connected layers with constant weights, as in [Benchmarks](benchmarks.md):

* one layer: of *n* x *n*;
* in the code: one such layer with `weights = "code"`;
* layers: *n* of 32 x 32.

| function | n | capture | of which jax | of which XLA | codegen | code bytes |
|---|---:|---:|---:|---:|---:|---:|
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default="docs/compile_time.md", help="(default: %(default)s)")
    parser.add_argument("--share", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--src", help=argparse.SUPPRESS)
    parser.add_argument("--fn", help=argparse.SUPPRESS)
    parser.add_argument("--input", action="append", default=[], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.share:
        options.share.write_text(json.dumps(xla_share(options)))
        return
    rows = functions()
    os.chdir(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."))
    python = platform.python_version()
    text = HEAD.format(machine=machine(), python=python, target=TARGET)
    with tempfile.TemporaryDirectory() as folder:
        for title, function in rows.items():
            row = measure(title, function, Path(folder))
            print(row, end="", flush=True)
            text += row
    Path(options.out).write_text(text)


@dataclass(frozen=True)
class Function:
    src: Path
    name: str
    inputs: tuple[str, ...]
    options: tuple[str, ...] = ()


def functions() -> dict[str, Function]:
    """By title."""
    quadratic = Path("examples/quadratic/quadratic.py").absolute()
    found = {"quadratic |": Function(quadratic, "roots", ("a=f32[]", "b=f32[]", "c=f32[]"))}
    for chain in CHAINS:
        for count in COUNTS:
            found[f"{chain.replace('_', ' ')} | {count}"] = Function(
                SOURCE.absolute(), f"{chain}_{count}", ("x=f32[16]",)
            )
    layers = runpy.run_path(str(LAYERS))
    for size in layers["SIZES"]:
        layer = Function(LAYERS.absolute(), f"dense_{size}", (f"x=f32[{size}]",))
        found[f"one layer | {size}"] = layer
        if size in SIZES_IN_CODE:
            found[f"in the code | {size}"] = replace(layer, options=("--weights=code",))
    for count in layers["COUNTS"]:
        found[f"layers | {count}"] = Function(LAYERS.absolute(), f"layers_{count}", ("x=f32[32]",))
    return found


def measure(title: str, function: Function, folder: Path) -> str:
    """A row of the table."""
    fn = function.name
    exporter = [sys.executable, "-m", "jax_embedded"]
    request = [f"--src={function.src}", f"--fn={fn}", *[f"--input={i}" for i in function.inputs]]
    dump, out = folder / f"{fn}.dump", folder / fn
    xla = folder / f"{fn}.xla.json"
    capture = cpu_seconds([*exporter, "capture", *request, f"--out={dump}"])
    codegen = cpu_seconds(
        [
            *exporter,
            "compile",
            f"--dump={dump}",
            f"--name={fn}",
            f"--out={out}",
            f"--target={TARGET}",
            *function.options,
        ]
    )
    cpu_seconds([sys.executable, __file__, "--share", str(xla), *request])
    share = json.loads(xla.read_text())
    code_bytes = json.loads((out / f"{fn}.json").read_text())["bytes"]["code"]
    seconds = (capture, share["jax"], share["xla"], codegen)
    return f"| {title} | {' | '.join(f'{s:.2f}' for s in seconds)} | {code_bytes:,} |\n"


def cpu_seconds(command: list[str]) -> float:
    """Runs the command. The user and system time of it and of its children."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def xla_share(options: argparse.Namespace) -> dict[str, float]:
    """CPU seconds of importing jax, and of XLA with the flags of the exporter."""
    with tempfile.TemporaryDirectory() as folder:
        xla.prepare_process(xla.release_of(metadata.version("jaxlib")), Path(folder))
        start = time.process_time()
        import jax

        imported = time.process_time()
        shapes = [parse_shape(text.partition("=")[2], text) for text in options.input]
        avals = [jax.ShapeDtypeStruct(shape.dims, "float32") for shape in shapes]
        function = runpy.run_path(options.src)[options.fn]
        function.__name__ = function.__qualname__ = xla.MODULE
        lowered = jax.jit(function).lower(*avals)
        before = time.process_time()
        lowered.compile()
        return {"jax": imported - start, "xla": time.process_time() - before}


def machine() -> str:
    """The class of the machine: its processor, not its name."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    main()
