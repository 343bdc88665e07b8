# SPDX-License-Identifier: Apache-2.0
"""Layers of equal shape share their code, however many there are."""

import io
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from jax_embedded.capture.capture import CaptureRequest, capture
from jax_embedded.compile_options import CompileOptions
from jax_embedded.pipeline import compile_dump
from jax_embedded.target import TARGETS

SOURCE = """\
import jax.numpy as jnp
import numpy as np

def inputs():
    layer = np.ones((16, 16), np.float32), np.ones(16, np.float32)
    return layer[0], [layer] * {layers}

def network(x, layers):
    for w, b in layers:
        x = jnp.tanh(x @ w + b)
    return x
"""


@pytest.fixture(scope="module")
def dumps(tmp_path_factory):
    found = {}
    for layers in (2, 16):
        src = Path(tmp_path_factory.mktemp("src")) / "network.py"
        src.write_text(SOURCE.format(layers=layers))
        found[layers] = capture(CaptureRequest(src, "network", example_inputs="inputs"))
    return found


def functions(dump, target: str) -> dict[str, int]:
    """The functions of the object file and their bytes."""
    options = CompileOptions("network", "network", TARGETS[target])
    data = compile_dump(dump, options).files["network.o"]
    table = ELFFile(io.BytesIO(data)).get_section_by_name(".symtab")
    return {
        s.name: s["st_size"] for s in table.iter_symbols() if s["st_info"]["type"] == "STT_FUNC"
    }


@pytest.mark.parametrize("target", ["host", "cortex-m4f", "cortex-m55"])
def test_sixteen_layers_have_the_code_of_two_and_more_calls(dumps, target):
    two, sixteen = functions(dumps[2], target), functions(dumps[16], target)
    kernels = {name for name in sixteen if name != "network" and not name.startswith("jxe.")}
    assert len(kernels) == 1  # a layer: the dot with its bias and tanh
    assert sum(sixteen.values()) - sum(two.values()) < (16 - 2) * 100
    assert sixteen["network"] < 16 * 150
