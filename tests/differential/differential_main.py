# SPDX-License-Identifier: Apache-2.0
"""Calls an exported function and compares its results with JAX's."""

import argparse
import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from jax_embedded.oracle.compare import compare
from jax_embedded.shape import DTYPES

C_TYPES = {
    "bool": ctypes.c_bool,
    "i8": ctypes.c_int8,
    "i16": ctypes.c_int16,
    "i32": ctypes.c_int32,
    "i64": ctypes.c_int64,
    "u8": ctypes.c_uint8,
    "u16": ctypes.c_uint16,
    "u32": ctypes.c_uint32,
    "u64": ctypes.c_uint64,
    "f32": ctypes.c_float,
    "f64": ctypes.c_double,
}
GUARD = 0xA5  # fills the bytes around every array: nothing may be written there
GUARD_BYTES = 64


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--library", required=True, type=Path)
    parser.add_argument("--manifest", required=True, type=Path)
    parser.add_argument("--src", required=True, type=Path)
    parser.add_argument("--fn", required=True)
    parser.add_argument("--input", action="append", default=[])
    parser.add_argument("--x64", action="store_true")
    options = parser.parse_args()

    manifest = json.loads(options.manifest.read_text())
    function = getattr(ctypes.CDLL(str(options.library.absolute())), manifest["name"])
    cases = run_oracle(options)
    failures = 0
    draws = 1 + max(int(key.split("/")[0]) for key in cases)
    for draw in range(draws):
        inputs = [cases[f"{draw}/input/{p['path']}"] for p in manifest["parameters"]]
        results = call(function, manifest, inputs)
        for index, (leaf, got) in enumerate(zip(manifest["results"], results, strict=True)):
            expected = cases[f"{draw}/result/{index}"]
            outcome = compare(got, expected, cases[f"{draw}/reference/{index}"])
            at = np.unravel_index(outcome.worst, got.shape)
            print(
                f"{'ok  ' if outcome.passed else 'FAIL'} draw {draw} {leaf['name']}"
                f"{list(map(int, at))}: expected {expected[at]!r}, found {got[at]!r},"
                f" {outcome.error_ulp:.2f} ulp of {outcome.bound_ulp:.2f}"
            )
            failures += not outcome.passed
    return 1 if failures else 0


def run_oracle(options: argparse.Namespace) -> dict[str, np.ndarray]:
    out = Path(os.environ.get("TEST_TMPDIR", ".")) / "oracle.npz"
    command = [sys.executable, "-m", "jax_embedded.oracle", "--src", options.src]
    command += ["--fn", options.fn, "--out", out]
    command += [f"--input={text}" for text in options.input]
    command += ["--x64"] if options.x64 else []
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run(command, check=True, env=environment)
    with np.load(out) as cases:
        return dict(cases)


def call(function, manifest: dict, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Calls the C function. Errors: RuntimeError if it writes outside of its results."""
    results = manifest["results"]
    guarded = []
    arguments = []
    workspace = []
    if manifest["workspace"] == "caller":
        workspace = [Guarded(np.zeros(-(-manifest["bytes"]["workspace"] // 8), np.int64))]
    for leaf, value in zip(manifest["parameters"], inputs, strict=True):
        if leaf["shape"]:
            guarded.append(Guarded(value))
            arguments.append(guarded[-1].pointer)
        else:
            arguments.append(C_TYPES[leaf["dtype"]](value.item()))
    if len(results) == 1 and not results[0]["shape"]:
        function.restype = C_TYPES[results[0]["dtype"]]
        arguments += [memory.pointer for memory in workspace]
        outputs = [np.array(function(*arguments), DTYPES[results[0]["dtype"]].numpy)]
    else:
        function.restype = None
        written = [
            Guarded(np.full(leaf["shape"], -1).astype(DTYPES[leaf["dtype"]].numpy))
            for leaf in results
        ]
        function(*arguments, *[memory.pointer for memory in written + workspace])
        outputs = [memory.value for memory in written]
        guarded += written
    if not all(memory.intact for memory in guarded + workspace):
        raise RuntimeError(f"{manifest['name']}: it wrote outside of its results")
    for memory, value in zip(guarded, [v for v in inputs if v.shape], strict=False):
        if memory.value.tobytes() != value.tobytes():
            raise RuntimeError(f"{manifest['name']}: it wrote to an input")
    return outputs


class Guarded:
    """An array in memory aligned to its element only, with guard bytes on both sides."""

    def __init__(self, value: np.ndarray):
        start = GUARD_BYTES + value.itemsize
        self._bytes = np.full(start + value.nbytes + GUARD_BYTES, GUARD, np.uint8)
        self.value = (
            self._bytes[start : start + value.nbytes].view(value.dtype).reshape(value.shape)
        )
        self.value[...] = value
        self.pointer = ctypes.c_void_p(self.value.ctypes.data)
        self._outside = np.r_[0:start, start + value.nbytes : self._bytes.size]

    @property
    def intact(self) -> bool:
        return bool((self._bytes[self._outside] == GUARD).all())


if __name__ == "__main__":
    sys.exit(main())
