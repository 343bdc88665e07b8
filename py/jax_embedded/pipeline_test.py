# SPDX-License-Identifier: Apache-2.0
import json
from pathlib import Path

import pytest

from jax_embedded.capture.capture import CaptureRequest, capture
from jax_embedded.ir.dump import Dump
from jax_embedded.pipeline import CompileOptions, compile_dump
from jax_embedded.target import TARGETS

SOURCE = "import jax.numpy as jnp\n\ndef f(a, b, x):\n    return jnp.tanh(a @ b @ x + x)\n"


@pytest.fixture(scope="module")
def dump(tmp_path_factory) -> Dump:
    src: Path = tmp_path_factory.mktemp("src") / "f.py"
    src.write_text(SOURCE)
    return capture(CaptureRequest(src, "f", {"a": "f32[16,16]", "b": "f32[16,16]", "x": "f32[16]"}))


@pytest.mark.parametrize("target", TARGETS)
def test_short_code_is_shorter(dump, target):
    def code_bytes(*, size: bool) -> int:
        options = CompileOptions("f", "f", TARGETS[target], size=size)
        return json.loads(compile_dump(dump, options).files["f.json"])["bytes"]["code"]

    assert code_bytes(size=True) < 0.8 * code_bytes(size=False)
