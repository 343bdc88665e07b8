# SPDX-License-Identifier: Apache-2.0
import json

import pytest

from jax_embedded import VERSION
from jax_embedded.emit.header import header
from jax_embedded.emit.manifest import manifest
from jax_embedded.ir.c_function import c_function
from jax_embedded.ir.dump import Dump, Leaf
from jax_embedded.shape import Shape
from jax_embedded.target import TARGETS

DUMP = Dump(
    function="step",
    source="fw/step.py",
    parameters=(
        Leaf("params['w']", "params_w", Shape("f32", (2, 3))),
        Leaf("n", "n", Shape("i32")),
    ),
    results=(Leaf("result", "out", Shape("bool")),),
    versions={"jax": "0.12.0", "jaxlib": "0.12.0.1"},
    flags=("--xla_a=b",),
    hlo="",
    executable=b"",
    schema=b"",
)
FUNCTION = c_function("fw_step", DUMP.parameters, DUMP.results)
SECTIONS = {"code": 100, "constant": 24, "data": 0, "zero": 64}


def manifest_text(
    target: str = "cortex-m4f", externals: tuple[str, ...] = ("expf", "memcpy")
) -> str:
    return manifest(
        DUMP,
        FUNCTION,
        TARGETS[target],
        workspace_bytes=64,
        workspace_lower_bound=60,
        stack_bytes=72,
        section_bytes=SECTIONS,
        externals=externals,
    )


def test_all_facts():
    assert json.loads(manifest_text()) == {
        "name": "fw_step",
        "function": "step",
        "source": "fw/step.py",
        "signature": "bool fw_step(const float params_w[6], int32_t n)",
        "workspace": "static",
        "parameters": [
            {
                "name": "params_w",
                "passed": "pointer",
                "bytes": 24,
                "align": 4,
                "fields": [{"name": "params_w", "offset": 0, "argument": 0, "result": None}],
            },
            {
                "name": "n",
                "passed": "value",
                "bytes": 4,
                "align": 4,
                "fields": [{"name": "n", "offset": 0, "argument": 1, "result": None}],
            },
        ],
        "returns": 0,
        "arguments": [
            {"name": "params_w", "path": "params['w']", "dtype": "f32", "shape": [2, 3]},
            {"name": "n", "path": "n", "dtype": "i32", "shape": []},
        ],
        "results": [{"name": "out", "path": "result", "dtype": "bool", "shape": []}],
        "target": {
            "name": "cortex-m4f",
            "triple": "thumbv7em-unknown-none-eabihf",
            "cpu": "cortex-m4",
            "features": "+vfp4d16sp,-slowfpvfmx,+no-movt",
        },
        "bytes": {
            "workspace": 64,
            "workspace_lower_bound": 60,
            "stack": 72,
            "code": 100,
            "constant": 24,
            "data": 0,
            "zero": 64,
        },
        "externals": ["expf", "memcpy"],
        "versions": {"jax_embedded": VERSION, "jax": "0.12.0", "jaxlib": "0.12.0.1"},
        "xla_flags": ["--xla_a=b"],
    }


@pytest.mark.parametrize("target", TARGETS)
def test_same_input_same_text(target):
    text = manifest_text(target)
    assert text == manifest_text(target)
    assert text.endswith("}\n")
    assert json.loads(text)["target"]["name"] == target


def test_sizes_are_the_header_macros():
    facts = json.loads(manifest_text())
    macro = f"#define FW_STEP_WORKSPACE_BYTES {facts['bytes']['workspace']}\n"
    assert macro in header(DUMP, FUNCTION, "step", 64)
    assert facts["signature"] + ";" in header(DUMP, FUNCTION, "step", 64)


def test_nobody_asks_for_the_stack_of_a_host():
    assert "stack" not in json.loads(manifest_text("host"))["bytes"]
