# SPDX-License-Identifier: Apache-2.0
import re
import subprocess
from pathlib import Path

import pytest
from bake_dot import FOLDER, Count, Weights, measure, rows

KNOWN = Count(baked=100, speed=160, size=170, bake=1234, code=400, stack=0)


@pytest.mark.parametrize("element", ["f32", "s8"])
def test_baked_takes_less_than_a_loop(element):
    for on in measure(element).values():
        for weights, count in on.items():
            assert count.baked < min(count.speed, count.size), weights
            # Straight code: of two or four bytes each.
            assert 2 * count.baked <= count.code <= 4 * count.baked, weights


@pytest.mark.parametrize("platform", ["qemu_m0", "qemu_m3", "qemu_m55"])
def test_code_is_published(platform):
    """The barriers, and where there can be caches: their size and state, and what is done to them.
    No cache is emulated."""
    program = FOLDER / "s8" / platform / "s8.RANDOM.256.bake.called.elf"
    [objdump] = Path.cwd().parent.glob("*arm_none_eabi*/bin/*objdump*")
    listing = ""
    for function in ("publish", "jxe_bake_dot_s8"):  # the one may be in the other
        command = [objdump, f"--disassemble={function}", program]
        listing += subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert re.findall(r"\t(dsb|isb)\t", listing) == ["dsb", "dsb", "dsb", "isb"]
    registers = {"0xd14", "0xd7c", "0xf58", "0xf64", "0xf78"}  # CCR, CTR, ICIMVAU, DCCMVAU, BPIALL
    found = set(re.findall(r"@ (0x[df]\w\w)\b", listing))
    assert found == (set() if platform == "qemu_m0" else registers)


def test_calls():
    assert KNOWN.calls == 21
    assert Count(100, 100, 170, 1234, 400, 0).calls is None


def test_cores_with_the_same_counts_share_a_row():
    table = dict.fromkeys(["qemu_m4f", "qemu_m7"], dict.fromkeys(weights(), KNOWN))
    found = rows(table).splitlines()
    assert len(found) == len(weights())
    assert found[0] == "| random | 32 | M4F, M7 | 100 | 160, 170 | 400 | 1,234 | 21 |"


def weights() -> list[Weights]:
    kinds = [("RANDOM", 32), *((k, 256) for k in ("RANDOM", "SMALL", "SPARSE", "TERNARY"))]
    return [Weights(kind, n) for kind, n in kinds]
