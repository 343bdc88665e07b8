# SPDX-License-Identifier: Apache-2.0
"""Measures examples/baked_mlp on boards that are emulated and writes docs/baked.md."""

import os
import sys
from pathlib import Path

from accuracy import KINDS, accuracy
from disassembled import functions
from sizes import CORES, Failed, Measured, measure

TITLES = {
    "floats": "f32",
    "immediates": "f32 that VMOV encodes",
    "int8": "int8",
    "ternary": "ternary",
    "sparse": "f32, 75 % zeros",
}

HEAD = """\
# Weights in the code, measured

`./bazelw run //tests/bench/baked` measures this anew: the network of `examples/baked_mlp`, 64-32-10
with relu, which reads digits; with five kinds of weights, and each of them with `weights = "code"`
and `weights = "data"`. What it does is in [rules.md](rules.md#weights-in-the-code).

Flash / RAM / instructions of one call, counted as in [Sizes](sizes.md), but **flash** is all of it:
code and weights, which as data are 2,410 numbers of four bytes, those of int8 of one. **accuracy**:
of the 450 digits that the network was not trained with, how many it reads. int8 is i32 arithmetic.
Bold: the fewest instructions of a core. On a core without an FPU weights of f32 stay data.

| weights | accuracy | in | {cores} |
|---|---:|---|{rules}|
"""


SPILLED = """
Of these instructions so many load what the registers had no room for, once a call: """

MEASURED = Path(__file__).parent / "measured"


def main() -> None:
    try:
        table = measure(MEASURED)
    except Failed as failed:
        sys.exit(str(failed))
    boards = [platform for platform in CORES if platform in table["floats"]]
    text = HEAD.format(
        cores=" | ".join(CORES[board] for board in boards), rules="|".join(["---:"] * len(boards))
    )
    fewest = {
        board: min(on[board].called.instructions for on in table.values()) for board in boards
    }
    for kind in KINDS:
        for place, name in (("code", kind), ("data", f"{kind}_in_memory")):
            cells = [numbers(table[name][board], fewest[board]) for board in boards]
            what = [TITLES[kind], f"{accuracy(kind):.1%}"] if place == "code" else ["", ""]
            text += f"| {' | '.join([*what, place, *cells])} |\n"
    text += SPILLED + ", ".join(
        f"{spilled(board, kind)} of {kind} on {CORES[board]}"
        for kind in KINDS
        for board in boards
        if spilled(board, kind)
    )
    text += ".\n"
    sys.stdout.write(text)
    Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."), "docs/baked.md").write_text(text)


def spilled(board: str, kind: str) -> int:
    """In the code of both layers."""
    found = functions(MEASURED / board / f"{kind}.alone.elf")
    layers = [code for name, code in found.items() if "baked_dot" in name]
    return sum(i.is_of_stack for code in layers for i in code)


def numbers(measured: Measured, fewest: int) -> str:
    flash = measured.linked.code + measured.linked.constant
    ram = measured.linked.variable + measured.called.stack
    count = f"{measured.called.instructions:,}"
    if measured.called.instructions == fewest:
        count = f"**{count}**"
    return f"{flash:,} / {ram:,} / {count}"


if __name__ == "__main__":
    main()
