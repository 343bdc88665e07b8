# SPDX-License-Identifier: Apache-2.0
"""What an ELF object holds."""

import io
from dataclasses import dataclass

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection


@dataclass(frozen=True)
class Section:
    """name: such as ".text". kind: "code", "constant", "data" or "zero" (.bss). size: bytes."""

    name: str
    kind: str
    size: int


def sections(data: bytes) -> tuple[Section, ...]:
    """The sections of the object that occupy memory at run time, without unwind tables."""
    found = []
    for section in ELFFile(io.BytesIO(data)).iter_sections():
        flags, size = section["sh_flags"], section["sh_size"]
        if not flags & SH_FLAGS.SHF_ALLOC or not size or section["sh_type"] == "SHT_ARM_EXIDX":
            continue
        if flags & SH_FLAGS.SHF_EXECINSTR:
            kind = "code"
        elif section["sh_type"] == "SHT_NOBITS":
            kind = "zero"
        else:
            kind = "data" if flags & SH_FLAGS.SHF_WRITE else "constant"
        found.append(Section(section.name, kind, size))
    return tuple(found)


def function_sizes(data: bytes) -> dict[str, int]:
    """The bytes of each function of the object."""
    sizes = {}
    for section in ELFFile(io.BytesIO(data)).iter_sections():
        if isinstance(section, SymbolTableSection):
            sizes |= {
                s.name: s["st_size"]
                for s in section.iter_symbols()
                if s["st_info"]["type"] == "STT_FUNC"
            }
    return sizes


def undefined_symbols(data: bytes) -> tuple[str, ...]:
    """The names that the linker has to find elsewhere, sorted."""
    names = set()
    for section in ELFFile(io.BytesIO(data)).iter_sections():
        if isinstance(section, SymbolTableSection):
            names |= {s.name for s in section.iter_symbols() if s["st_shndx"] == "SHN_UNDEF"}
    return tuple(sorted(names - {""}))
