# SPDX-License-Identifier: Apache-2.0
"""Weights lie in read-only data, once, and nothing copies them."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

HERE = Path("tests/weights")
CORES = ["cortex_m0", "cortex_m3", "cortex_m33", "cortex_m4f", "cortex_m55", "cortex_m7"]
FUNCTIONS = ["from_npz", "from_safetensors"]

with np.load(HERE / "weights.npz") as file:
    WEIGHTS = {name: file[name] for name in file}


def sections(core: str, name: str) -> dict[str, list[bytes]]:
    """What the object's code, constant and writable sections hold."""
    found: dict[str, list[bytes]] = {"code": [], "constant": [], "writable": []}
    with (HERE / "on_cores" / core / f"{name}.o").open("rb") as file:
        for section in ELFFile(file).iter_sections():
            flags = section["sh_flags"]
            if not flags & SH_FLAGS.SHF_ALLOC or section["sh_type"] == "SHT_ARM_EXIDX":
                continue
            executed = "code" if flags & SH_FLAGS.SHF_EXECINSTR else "constant"
            kind = "writable" if flags & SH_FLAGS.SHF_WRITE else executed
            zero = section["sh_type"] == "SHT_NOBITS"
            found[kind].append(bytes(section["sh_size"]) if zero else section.data())
    return found


def holds(data: bytes, values: np.ndarray) -> bool:
    """Whether the elements are there, in the order in which the loops read them."""
    words = Counter(np.frombuffer(data[: len(data) // 4 * 4], "<u4").tolist())
    return Counter(values.view("<u4").ravel().tolist()) <= words


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_read_only_data_is_the_weights(core, name):
    found = sections(core, name)
    homes = {
        array: [kind for kind, data in found.items() for d in data if holds(d, values)]
        for array, values in WEIGHTS.items()
    }
    # LLVM may place a small array among the instructions that read it.
    assert homes["w"] == ["constant"]
    assert homes["b"] in (["constant"], ["code"])
    expected = sum(WEIGHTS[array].nbytes for array, home in homes.items() if home == ["constant"])
    assert sum(map(len, found["constant"])) == expected


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize(
    ("name", "workspace_bytes"),
    [("from_npz", 0), ("from_safetensors", 0), ("gru", 72), ("mlp_baked", 0)],
)
def test_nothing_copies_them(core, name, workspace_bytes):
    writable = b"".join(sections(core, name)["writable"])
    assert writable == bytes(workspace_bytes)
    assembly = (HERE / "on_cores" / core / f"{name}.s").read_text()
    assert not any(called in assembly for called in ("memcpy", "memmove"))


def test_both_files_give_the_same_code():
    for core in CORES:
        one, other = ((HERE / "on_cores" / core / f"{name}.s").read_text() for name in FUNCTIONS)
        assert one.replace("from_npz", "from_safetensors") == other
