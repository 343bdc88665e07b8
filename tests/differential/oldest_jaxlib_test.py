# SPDX-License-Identifier: Apache-2.0
"""Every fifth function of cases.bzl against JAX, with the oldest jaxlib that is supported.

All of them: --test_env=OLDEST_JAXLIB_STEP=1.
"""

import json
import os
import sys
from pathlib import Path

import pytest

from jax_embedded.capture.capture_testing import CaptureRequest, capture
from jax_embedded.capture.installed import installed_versions
from jax_embedded.capture.xla import RELEASES
from jax_embedded.child import run_in_child
from jax_embedded.compile_options import CompileOptions
from jax_embedded.ir.c_function import c_function
from jax_embedded.oracle.compare import compare
from jax_embedded.oracle.oracle import cases
from jax_embedded.pipeline import compile_dump
from jax_embedded.target import TARGETS

sys.path.insert(0, str(Path(__file__).resolve().parent))
from in_process import call

HERE = Path(__file__).parent.absolute()
CASES = json.loads((HERE / "cases.json").read_text())
STEP = int(os.environ.get("OLDEST_JAXLIB_STEP", "5"))
# Some of each file.
CHOSEN = sorted(CASES, key=lambda name: (CASES[name]["src"], name))[::STEP]
# Bazel runs this file once for each shard.
SHARD = int(os.environ.get("TEST_SHARD_INDEX", "0"))
SHARDS = int(os.environ.get("TEST_TOTAL_SHARDS", "1"))
if "TEST_SHARD_STATUS_FILE" in os.environ:
    Path(os.environ["TEST_SHARD_STATUS_FILE"]).touch()


def test_the_jaxlib_is_the_oldest():
    assert installed_versions()["jaxlib"] == next(iter(RELEASES))


@pytest.mark.parametrize("name", CHOSEN[SHARD::SHARDS])
def test_as_jax(name):
    src, case = HERE / CASES[name]["src"], CASES[name]["case"]
    attributes = {key: case[key] or None for key in ("inputs", "example_inputs")}
    attributes["x64"] = case["x64"]
    edge_values = case["edge_values"]
    dump = capture(CaptureRequest(src, name, **attributes))
    code = compile_dump(dump, CompileOptions(name, name, TARGETS["host"])).files[f"{name}.o"]
    function = c_function(name, dump.parameters, dump.results)
    expected = run_in_child(
        "oracle", lambda: cases(src, name, edge_values=edge_values, **attributes)
    )
    got = run_in_child(
        "call", lambda: [call(code, function, case.inputs, case.results) for case in expected]
    )
    for case, found in zip(expected, got, strict=True):
        for leaf, *arrays in zip(dump.results, found, case.results, case.references, strict=True):
            outcome = compare(*arrays, elementwise=case.kind == "edge")
            assert outcome.passed, f"{leaf.path} of {case.kind}: {outcome}"
