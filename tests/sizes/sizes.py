# SPDX-License-Identifier: Apache-2.0
"""Measures every example on every board that is emulated and writes docs/sizes.md."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from jax_embedded.llvm.object_file import sections

FOLDER = Path(__file__).parent
PLUGIN = FOLDER / "instructions.so"
CORES = {
    "qemu_m0": "M0",
    "qemu_m3": "M3",
    "qemu_m4f": "M4F",
    "qemu_m7": "M7",
    "qemu_m33": "M33",
    "qemu_m55": "M55",
}

HEAD = """\
# Sizes

`./bazelw run //tests/sizes` measures these tables anew: code / RAM / instructions of the functions
of `examples/`, as the exporter makes them for each core. Every machine gives the same numbers;
another C library or compiler's run-time library gives others to a function that calls it.

* **code**: bytes of `.text` and `.rodata` of the function and of all that it calls, in the C
  library and the compiler's run-time library, linked alone with `--gc-sections`, less the weights.
* **weights**: bytes of constant arrays, the same on every core. What the compiler made immediate
  values of is code.
* **RAM**: bytes of `.data` and `.bss` of the same, and of the stack, as deep as the call wrote. Not
  in it is what the caller passes.
* **instructions**: what one call executes in qemu, up to its return, with the values of
  `example_inputs` or else the first draw of `jax_llvm_test`. They are no cycles: a division is one
  instruction, and so is an operation on four lanes.

| function | weights | {cores} |
|---|---:|{rules}|
"""

CALLED = """\

What the functions call of the C library. On a core without an FPU they call the compiler's run-time
library too, for arithmetic. None brings along stdio, a heap or the unwinder; of unwind tables there
are 8 bytes, not counted above, which say that there is nothing to unwind. All this is tested by
`//tests/sizes:sizes_test`.

| function | {cores} |
|---|{rules}|
"""


@dataclass(frozen=True)
class Linked:
    """Bytes of a function and of what it calls.

    constant: with the weights. variable: .data and .bss.
    """

    code: int
    constant: int
    variable: int


@dataclass(frozen=True)
class Called:
    """What a call takes. stack: bytes."""

    instructions: int
    stack: int


@dataclass(frozen=True)
class Measured:
    """constant: bytes of constants in the function's own object. library: what it calls of the
    C library."""

    linked: Linked
    called: Called
    constant: int
    library: tuple[str, ...]


class Failed(Exception):
    """A program whose exit code is not 0. code: what it was; 1: the judge's no."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


# Of known.c.
KNOWN = Called(instructions=2004, stack=16)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default="docs/sizes.md", help="(default: %(default)s)")
    options = parser.parse_args()
    try:
        table = measure(FOLDER / "measured")
    except Failed as failed:
        sys.exit(str(failed))
    text = document(table)
    sys.stdout.write(text)
    Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."), options.out).write_text(text)


def qemu() -> Path:
    """The emulator among the runfiles."""
    [found] = FOLDER.parents[2].glob("*jax_embedded_qemu/qemu-system-arm")
    return found


def measure(folder: Path) -> dict[str, dict[str, Measured]]:
    """Function -> platform -> what it takes."""
    table: dict[str, dict[str, Measured]] = {}
    for platform, command in boards(folder).items():
        on_board = folder / platform
        for manifest in sorted(on_board.glob("*.json")):
            name = manifest.stem
            facts = json.loads(manifest.read_text())
            table.setdefault(name, {})[platform] = Measured(
                linked=linked((on_board / f"{name}.alone.elf").read_bytes()),
                called=call(on_board / f"{name}.called.elf", command),
                constant=facts["bytes"]["constant"],
                library=of_library(facts["externals"]),
            )
    return table


def boards(folder: Path) -> dict[str, list[str]]:
    """Platform -> the command of its board. folder: of on_boards, with the program of known.c, by
    which it is checked that the board counts."""
    commands = {}
    for platform, machine in json.loads((folder / "machines.json").read_text()).items():
        commands[platform] = [str(qemu()), "-M", machine]
        found = call(folder / platform / "known.called.elf", commands[platform])
        if found != KNOWN:
            sys.exit(f"BUG(jax_embedded): {platform}: known: expected {KNOWN}, found {found}.")
    return commands


def linked(program: bytes) -> Linked:
    """What lies in an ELF file."""
    found = sections(program)

    def size(*kinds: str) -> int:
        return sum(section.size for section in found if section.kind in kinds)

    return Linked(code=size("code"), constant=size("constant"), variable=size("data", "zero"))


def of_library(externals: Iterable[str]) -> tuple[str, ...]:
    """Without the compiler's run-time library, whose names are reserved ones."""
    return tuple(name for name in externals if not name.startswith("__"))


def call(
    program: Path, command: list[str], profile: Path | None = None, reads: Path | None = None
) -> Called:
    """Runs a program of call_first.c on a board. profile, reads: get what instructions.c writes to
    them; counted are the reads of what the program has in flash. Raises Failed."""
    begin, end = (address(program, symbol) for symbol in ("jxe_begin", "jxe_end"))
    flash = in_flash(program)
    with tempfile.TemporaryDirectory() as temporary:
        counts = Path(temporary) / "counts"
        options = [
            *("-display", "none", "-monitor", "none", "-serial", "none"),
            *("-semihosting-config", "enable=on,target=native"),
            *("-kernel", str(program)),
            "-plugin",
            f"{PLUGIN},begin={begin:#x},end={end:#x},out={counts}"
            + (f",profile={profile}" if profile else "")
            + (f",reads={reads},from={flash[0]:#x},to={flash[1]:#x}" if reads else ""),
        ]
        said = subprocess.run(
            [*command, *options], stdout=subprocess.PIPE, text=True, timeout=300, check=False
        )
        if said.returncode:
            raise Failed(
                f"ERROR(jax_embedded): {program.name} on {program.parent.name}: expected exit"
                f" code 0, found {said.returncode}:\n{said.stdout}"
                "  Fix: mend the function, or take a qemu with plugin interface 7, such as 11.1.",
                said.returncode,
            )
        return called(counts.read_text(), said.stdout)


def address(program: Path, symbol: str) -> int:
    """Of an instruction."""
    with program.open("rb") as file:
        [found] = ELFFile(file).get_section_by_name(".symtab").get_symbol_by_name(symbol)
        return found["st_value"] & ~1


def in_flash(program: Path) -> tuple[int, int]:
    """The addresses of its code and constants: the first, and the one behind the last."""
    with program.open("rb") as file:
        found = [
            (s["sh_addr"], s["sh_addr"] + s["sh_size"])
            for s in ELFFile(file).iter_sections()
            if s["sh_flags"] & SH_FLAGS.SHF_ALLOC and not s["sh_flags"] & SH_FLAGS.SHF_WRITE
        ]
    return min(begin for begin, _ in found), max(end for _, end in found)


def called(counts: str, said: str) -> Called:
    """The first call. counts: of instructions.c, a line for each. said: by call_first.c."""
    return Called(int(counts.splitlines()[0]), int(said.splitlines()[0]))


def document(table: Mapping[str, Mapping[str, Measured]]) -> str:
    """The text of docs/sizes.md."""
    cores = " | ".join(CORES.values())
    text = HEAD.format(cores=cores, rules="|".join(["---:"] * len(CORES)))
    for name, on in sorted(table.items()):
        # What a core's compiler adds to them is code.
        weights = min(measured.constant for measured in on.values())
        cells = [name, f"{weights:,}", *(numbers(on[platform], weights) for platform in CORES)]
        text += f"| {' | '.join(cells)} |\n"
    text += CALLED.format(cores=cores, rules="|".join(["---"] * len(CORES)))
    for name, on in sorted(table.items()):
        cells = [name, *(", ".join(on[platform].library) or "nothing" for platform in CORES)]
        text += f"| {' | '.join(cells)} |\n"
    return text


def numbers(measured: Measured, weights: int) -> str:
    """Code, RAM and instructions."""
    code = measured.linked.code + measured.linked.constant - weights
    ram = measured.linked.variable + measured.called.stack
    return f"{code:,} / {ram:,} / {measured.called.instructions:,}"


if __name__ == "__main__":
    main()
