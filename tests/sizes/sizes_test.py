# SPDX-License-Identifier: Apache-2.0
import io
import json
import re
import struct
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from sizes import (
    CORES,
    Called,
    Linked,
    Measured,
    boards,
    call,
    called,
    document,
    linked,
    of_library,
)

MEASURED = Path("tests/sizes/measured")
FUNCTIONS = sorted(path.stem for path in (MEASURED / "qemu_m0").glob("*.json"))
WITH_FPU = ["qemu_m4f", "qemu_m7", "qemu_m33", "qemu_m55"]

STDIO = r"f?put[cs]|putchar|fwrite|_?write|std(in|out|err)|\w*printf\w*|\w*scanf\w*|jxe_\w+"
HEAP = r"_?(malloc|calloc|realloc|free|sbrk)(_r)?"
UNWINDER = r"_Unwind_\w+|__gnu_unwind_\w+|__aeabi_unwind_\w+|__gnu_Unwind_\w+"
END = r"_?exit|abort|__assert\w*"
UNWANTED = re.compile(f"{STDIO}|{HEAP}|{UNWINDER}|{END}")


def program(platform: str, name: str) -> bytes:
    return (MEASURED / platform / name).read_bytes()


def symbols(data: bytes, kind: str | None = None) -> set[str]:
    table = ELFFile(io.BytesIO(data)).get_section_by_name(".symtab")
    return {s.name for s in table.iter_symbols() if kind in (None, s["st_info"]["type"])}


def unwanted(data: bytes) -> set[str]:
    return {name for name in symbols(data) if UNWANTED.fullmatch(name)}


def test_functions_were_found():
    assert len(FUNCTIONS) >= 10
    assert "quadratic" in FUNCTIONS


@pytest.mark.parametrize("platform", CORES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_bring_along_no_stdio_heap_or_unwinder(platform, name):
    alone = program(platform, f"{name}.alone.elf")
    assert name in symbols(alone, "STT_FUNC")
    assert unwanted(alone) == set()
    assert {"printf", "jxe_exit"} <= unwanted(program(platform, f"{name}.called.elf"))


@pytest.mark.parametrize("platform", CORES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_unwind_tables_say_that_there_is_nothing_to_unwind(platform, name):
    cannot_unwind = 1
    elf = ELFFile(io.BytesIO(program(platform, f"{name}.alone.elf")))
    assert not elf.get_section_by_name(".ARM.extab")
    index = elf.get_section_by_name(".ARM.exidx").data()
    assert [what for _, what in struct.iter_unpack("<II", index)] == [cannot_unwind]


@pytest.mark.parametrize("platform", WITH_FPU)
@pytest.mark.parametrize("name", ["dot", "filter", "quadratic", "rescaled_range"])
def test_arithmetic_needs_nothing_else_where_there_is_an_fpu(platform, name):
    functions = symbols(program(platform, f"{name}.alone.elf"), "STT_FUNC")
    kernels = {function for function in functions if function.startswith(f"{name}.")}
    assert functions - kernels == {name}


@pytest.mark.parametrize("platform", CORES)
def test_linked(platform):
    six_instructions = 12
    assert linked(program(platform, "known.alone.elf")) == Linked(six_instructions, 0, 0)
    assert linked(program(platform, "rescaled_range.alone.elf")).variable == 1024
    if platform != "qemu_m55":  # there LLVM has them among the instructions
        assert linked(program(platform, "mlp_baked.alone.elf")).constant >= 1024


@pytest.fixture(scope="module")
def commands():
    return boards(MEASURED)


@pytest.mark.parametrize("platform", ["qemu_m4f", "qemu_m55"])
def test_a_call_takes_what_the_manifest_says_of_the_stack(platform, commands):
    """Where nothing is called that it does not count. Some of it may not be written."""
    command = commands[platform]
    seen = 0
    for name in FUNCTIONS:
        facts = json.loads((MEASURED / platform / f"{name}.json").read_text())
        if not facts["externals"]:
            said = facts["bytes"]["stack"]
            found = call(MEASURED / platform / f"{name}.called.elf", command).stack
            assert found <= said < found + 64, name
            seen += found > 0
    assert seen > 10


def test_called():
    assert called("2004\n7\n", "16\nworst: 8\n") == Called(instructions=2004, stack=16)


def test_not_called():
    with pytest.raises(IndexError):
        called("", "0\n")


def test_of_library():
    assert of_library(["__aeabi_fadd", "memcpy", "sqrtf"]) == ("memcpy", "sqrtf")


def test_document():
    small = Measured(Linked(58, 0, 0), Called(15, 0), constant=0, library=())
    large = Measured(Linked(5000, 1100, 72), Called(2482, 552), constant=1024, library=("expf",))
    vectorised = Measured(
        Linked(4000, 1132, 72), Called(1336, 828), constant=1056, library=("expf",)
    )
    table = {
        "quadratic": dict.fromkeys(CORES, small),
        "mlp": dict.fromkeys(CORES, large) | {"qemu_m55": vectorised},
    }
    rows = [line for line in document(table).splitlines() if line.startswith(("| q", "| m"))]
    assert rows == [
        f"| mlp | 1,024 |{' 5,076 / 624 / 2,482 |' * 5} 4,108 / 900 / 1,336 |",
        f"| quadratic | 0 |{' 58 / 0 / 15 |' * 6}",
        f"| mlp |{' expf |' * 6}",
        f"| quadratic |{' nothing |' * 6}",
    ]
