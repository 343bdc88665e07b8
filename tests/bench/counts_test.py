# SPDX-License-Identifier: Apache-2.0
"""Our functions take no more than they did."""

import json
from pathlib import Path

from counts import CORES, M4F, Count, boards, golden, grown, run_on, workloads

OURS = Path("tests/bench/workloads/ours")
GOLDEN = json.loads(Path("tests/bench/counts.json").read_text())
FIX = "  Fix: mend it, or if it is worth it: ./bazelw run //tests/bench"


def test_no_function_takes_more_than_before():
    found = golden(workloads("ours"))
    assert found.keys() == GOLDEN.keys(), "Fix: ./bazelw run //tests/bench"
    messages = list(grown(GOLDEN, found))
    assert not messages, "\n".join(["", *messages, FIX])


def test_every_core_is_counted():
    assert all(on.keys() == CORES.keys() for on in GOLDEN.values())


def test_cycles_of_a_loop():
    """Of //tests/sizes:known.c: PUSH, NOP, SUBS, BNE of which 999 are taken, POP, BX."""
    _, cycles = run_on(OURS / M4F / "known.called.elf", boards(OURS)[M4F])
    assert cycles == 5 + 1 + 1000 + (1000 + 999 * 2) + 5 + 3


def test_golden_is_of_ours():
    short = {"ours-size": Count(150, 10, 8)}
    table = {"dot": {"qemu_m3": {"ours": Count(100, 20, 8), "gcc-O3": None, **short}}}
    assert golden(table) == {
        "dot": {
            "qemu_m3": {
                "ours": {"instructions": 100, "code bytes": 20, "RAM bytes": 8},
                "ours-size": {"instructions": 150, "code bytes": 10, "RAM bytes": 8},
            }
        }
    }
    table = {"dot": {"qemu_m4f": {"ours": Count(100, 20, 8, 150), **short}}}
    assert golden(table)["dot"]["qemu_m4f"]["ours"] == {
        "instructions": 100,
        "code bytes": 20,
        "RAM bytes": 8,
        "cycles": 150,
    }


def test_two_percent_are_tolerated():
    def of(which: str, instructions: int, code: int):
        return {"dot": {"qemu_m3": {which: {"instructions": instructions, "code bytes": code}}}}

    assert not list(grown(of("ours", 1000, 20), of("ours", 1020, 0)))
    most = "expected at most {}, 2% more than in tests/bench/counts.json, found {}."
    assert list(grown(of("ours", 1000, 20), of("ours", 1021, 22))) == [
        f"ERROR(jax_embedded): dot on qemu_m3: {most.format('1,020 instructions', '1,021')}",
        f"ERROR(jax_embedded): dot on qemu_m3: {most.format('20 code bytes', '22')}",
    ]
    assert list(grown(of("ours-size", 1000, 20), of("ours-size", 0, 22))) == [
        f"ERROR(jax_embedded): dot, ours-size on qemu_m3: {most.format('20 code bytes', '22')}",
    ]
