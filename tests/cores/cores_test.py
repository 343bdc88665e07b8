# SPDX-License-Identifier: Apache-2.0
import re
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

EXAMPLES = Path("tests/cores/examples")
CORES = ["cortex_m0", "cortex_m3", "cortex_m33", "cortex_m4f", "cortex_m55", "cortex_m7"]
WITH_FPU = CORES[2:]


def instructions(core: str, name: str) -> list[str]:
    text = (EXAMPLES / core / f"{name}.s").read_text()
    return re.findall(r"^\t([a-z][\w.]*\b.*)", text, re.MULTILINE)


def mnemonic(instruction: str) -> str:
    return instruction.split()[0]


def test_quadratic_is_straight_code():
    code = instructions("cortex_m4f", "quadratic")
    assert len(code) <= 15
    assert code[-1].split() == ["bx", "lr"]
    assert not [
        i
        for i in code[:-1]
        if re.match(
            r"(b|bl|blx|bx|cbn?z|tb[bh]|push|vpush|stm\w*|it\w*)$|b(eq|ne|[lg][te]|hi|ls)\b",
            mnemonic(i),
        )
    ]


@pytest.mark.parametrize("core", WITH_FPU)
def test_float_arithmetic_is_in_hardware(core):
    for name in ("quadratic", "dot", "rescaled_range"):
        code = [mnemonic(i) for i in instructions(core, name)]
        assert [m for m in code if m.startswith(("vmul", "vadd", "vfma"))]
        assert not [i for i in instructions(core, name) if "__aeabi_f" in i]


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("name", ["quadratic", "dot", "rescaled_range"])
def test_object_is_for_arm_and_shows_one_symbol(core, name):
    with (EXAMPLES / core / f"{name}.o").open("rb") as file:
        elf = ELFFile(file)
        assert (elf["e_machine"], elf["e_type"]) == ("EM_ARM", "ET_REL")
        symbols = elf.get_section_by_name(".symtab").iter_symbols()
        visible = [
            s.name
            for s in symbols
            if s["st_info"]["bind"] == "STB_GLOBAL" and s["st_shndx"] != "SHN_UNDEF"
        ]
        assert visible == [name]
        assert not [
            s.name
            for s in elf.iter_sections()
            if s.name.startswith((".init", ".fini", ".ARM.extab", ".eh_frame"))
        ]


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize(
    ("name", "writes"), [("rescaled_range", 1024), ("cumulative_reentrant", 0)]
)
def test_writable_static_memory(core, name, writes):
    with (EXAMPLES / core / f"{name}.o").open("rb") as file:
        sizes = [s["sh_size"] for s in ELFFile(file).iter_sections() if s["sh_flags"] & 1]
    assert sum(sizes) == writes


@pytest.mark.parametrize("core", CORES)
def test_float_abi(core):
    """Hard-float objects say so: a soft-float firmware does not link them."""
    with (EXAMPLES / core / "quadratic.o").open("rb") as file:
        section = ELFFile(file).get_section_by_name(".ARM.attributes")
        tags = {
            a.tag: a.value
            for sub in section.iter_subsections()
            for s in sub.iter_subsubsections()
            for a in s.iter_attributes()
        }
    assert (tags.get("TAG_ABI_VFP_ARGS") == 1) == (core in WITH_FPU)
