# SPDX-License-Identifier: Apache-2.0
"""Weights lie in read-only data, once, and nothing copies them."""

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


def allocated(core: str, name: str) -> tuple[list[bytes], int]:
    """The contents of the object's read-only data, and how many bytes are writable."""
    constant, writable = [], 0
    with (HERE / "on_cores" / core / f"{name}.o").open("rb") as file:
        for section in ELFFile(file).iter_sections():
            flags = section["sh_flags"]
            if not flags & SH_FLAGS.SHF_ALLOC or section["sh_type"] == "SHT_ARM_EXIDX":
                continue
            if flags & SH_FLAGS.SHF_WRITE:
                writable += section["sh_size"]
            elif not flags & SH_FLAGS.SHF_EXECINSTR:
                constant.append(section.data())
    return constant, writable


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_read_only_data_is_the_weights(core, name):
    constant, _ = allocated(core, name)
    assert all(any(w.tobytes() in data for data in constant) for w in WEIGHTS.values())
    assert sum(map(len, constant)) == sum(w.nbytes for w in WEIGHTS.values())


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("name", [*FUNCTIONS, "gru", "mlp_baked"])
def test_nothing_copies_them(core, name):
    _, writable = allocated(core, name)
    assert writable <= 72  # the workspace of gru's 18 sums
    assembly = (HERE / "on_cores" / core / f"{name}.s").read_text()
    assert not any(called in assembly for called in ("memcpy", "memmove"))


def test_both_files_give_the_same_code():
    for core in CORES:
        one, other = ((HERE / "on_cores" / core / f"{name}.s").read_text() for name in FUNCTIONS)
        assert one.replace("from_npz", "from_safetensors") == other
