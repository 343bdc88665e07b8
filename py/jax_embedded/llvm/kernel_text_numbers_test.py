# SPDX-License-Identifier: Apache-2.0
import ctypes
import struct
from decimal import Decimal, localcontext
from fractions import Fraction

import llvmlite.binding as llvm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jax_embedded.errors import InternalError
from jax_embedded.llvm.kernel_text import rewrite_numbers
from jax_embedded.llvm.targets import target_machine
from jax_embedded.target import TARGETS

WIDTH = {"half": 16, "bfloat": 16, "float": 32, "double": 64}
INFINITY = {"half": 0x7C00, "bfloat": 0x7F80, "float": 0x7F800000, "double": 0x7FF << 52}


def llvm_text(kind: str, bits: int) -> str:
    """LLVM's hexadecimal for the bits of a number: a float is written as the double it is."""
    if kind in ("half", "bfloat"):
        return f"0x{'H' if kind == 'half' else 'R'}{bits:04X}"
    if kind == "float":
        value = np.array([bits], np.uint32).view(np.float32)
        if np.isnan(value[0]):
            bits = (bits >> 31) << 63 | 0x7FF << 52 | (bits & 0x7FFFFF) << 29
        else:
            bits = int(value.astype(np.float64).view(np.uint64)[0])
    return f"0x{bits:016X}"


def number(kind: str, text: str) -> str:
    """What becomes of a number of that type."""
    line = rewrite_numbers(f"  store {kind} {text}, ptr %p, align 1")
    return line.removeprefix(f"  store {kind} ").removesuffix(", ptr %p, align 1")


def value_of(kind: str, bits: int) -> Fraction:
    """bits: of a finite number that is not negative."""
    if kind == "bfloat":
        kind, bits = "float", bits << 16
    code = {"half": "<e", "float": "<f", "double": "<d"}[kind]
    return Fraction(struct.unpack(code, bits.to_bytes(WIDTH[kind] // 8, "little"))[0])


def decimal(value: Fraction) -> str:
    """All digits of it."""
    with localcontext(prec=1200):
        return f"{Decimal(value.numerator) / Decimal(value.denominator):.1150e}"


SPECIAL = [
    ("float", "+inf", 0x7F800000),
    ("float", "inf", 0x7F800000),
    ("float", "-inf", 0xFF800000),
    ("double", "-inf", 0xFFF << 52),
    ("half", "+inf", 0x7C00),
    ("bfloat", "-inf", 0xFF80),
    ("float", "+qnan", 0x7FC00000),
    ("float", "-qnan", 0xFFC00000),
    ("float", "nan", 0x7FC00000),
    ("double", "+qnan", 0x7FF8 << 48),
    ("half", "-qnan", 0xFE00),
    ("bfloat", "+qnan", 0x7FC0),
    ("float", "-nan(0x1)", 0xFFC00001),
    ("float", "+nan(0x3F)", 0x7FC0003F),
    ("float", "+snan(0x1)", 0x7F800001),
    ("double", "-snan(0xABC)", 0xFFF0000000000ABC),
    ("half", "+snan(0x2)", 0x7C02),
    ("float", "f0x3C23D70A", 0x3C23D70A),
    ("float", "f0xff800000", 0xFF800000),
    ("double", "f0x3FE0000000000000", 0x3FE0 << 48),
    ("half", "f0x3C00", 0x3C00),
    ("bfloat", "f0x3F80", 0x3F80),
    ("float", "0.000000e+00", 0),
    ("float", "-0.000000e+00", 1 << 31),
    ("double", "-0.0", 1 << 63),
    ("float", "1.0", 0x3F800000),
    ("float", "+1.5", 0x3FC00000),
    ("float", "3.000000e-01", 0x3E99999A),
    ("float", "1.000000e-01", 0x3DCCCCCD),
    ("double", "1.000000e-01", 0x3FB999999999999A),
    ("half", "1.000000e-01", 0x2E66),
    ("bfloat", "1.000000e-01", 0x3DCD),
    ("float", "3.40282347e+38", 0x7F7FFFFF),
    ("float", "1.401298e-45", 1),
    ("float", "7.0e-46", 0),
    ("float", "-1.0e-60", 1 << 31),
    ("half", "6.5504e+4", 0x7BFF),
    ("half", "6.5519e+4", 0x7BFF),
    ("double", "4.9406564584124654e-324", 1),
    ("double", "1.0e-400", 0),
    ("float", "16777217.0", 0x4B800000),
    ("float", "16777219.0", 0x4B800002),
]


@pytest.mark.parametrize(("kind", "text", "bits"), SPECIAL)
def test_special_numbers(kind, text, bits):
    assert number(kind, text) == llvm_text(kind, bits)


def test_llvm_reads_the_bits_we_mean():
    lines = [f"@x{i} = constant {kind} {text}" for i, (kind, text, _) in enumerate(SPECIAL)]
    module = llvm.parse_assembly("\n".join(rewrite_numbers(line) for line in lines))
    builder = llvm.JITLibraryBuilder().add_object_img(
        target_machine(TARGETS["host"]).emit_object(module)
    )
    for i in range(len(SPECIAL)):
        builder.export_symbol(f"x{i}")
    library = builder.link(llvm.create_lljit_compiler(use_jit_link=True), "numbers")
    for i, (kind, text, bits) in enumerate(SPECIAL):
        data = ctypes.string_at(library[f"x{i}"], WIDTH[kind] // 8)
        assert int.from_bytes(data, "little") == bits, (kind, text)


@pytest.mark.parametrize("kind", WIDTH)
@settings(max_examples=400, deadline=None, derandomize=True)
@given(data=st.data())
def test_decimals_are_rounded_to_nearest_and_ties_to_even(kind, data):
    """A number, the middle between it and the next, and what lies a little to either side."""
    least_normal = INFINITY[kind] & ~(INFINITY[kind] << 1)
    bits = data.draw(
        st.integers(0, INFINITY[kind] - 2)
        | st.integers(0, 3)
        | st.integers(0, least_normal)
        | st.integers(least_normal - 3, least_normal + 3)
    )
    sign = data.draw(st.sampled_from(["", "-"]))
    low, high = value_of(kind, bits), value_of(kind, bits + 1)
    middle, little = (low + high) / 2, (high - low) / 10**20
    for value, expected in (
        (low, bits),
        (low + little, bits),
        (middle - little, bits),
        (middle, bits + bits % 2),
        (middle + little, bits + 1),
        (high - little, bits + 1),
    ):
        negative = 1 << (WIDTH[kind] - 1) if sign else 0
        assert number(kind, sign + decimal(value)) == llvm_text(kind, negative | expected)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_decimals_as_llvm_prints_them(value):
    for kind, dtype, integer in (
        ("float", np.float32, np.uint32),
        ("double", np.float64, np.uint64),
    ):
        text = f"{value:.6e}"
        bits = np.array([dtype(text)]).view(integer)[0]
        if abs(float(text)) < 3.4e38:
            assert number(kind, text) == llvm_text(kind, int(bits))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("half", "6.5520e+4"),
        ("half", "-1.0e+9"),
        ("float", "3.4028236e+38"),
        ("bfloat", "3.4e+38"),
        ("double", "1.0e+309"),
    ],
)
def test_a_decimal_too_large_for_its_type(kind, text):
    with pytest.raises(InternalError) as caught:
        number(kind, text)
    assert caught.value.what == f"LLVM IR: expected a number of type {kind}, found {text}"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("  %1 = fadd float %0, 1.0", "  %1 = fadd float %0, 0x3FF0000000000000"),
        (
            "  %1 = fadd <2 x half> %0, <half 1.0, half -inf>",
            "  %1 = fadd <2 x half> %0, <half 0xH3C00, half 0xHFC00>",
        ),
        (
            "  %9 = phi float [ %19, %12 ], [ -inf, %6 ]",
            "  %9 = phi float [ %19, %12 ], [ 0xFFF0000000000000, %6 ]",
        ),
        (
            "  %2 = select i1 %1, float 1.0, float -0.0",
            "  %2 = select i1 %1, float 0x3FF0000000000000, float 0x8000000000000000",
        ),
        ("  %2 = fcmp oeq double %1, +inf", "  %2 = fcmp oeq double %1, 0x7FF0000000000000"),
        (
            "@0 = private constant [2 x bfloat] [bfloat 0.5, bfloat +qnan]",
            "@0 = private constant [2 x bfloat] [bfloat 0xR3F00, bfloat 0xR7FC0]",
        ),
        (
            "@0 = constant { float, half } { float 2.0, half 2.0 }",
            "@0 = constant { float, half } { float 0x4000000000000000, half 0xH4000 }",
        ),
        (
            "  %1 = call float @f(double 0.1, float 0.1)",
            "  %1 = call float @f(double 0x3FB999999999999A, float 0x3FB99999A0000000)",
        ),
        ("  %1 = fptrunc double 0.1 to float", "  %1 = fptrunc double 0x3FB999999999999A to float"),
        ("  ret float 5.000000e-01", "  ret float 0x3FE0000000000000"),
        (
            "  %1 = fmul <4 x float> %0, splat (float 0.5)",
            "  %1 = fmul <4 x float> %0, splat (float 0x3FE0000000000000)",
        ),
    ],
)
def test_numbers_by_place(line, expected):
    assert rewrite_numbers(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        "inf:",
        "nan:                              ; preds = %inf",
        "  br label %inf",
        "  br i1 %1, label %nan, label %inf",
        "  %x1.0 = fadd float %x2.5, %inf",
        "  %1 = load float, ptr %arg1.0, align 4",
        "  %1 = fadd float %exp.1.0, %x",
        "  call float @wrapped_reduce-window.1(float %0)",
        "  call float @fused.1.0(float %0)",
        '  call float @"f 1.0"(float %0)',
        "  %1 = add i32 %0, 10",
        "  %1 = getelementptr inbounds float, ptr %0, i64 16",
        "  %1 = fadd float %0, 0x3FF0000000000000",
        "  store half 0xH3C00, ptr %p",
        "  store bfloat 0xR3F80, ptr %p",
        "define float @f1.0(float %0) {",
        "declare float @llvm.exp.f32(float)",
        '@s = constant [12 x i8] c"float 1.0 \\00"',
    ],
)
def test_what_only_looks_like_a_number_stays(line):
    assert rewrite_numbers(line) == line


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("  %double = fadd float %double.1, 0.1", "0x3FB99999A0000000"),
        ("  %1 = fadd float %half, 0.1", "0x3FB99999A0000000"),
        ("  %1 = call float @convert.half(float %double, float 0.1)", "0x3FB99999A0000000"),
        ("  %x.double = phi double [ %half, %1 ], [ 0.1, %2 ]", "0x3FB999999999999A"),
    ],
)
def test_names_that_look_like_types(line, value):
    assert rewrite_numbers(line) == line.replace("0.1", value)


def test_unknown_syntax_is_left_for_llvm_to_refuse():
    line = "  %1 = fadd float %0, f1x3C23"
    assert rewrite_numbers(line) == line
