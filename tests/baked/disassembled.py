# SPDX-License-Identifier: Apache-2.0
"""The instructions of programs, as objdump finds them."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

_LOADS = re.compile(r"v?ldr|v?ldm|v?pop|pop|vld")
_BRANCHES = re.compile(r"(b|bl|blx|bx|cbn?z|tb[bh]|le|wls\w*|dls\w*)(\.[nw])?$")
_CONDITIONAL = re.compile(r"b(eq|ne|cs|cc|hs|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)(\.[nw])?$")


@dataclass(frozen=True)
class Instruction:
    mnemonic: str
    operands: str

    @property
    def is_load(self) -> bool:
        return bool(_LOADS.match(self.mnemonic))

    @property
    def is_conditional(self) -> bool:
        return bool(_CONDITIONAL.match(self.mnemonic))

    @property
    def is_of_stack(self) -> bool:
        """Whether it loads what was spilled."""
        return self.is_load and "[sp" in self.operands

    @property
    def words(self) -> int:
        """That a load loads."""
        listed = re.search(r"\{(.*)\}", self.operands)
        if listed:
            return len(listed[1].split(","))
        return 2 if self.mnemonic.startswith("ldrd") else 1

    @property
    def is_return(self) -> bool:
        return self.mnemonic.startswith(("pop", "vpop")) or self.operands.startswith("sp!")

    @property
    def is_branch(self) -> bool:
        return bool(_BRANCHES.match(self.mnemonic) or _CONDITIONAL.match(self.mnemonic))


def functions(program: Path) -> dict[str, list[Instruction]]:
    """Those of an ELF file, by name."""
    [objdump] = Path(__file__).parents[3].glob("*arm_none_eabi*/bin/*objdump*")
    listing = subprocess.run(
        [objdump, "--disassemble", "--no-show-raw-insn", program],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    found: dict[str, list[Instruction]] = {}
    for line in listing.splitlines():
        if begin := re.fullmatch(r"[0-9a-f]+ <(.*)>:", line):
            found[begin[1]] = []
        elif line.startswith(" "):
            _, mnemonic, *operands = line.split("\t")
            found[list(found)[-1]].append(Instruction(mnemonic, " ".join(operands)))
    return found
