# SPDX-License-Identifier: Apache-2.0
"""Damaged files of weights, which the user's own file reads: an ERROR that names the line."""

import io
import json

# Once, before any fork.
import jax  # noqa: F401
import numpy as np
import pytest

from jax_embedded.capture.capture import CaptureRequest, capture
from jax_embedded.errors import ExportError
from jax_embedded.ir.dump import Dump

WEIGHTS = np.linspace(-1.0, 1.0, 24, dtype=np.float32).reshape(6, 4)


def npz() -> bytes:
    file = io.BytesIO()
    np.savez(file, w=WEIGHTS)
    return file.getvalue()


def npy() -> bytes:
    file = io.BytesIO()
    np.save(file, WEIGHTS)
    return file.getvalue()


def tensors() -> bytes:
    """As in a .safetensors file: the length of a JSON header, the header, the numbers."""
    facts = {"w": {"dtype": "F32", "shape": [6, 4], "data_offsets": [0, WEIGHTS.nbytes]}}
    header = json.dumps(facts).encode()
    return len(header).to_bytes(8, "little") + header + WEIGHTS.tobytes()


FILES = {
    "npz": (npz(), 'np.load(FILE)["w"]'),
    "npy": (npy(), "np.load(FILE)"),
    "json": (
        json.dumps(WEIGHTS.tolist()).encode(),
        "np.array(json.loads(FILE.read_text()), np.float32)",
    ),
    "tensors": (tensors(), "tensor(FILE.read_bytes())"),
}
DAMAGE = {
    "empty": lambda data: data[:0],
    "its first half": lambda data: data[: len(data) // 2],
    "without its first byte": lambda data: data[1:],
    "flipped bits": lambda data: bytes(byte ^ 0x55 for byte in data),
}
SOURCE = """\
import json
from pathlib import Path
import numpy as np

FILE = Path(__file__).parent / "weights"

def tensor(data):
    length = int.from_bytes(data[:8], "little")
    facts = json.loads(data[8 : 8 + length])["w"]
    start, end = facts["data_offsets"]
    values = np.frombuffer(data[8 + length :][start:end], np.float32)
    return values.reshape(facts["shape"])

W = {load}

def f(x):
    return W @ x
"""
LINE = SOURCE[: SOURCE.index("W = ")].count("\n") + 1


def captured(folder, kind: str, data: bytes) -> Dump:
    (folder / "weights").write_bytes(data)
    (folder / "f.py").write_text(SOURCE.replace("{load}", FILES[kind][1]))
    return capture(CaptureRequest(folder / "f.py", "f", {"x": "f32[4]"}))


@pytest.mark.parametrize("kind", FILES)
def test_whole_files_are_read(kind, tmp_path):
    assert captured(tmp_path, kind, FILES[kind][0]).function == "f"


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("kind", FILES)
def test_a_damaged_file_is_an_error_of_the_line_that_reads_it(kind, damage, tmp_path):
    with pytest.raises(ExportError) as caught:
        captured(tmp_path, kind, DAMAGE[damage](FILES[kind][0]))
    assert caught.value.kind == "user-exception"
    assert caught.value.what.startswith("importing f.py: expected no exception, found ")
    assert caught.value.details[0].startswith(f"f.py:{LINE} in <module>: W = ")
