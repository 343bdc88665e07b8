# SPDX-License-Identifier: Apache-2.0
"""What the encoded instructions are, by a disassembler that is not ours, and what they compute."""

from __future__ import annotations

import random
import re
import struct
import subprocess
import tempfile
from dataclasses import dataclass, field
from fractions import Fraction
from math import inf, isqrt
from pathlib import Path

import pytest

ENCODE = Path("tests/bake/encode")
S8 = ["thumb1", "thumb2"]
F32 = ["fpu", "fpu-soft"]
CHANGEABLE = {"r0", "r1", "r2", "r3"} | {f"s{i}" for i in range(16)}


def objdump() -> Path:
    """The compiler's, among the runfiles."""
    [found] = Path.cwd().parent.glob("*arm_none_eabi*/bin/*objdump*")
    return found


def encoded(core: str, weights: list) -> bytes:
    data = struct.pack(f"<{len(weights)}{'b' if core in S8 else 'f'}", *weights)
    return subprocess.run([ENCODE, core], input=data, stdout=subprocess.PIPE, check=True).stdout


def instructions(code: bytes) -> list[tuple[str, str]]:
    """Each as its bytes in hexadecimal and its text."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(code)
        file.flush()
        options = ["-D", "-b", "binary", "-marm", "-Mforce-thumb", file.name]
        listing = subprocess.run(
            [objdump(), *options], stdout=subprocess.PIPE, text=True, check=True
        )
    found = re.findall(r"^ *[0-9a-f]+:\t([0-9a-f ]+?) *\t([^@\n]*)", listing.stdout, re.MULTILINE)
    return [(raw.replace(" ", ""), " ".join(text.split())) for raw, text in found]


@dataclass(frozen=True)
class Sum:
    """Of inputs: by index, what it is multiplied by, and how many roundings it went through."""

    factors: dict[int, Fraction] = field(default_factory=dict)
    roundings: dict[int, int] = field(default_factory=dict)

    def times(self, factor: Fraction) -> Sum:
        return Sum({i: factor * f for i, f in self.factors.items()}, self.roundings)

    def plus(self, other: Sum) -> Sum:
        """Rounded once; nothing is in both."""
        factors = dict(self.factors)
        for i, factor in other.factors.items():
            factors[i] = factors.get(i, 0) + factor
        roundings = {i: max(one.roundings.get(i, 0) for one in (self, other)) + 1 for i in factors}
        return Sum(factors, roundings)


def bits_of(value: float) -> int:
    return struct.unpack("<I", struct.pack("<f", value))[0]


def expand(imm8: int) -> float:
    """Arm Architecture Reference Manual, VFPExpandImm: sign, three bits of exponent, fraction."""
    exponent = (imm8 >> 4 & 7 ^ 4) - 7
    return (-1) ** (imm8 >> 7) * (16 + (imm8 & 15)) * 2.0**exponent


class Core:
    """Executes the text of instructions, and knows no others than those of a dot product."""

    def __init__(self, element: int) -> None:
        self.element = element
        self.at = 0  # what r0 points to, in bytes
        self.registers: dict[str, Sum | int] = {}
        self.loaded: list[int] = []

    def address(self, offset: int) -> Sum:
        index, rest = divmod(self.at + offset, self.element)
        assert rest == 0
        self.loaded.append(index)
        return Sum({index: Fraction(1)}, {index: 0})

    def write(self, name: str, value: Sum | int) -> None:
        assert name in CHANGEABLE
        self.registers[name] = value

    def sum(self, name: str) -> Sum:
        found = self.registers[name]
        if isinstance(found, Sum):
            return found
        assert found == 0
        return Sum()

    def number(self, name: str) -> Fraction:
        """Of a constant of f32."""
        found = self.registers[name]
        assert isinstance(found, int)
        return Fraction(struct.unpack("<f", struct.pack("<I", found))[0])

    def execute(self, text: str) -> None:
        name, _, rest = text.partition(" ")
        if name in ("vldmia", "ldrsb.w", "ldrsb", "vldr"):
            self.load(name, rest)
            return
        operands = rest.replace("#", "").split(", ")
        d, *others = operands
        match name:
            case "adds" | "addw" if d == "r0":
                assert others[:-1] in ([], ["r0"])
                self.at += int(others[-1])
            case "movs" | "movw" | "mov.w":
                self.write(d, int(others[0]))
            case "movt":
                low = self.registers[d]
                assert isinstance(low, int)
                self.write(d, int(others[0]) << 16 | low & 0xFFFF)
            case "vmov" if len(others) == 3:
                assert others[0] == f"s{int(d[1:]) + 1}"
                self.write(d, self.registers[others[1]])
                self.write(others[0], self.registers[others[2]])
            case "vmov" | "mov":
                self.write(d, self.registers[others[0]])
            case "vmov.f32" if others[0][0] != "s":
                self.write(d, bits_of(expand(int(others[0]))))
            case "vmov.f32":
                self.write(d, self.sum(others[0]))
            case "vneg.f32":
                self.write(d, self.sum(others[0]).times(Fraction(-1)))
            case "adds" | "add.w" | "subs" | "sub.w" | "vadd.f32" | "vsub.f32":
                n, m, *shift = others
                sign = -1 if "sub" in name else 1
                factor = sign << int(shift[0].removeprefix("lsl ")) if shift else sign
                self.write(d, self.sum(n).plus(self.sum(m).times(Fraction(factor))))
            case "lsls":
                n, shift = others
                self.write(d, self.sum(n).times(Fraction(1 << int(shift))))
            case "muls":
                factor = self.registers[d]
                assert isinstance(factor, int)
                self.write(d, self.sum(others[0]).times(Fraction(factor)))
            case "mla" | "mls":
                n, m, a = others
                factor = self.registers[m]
                assert isinstance(factor, int)
                factor = -factor if name == "mls" else factor
                self.write(d, self.sum(a).plus(self.sum(n).times(Fraction(factor))))
            case "vmul.f32" | "vnmul.f32" | "vfma.f32" | "vfms.f32":
                n, m = others
                factor = self.number(n)
                factor = -factor if name in ("vnmul.f32", "vfms.f32") else factor
                before = self.sum(d) if "vf" in name else Sum()
                self.write(d, before.plus(self.sum(m).times(factor)))
            case _:
                pytest.fail(f"expected no {text}")

    def load(self, name: str, rest: str) -> None:
        if name == "vldmia":
            first, last = re.fullmatch(r"r0!, \{s(\d+)-s(\d+)\}", rest).groups()
            for i in range(int(first), int(last) + 1):
                self.write(f"s{i}", self.address(0))
                self.at += self.element
            return
        d, offset = re.fullmatch(r"(\w+), \[r0(?:, #?(\w+))?\]", rest).groups()
        if name == "ldrsb":
            offset = self.registers[offset]
        self.write(d, self.address(int(offset or 0)))


def computed(core: str, weights: list) -> tuple[list[str], Sum]:
    """The instructions and what they compute, of inputs that exist."""
    *body, (_, last) = instructions(encoded(core, weights))
    assert last == "bx lr"
    machine = Core(1 if core in S8 else 4)
    for raw, text in body:
        assert core != "thumb1" or len(raw) == 4, text
        machine.execute(text)
    assert all(0 <= index < len(weights) for index in machine.loaded)
    assert len(machine.loaded) == len(set(machine.loaded))
    result = machine.registers["s0" if core == "fpu" else "r0"]
    return [text for _, text in body], result if isinstance(result, Sum) else Sum()


def expected(weights: list) -> dict[int, Fraction]:
    return {i: Fraction(weight) for i, weight in enumerate(weights) if weight != 0}


def f32(value: float) -> float:
    return struct.unpack("<f", struct.pack("<f", value))[0]


def drawn(core: str, n: int, seed: int) -> list:
    choose = random.Random(f"{n} {seed}")
    zeros = choose.choice([0, 0, 0.3, 0.9, 0.99])

    def weight():
        if choose.random() < zeros:
            return 0
        if core in S8:
            return choose.randint(-128, 127)
        return choose.choice(
            [
                f32(choose.gauss(0, 1)),
                choose.choice([-1.0, 1.0]),
                choose.randint(-40, 40) / 8,
                2.0 ** choose.randint(-140, 127),
                f32(choose.randint(1, 1 << 20) * 2.0**-149),
            ]
        )

    return [weight() for _ in range(n)]


LENGTHS = [*range(20), 31, 32, 33, 64, 254, 255, 256, 257, 300, 511, 1025, 3000]


@pytest.mark.parametrize("core", S8 + F32)
@pytest.mark.parametrize("n", LENGTHS)
def test_computes_the_dot_product_of_its_weights(core, n):
    for seed in range(3):
        weights = drawn(core, n, seed)
        _, found = computed(core, weights)
        assert {i: f for i, f in found.factors.items() if f} == expected(weights)


@pytest.mark.parametrize("core", F32)
def test_f32_is_added_in_parts(core):
    for n in (16, 17, 256, 257, 3000):
        weights = [f32(random.Random(i).gauss(0, 1)) for i in range(n)]
        _, found = computed(core, weights)
        most = max(16, isqrt(n - 1) + 1)
        parts = -(-n // most)
        assert max(found.roundings.values()) <= most + parts - 1


@pytest.mark.parametrize("core", S8)
def test_s8_has_every_weight(core):
    for weight in range(-128, 128):
        for other in (1, -weight // 2):
            weights = [weight, max(other, -127)]
            assert computed(core, weights)[1].factors == expected(weights)


@pytest.mark.parametrize("core", F32)
def test_f32_has_every_value_of_eight_bits_at_once(core):
    """Arm Architecture Reference Manual, VFPExpandImm."""
    values = [
        sign * (16 + fraction) * 2.0**exponent
        for sign in (1, -1)
        for fraction in range(16)
        for exponent in range(-7, 1)
    ]
    for value in values:
        text, found = computed(core, [value])
        assert found.factors == expected([value])
        assert len(text) == (2 if abs(value) == 1 else 3) + (core != "fpu")


def count(core: str, weights: list) -> int:
    """Without BX LR."""
    return len(computed(core, weights)[0])


def test_f32_takes_no_more_than_it_needs():
    pi = f32(3.1415927)
    assert count("fpu", [pi]) == 1 + 3 + 1  # VLDR; MOVW, MOVT, VMOV; VMUL
    assert count("fpu", [2.0**-40]) == 1 + 2 + 1  # MOV, VMOV
    assert count("fpu", [pi, -pi, pi]) == 1 + 3 + 3  # one constant
    assert count("fpu", [pi, -0.1]) == 1 + 4 + 1 + 2  # one VMOV for both
    assert count("fpu", [pi, 3.0]) == count("fpu", [3.0, pi]) == 1 + 3 + 1 + 2
    roots = [f32(i**0.5) for i in (2, 3, 5, 6, 7, 10, 11, 13)]
    assert count("fpu", roots) == 1 + 8 * 2 + 4 + 8
    assert count("fpu", [1.0, -1.0, 1.0]) == 1 + 3  # none
    assert count("fpu", [0.0] * 1000 + [1.0]) == 1 + 1 + 1  # ADDW
    assert count("fpu", [0.0] * 255 + [1.0]) == 1 + 1
    bfloat16 = [2 + i / 64 for i in range(1, 16, 2)]
    assert count("fpu", bfloat16) == 1 + 2 + 8 + 4 + 8  # MOVW once for each register


def test_s8_takes_no_more_than_it_needs():
    assert count("thumb2", [7, 0, 0]) == 1 + 1 + 2 + 1  # MOVS; LDRSB; MOVS, MLA; MOV
    assert count("thumb2", [-64]) == 1 + 1 + 1 + 1  # SUB
    assert count("thumb2", [9] * 10) == 1 + 10 + 9 + 2 + 1
    assert count("thumb2", [9, 100]) == 1 + 2 * (1 + 2) + 1  # no sum goes on
    assert count("thumb2", [99, 100]) == 1 + 2 + 1 + 1 + 2 + 1  # one does
    assert count("thumb1", [3]) == 1 + 2 + 3 + 1
    assert count("thumb1", [99, 100]) == 1 + 2 + 1 + 2 + 1 + 3 + 1
    assert count("thumb1", [0] * 1000) == 1 + 3 + 1


def test_f32_that_is_no_number():
    """What the constants are: computed() wants numbers."""
    infinity = ["mov.w r1, #2139095040", "vmov s2, r1"]
    nan = ["movw r1, #0", "movt r1, #32704", "vmov s2, r1"]
    for value, constant, multiply in (
        (inf, infinity, "vmul.f32 s0, s2, s8"),
        (-inf, infinity, "vnmul.f32 s0, s2, s8"),
        (float("nan"), nan, "vmul.f32 s0, s2, s8"),
    ):
        text = [t for _, t in instructions(encoded("fpu", [value]))]
        assert text == ["vldr s8, [r0]", *constant, multiply, "bx lr"]
