# SPDX-License-Identifier: Apache-2.0
import json
import re
from pathlib import Path

import networks
import numpy as np
import pytest
from disassembled import Instruction, functions
from sizes import CORES, call, qemu

MEASURED = Path("tests/baked/measured")
WITH_FPU = ["qemu_m4f", "qemu_m7", "qemu_m33", "qemu_m55"]
LAYERS = {
    "floats": networks.FLOATS,
    "integers": networks.INTEGERS,
    "ternary": networks.TERNARY,
    "two_sizes": networks.TWO_SIZES,
}
BAKED = [(core, name) for core in CORES for name in LAYERS]
BAKED = [(core, name) for core, name in BAKED if name == "integers" or core in WITH_FPU]


def program(core: str, name: str) -> Path:
    return MEASURED / core / f"{name}_in_code.alone.elf"


def baked(core: str, name: str) -> dict[str, list[Instruction]]:
    found = functions(program(core, name))
    return {function: code for function, code in found.items() if "baked_dot" in function}


@pytest.mark.parametrize(("core", "name"), BAKED)
def test_each_layer_is_one_stream_of_instructions(core, name):
    layers = baked(core, name)
    assert len(layers) == 2
    for code in layers.values():
        branches = [i for i in code if i.is_branch]
        returns = [i for i in code if i.mnemonic == "bx" or "pc}" in i.operands]
        assert len(returns) == 1
        assert not [i for i in branches if i not in returns]
        assert not [i for i in code if ".word" in i.mnemonic]


def terms(core: str, name: str, layer: int) -> list[np.ndarray]:
    """For each term of each stretch of sums: the sizes of its weights."""
    at_once = 12 if name != "integers" else 3 if core == "qemu_m0" else 6
    weights = np.abs(LAYERS[name][layer][0])
    parts = [weights[:, i : i + at_once] for i in range(0, weights.shape[1], at_once)]
    sizes = [np.unique(row) for part in parts for row in part]
    return [found[found != 0] for found in sizes if found.any()]


@pytest.mark.parametrize(("core", "name"), BAKED)
def test_it_loads_inputs_and_what_it_has_spilled(core, name):
    for layer, (function, code) in enumerate(baked(core, name).items()):
        loads = [i for i in code if i.is_load]
        assert not [i for i in loads if "[pc" in i.operands]
        spilled = [i for i in loads if i.is_of_stack]
        inputs = sum(i.words for i in loads if i not in spilled and not i.is_return)
        assert inputs == len(terms(core, name, layer))
        print(f"{core} {function}: {len(code)} instructions, {len(spilled)} spilled")
        assert len(spilled) <= (len(code) // 10 if name == "integers" else 0)


@pytest.mark.parametrize("core", WITH_FPU)
@pytest.mark.parametrize("name", ["floats", "two_sizes"])
def test_each_constant_is_made_once_for_a_term(core, name):
    for layer, code in enumerate(baked(core, name).values()):
        made = [i for i in code if re.fullmatch(r"s\d+, r\d+", i.operands)]
        others = 1 + len(LAYERS[name][layer][1])  # the activation's zero, and what is added
        assert len(made) <= sum(map(len, terms(core, name, layer))) + others


@pytest.mark.parametrize(("core", "name"), BAKED)
def test_the_rest_calls_the_layers_in_their_order(core, name):
    found = functions(program(core, name))
    code = found[f"{name}_in_code"]
    called = [i.operands for i in code if i.is_branch and "baked_dot" in i.operands]
    assert [re.search(r"\.(\d+)\.baked_dot", operands)[1] for operands in called] == ["0", "1"]
    assert not [i for i in code if i.is_conditional]


@pytest.mark.parametrize(("core", "name"), BAKED)
def test_a_call_reads_no_data_in_flash(core, name, tmp_path):
    machine = json.loads((MEASURED / "machines.json").read_text())[core]
    found = {}
    for weights in ("code", "data"):
        reads = tmp_path / weights
        program = MEASURED / core / f"{name}_in_{weights}.called.elf"
        call(program, [str(qemu()), "-M", machine], reads=reads)
        found[weights] = int(reads.read_text().splitlines()[0])
    assert found["code"] == 0
    # A vector is one read; padded with zeros, what is read is more.
    assert found["data"] >= (24 * 20 + 20 * 10) / 4
