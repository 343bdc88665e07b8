# SPDX-License-Identifier: Apache-2.0
"""Measures functions with and without a DSP library on boards that are emulated and writes
docs/dsp.md."""

import os
import sys
from pathlib import Path

from sizes import CORES, Failed, Measured, measure

HEAD = """\
# A DSP library, measured

`./bazelw run //tests/bench/dsp` measures this anew: functions of `tests/bench/dsp`, by code of the
exporter's (`--//runtime:dsp=builtin`) and by CMSIS-DSP (`cmsis_dsp`), release 1.10.3 of its Python
package, compiled with `-O3` and `ARM_MATH_LOOPUNROLL`. What goes through the library is in
[rules.md](rules.md#a-dsp-library).

Instructions / flash / RAM of one call, counted as in [Sizes](sizes.md); flash is code and
constants, the library's too. Bold: the fewest instructions. All results are judged
([Numerics](numerics.md)); the constant part of the bound is 4, and 8 for the transform of 1024.

| function | by | {cores} |
|---|---|{rules}|
"""
MAKERS = {"builtin": "ours", "cmsis_dsp": "CMSIS-DSP"}
FOLDER = Path(os.path.relpath(Path(__file__).parent))


def main() -> None:
    try:
        tables = {maker: measure(FOLDER / maker) for maker in MAKERS}
    except Failed as failed:
        sys.exit(str(failed))
    functions = tables["builtin"]
    boards = [board for board in CORES if board in functions["dot"]]
    text = HEAD.format(
        cores=" | ".join(CORES[board] for board in boards), rules="|".join(["---:"] * len(boards))
    )
    for function in functions:
        for maker, title in MAKERS.items():
            cells = [
                numbers(
                    tables[maker][function][board], [t[function][board] for t in tables.values()]
                )
                for board in boards
            ]
            first = function if maker == "builtin" else ""
            text += f"| {first} | {title} | {' | '.join(cells)} |\n"
    sys.stdout.write(text)
    Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."), "docs/dsp.md").write_text(text)


def numbers(measured: Measured, all_of_them: list[Measured]) -> str:
    flash = measured.linked.code + measured.linked.constant
    ram = measured.linked.variable + measured.called.stack
    count = f"{measured.called.instructions:,}"
    if measured.called.instructions == min(found.called.instructions for found in all_of_them):
        count = f"**{count}**"
    return f"{count} / {flash:,} / {ram:,}"


if __name__ == "__main__":
    main()
