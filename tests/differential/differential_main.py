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

from jax_embedded.oracle.case import Case, load
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
    "f16": ctypes.c_uint16,
    "bf16": ctypes.c_uint16,
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
    parser.add_argument("--example-inputs")
    parser.add_argument("--edge-values", action="store_true")
    parser.add_argument("--x64", action="store_true")
    options = parser.parse_args()

    manifest = json.loads(options.manifest.read_text())
    function = getattr(ctypes.CDLL(str(options.library.absolute())), manifest["name"])
    failures = 0
    for number, case in enumerate(run_oracle(options)):
        results = call(function, manifest, case.inputs)
        leaves = zip(manifest["results"], results, case.results, case.references, strict=True)
        for leaf, got, expected, reference in leaves:
            outcome = compare(got, expected, reference, elementwise=case.kind == "edge")
            at = np.unravel_index(outcome.worst, got.shape)
            print(
                f"{'ok  ' if outcome.passed else 'FAIL'} case {number} ({case.kind}) {leaf['name']}"
                f"{list(map(int, at))}: expected {expected[at]!r}, found {got[at]!r},"
                f" {outcome.error_ulp:.2f} ulp of {outcome.bound_ulp:.2f}"
            )
            failures += not outcome.passed
    return 1 if failures else 0


def run_oracle(options: argparse.Namespace) -> list[Case]:
    out = Path(os.environ.get("TEST_TMPDIR", ".")) / "oracle.npz"
    command = [sys.executable, "-m", "jax_embedded.oracle", "--src", options.src]
    command += ["--fn", options.fn, "--out", out]
    command += [f"--input={text}" for text in options.input]
    command += ["--example-inputs", options.example_inputs] if options.example_inputs else []
    command += ["--edge-values"] if options.edge_values else []
    command += ["--x64"] if options.x64 else []
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run(command, check=True, env=environment)
    return load(out)


def call(function, manifest: dict, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Calls the C function.

    inputs: one array for each of the manifest's arguments, scalars included.
    Returns one for each of its results, in their order.
    Errors: RuntimeError if it writes to anything but its results.
    """
    outputs = [np.empty(leaf["shape"], numpy_dtype(leaf)) for leaf in manifest["results"]]
    passed: list = []
    blocks = []
    for parameter in manifest["parameters"]:
        fields = parameter["fields"]
        if parameter["passed"] == "value":
            leaf = manifest["arguments"][fields[0]["argument"]]
            bits = inputs[fields[0]["argument"]].tobytes()
            passed.append(C_TYPES[leaf["dtype"]].from_buffer_copy(bits))
            continue
        block = Guarded(parameter["bytes"], parameter["align"])
        for field in fields:
            if field["argument"] is not None:
                block.put(field["offset"], inputs[field["argument"]])
        blocks.append((block, fields))
        passed.append(block.pointer)
    workspace = Guarded(manifest["bytes"]["workspace"], 8)
    if manifest["workspace"] == "caller":
        passed.append(workspace.pointer)
    before = [block.content() for block, _ in blocks]
    function.restype = None
    if manifest["returns"] is not None:
        into = outputs[manifest["returns"]]
        leaf = manifest["results"][manifest["returns"]]
        function.restype = C_TYPES[leaf["dtype"]]
        into[...] = np.frombuffer(function.restype(function(*passed)), into.dtype)[0]
    else:
        function(*passed)
    for (block, fields), old in zip(blocks, before, strict=True):
        for field in fields:
            if field["result"] is not None:
                result = outputs[field["result"]]
                outputs[field["result"]] = block.get(field["offset"], result)
                old[field["offset"] : field["offset"] + result.nbytes] = np.frombuffer(
                    outputs[field["result"]].tobytes(), np.uint8
                )
        if block.content().tobytes() != old.tobytes():
            raise RuntimeError(f"{manifest['name']}: it wrote to what is no result of it")
    if not all(block.intact for block in [workspace, *(block for block, _ in blocks)]):
        raise RuntimeError(f"{manifest['name']}: it wrote outside of what it was given")
    return outputs


def numpy_dtype(leaf: dict) -> np.dtype:
    return np.dtype(DTYPES[leaf["dtype"]].numpy)


class Guarded:
    """Memory aligned to `align` bytes and to no more, with guard bytes on both sides."""

    def __init__(self, size: int, align: int):
        buffer = np.full(size + 2 * GUARD_BYTES + 32, GUARD, np.uint8)
        start = -(-(buffer.ctypes.data + GUARD_BYTES) // 32) * 32 - buffer.ctypes.data + align
        self._bytes = buffer
        self._inside = slice(start, start + size)
        self.pointer = ctypes.c_void_p(buffer.ctypes.data + start)

    def put(self, offset: int, value: np.ndarray) -> None:
        start = self._inside.start + offset
        self._bytes[start : start + value.nbytes] = np.frombuffer(value.tobytes(), np.uint8)

    def get(self, offset: int, like: np.ndarray) -> np.ndarray:
        start = self._inside.start + offset
        content = self._bytes[start : start + like.nbytes].tobytes()
        return np.frombuffer(content, like.dtype).reshape(like.shape)

    def content(self) -> np.ndarray:
        return self._bytes[self._inside].copy()

    @property
    def intact(self) -> bool:
        outside = np.delete(self._bytes, self._inside)
        return bool((outside == GUARD).all())


if __name__ == "__main__":
    sys.exit(main())
