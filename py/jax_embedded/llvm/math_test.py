# SPDX-License-Identifier: Apache-2.0
import ctypes
import functools
import math
import re

import llvmlite.binding as llvm
import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jax_embedded.llvm.host_testing import loaded
from jax_embedded.llvm.math import define_math, rename_math
from jax_embedded.llvm.targets import target_machine
from jax_embedded.target import TARGETS

DTYPES = {"f16": np.float16, "bf16": ml_dtypes.bfloat16, "f32": np.float32, "f64": np.float64}
SCALARS = {"f16": "half", "bf16": "bfloat", "f32": "float", "f64": "double"}
KINDS = ["f32", "f64", "v4f32", "v8f32", "v2f64"]
SMALL = ["f16", "v8f16", "bf16", "v8bf16"]


def split(kind: str) -> tuple[int, str]:
    """Lanes and dtype of "v8f32"."""
    match = re.fullmatch(r"(?:v(\d+))?(b?f\d+)", kind)
    assert match
    return int(match[1] or 1), match[2]


def lanes_of(kind: str) -> int:
    return split(kind)[0]


def llvm_type(kind: str) -> str:
    scalar = SCALARS[split(kind)[1]]
    return f"<{lanes_of(kind)} x {scalar}>" if kind.startswith("v") else scalar


# What LLVM calls for f16 on a host without F16C.
ctypes.CDLL("libgcc_s.so.1", ctypes.RTLD_GLOBAL)


@functools.cache
def compiled(
    name: str, kind: str, operands: int, operand: str, float_lanes: int, constant: str
) -> tuple:
    """XLA's call of `name`, renamed and linked with the definition for a core of so many lanes, as
    machine code of the host. constant: the last operand, beside so many.
    """
    value, taken = llvm_type(kind), llvm_type(operand)
    full = f"@{name}.{kind}"
    loads = [f"  %x{i} = load {taken}, ptr %p{i}, align 2" for i in range(operands)]
    given = [f"{taken} %x{i}" for i in range(operands)]
    if constant:
        given.append(
            f"{taken} " + (f"splat (float {constant})" if lanes_of(kind) > 1 else constant)
        )
    text = "\n".join(
        [
            f"declare {value} {full}({', '.join([taken] * len(given))})",
            f"define void @run(ptr %r, {', '.join(f'ptr %p{i}' for i in range(operands))}) {{",
            *loads,
            f"  %v = call {value} {full}({', '.join(given)})",
            f"  store {value} %v, ptr %r, align 2",
            "  ret void",
            "}",
            "",
        ]
    )
    renamed, names = rename_math(text)
    assert full not in renamed
    module = llvm.parse_assembly(renamed)
    module.link_in(llvm.parse_assembly(define_math(names, float_lanes)))
    module.verify()
    machine = target_machine(TARGETS["host"])
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=3))
    builder.getModulePassManager().run(module, builder)
    address, library = loaded(module, "run")
    pointers = [ctypes.c_void_p] * (1 + operands)
    return ctypes.CFUNCTYPE(None, *pointers)(address), library


def run(
    name: str,
    kind: str,
    *operands: np.ndarray,
    operand: str = "",
    float_lanes: int = 4,
    constant: str = "",
) -> np.ndarray:
    """operand: of what kind the operands are, if not of the result's."""
    function, _library = compiled(name, kind, len(operands), operand or kind, float_lanes, constant)
    lanes, dtype = lanes_of(kind), DTYPES[split(operand or kind)[1]]
    padded = [np.resize(o.astype(dtype), -(-o.size // lanes) * lanes) for o in operands]
    result = np.zeros(padded[0].size, DTYPES[split(kind)[1]])
    for at in range(0, result.size, lanes):
        function(result[at:].ctypes.data, *[o[at:].ctypes.data for o in padded])
    return result[: operands[0].size]


def same_bits(got: np.ndarray, expected: np.ndarray) -> bool:
    """Equal, the signs of zeros included; any NaN equals any other."""
    nan = np.isnan(got) & np.isnan(expected)
    return bool((nan | ((got == expected) & (np.signbit(got) == np.signbit(expected)))).all())


def edges(dtype: type) -> np.ndarray:
    info = ml_dtypes.finfo(dtype)
    positive = [0.0, info.smallest_subnormal, info.tiny, 0.5, 1.0, 1.5, 2.5, 3.0, info.max, np.inf]
    return np.array([*positive, *(-x for x in positive), np.nan], dtype)


def maximum(a: float, b: float) -> float:
    """IEEE 754-2019, 9.6."""
    if math.isnan(a) or math.isnan(b):
        return math.nan
    if a == b == 0:
        return a if math.copysign(1, a) > 0 else b
    return max(a, b)


@pytest.mark.parametrize("kind", [*KINDS, *SMALL])
@pytest.mark.parametrize("float_lanes", [1, 4])
def test_maximum_and_minimum_of_all_edges(kind, float_lanes):
    values = edges(DTYPES[split(kind)[1]])
    a, b = (x.ravel() for x in np.meshgrid(values, values))
    expected = np.array([maximum(float(x), float(y)) for x, y in zip(a, b, strict=True)], a.dtype)
    assert same_bits(run("llvm.maximum", kind, a, b, float_lanes=float_lanes), expected)
    opposite = np.array(
        [-maximum(-float(x), -float(y)) for x, y in zip(a, b, strict=True)], a.dtype
    )
    assert same_bits(run("llvm.minimum", kind, a, b, float_lanes=float_lanes), opposite)


@pytest.mark.parametrize("name", ["cortex-m7", "cortex-m33", "cortex-m55"])
def test_one_instruction_makes_the_larger_number(name):
    """Of +0 and -0 too, which LLVM does not promise; tests/differential has them on the boards."""
    target = TARGETS[name]
    operation = "jxe.maximum_of_variables.f32"
    text = define_math(frozenset({operation}), target.float_lanes, has_maxnm=target.has_maxnm)
    module = llvm.parse_assembly(text)
    module.triple = target.triple
    assembly = target_machine(target).emit_assembly(module)
    assert re.findall(r"\tvmaxnm.f32", assembly)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.floats(width=32), st.floats(width=32))
def test_maximum_of_random_numbers(a, b):
    operands = np.array([a], np.float32), np.array([b], np.float32)
    expected = np.array([maximum(a, b)], np.float32)
    assert same_bits(run("llvm.maximum", "f32", *operands), expected)


@pytest.mark.parametrize("kind", ["f16", "v8f16"])
def test_roundeven_of_every_half(kind):
    values = np.arange(2**16, dtype=np.uint16).view(np.float16)
    assert same_bits(run("llvm.roundeven", kind, values), np.rint(values))


@pytest.mark.parametrize("lanes", ["", "v8"])
def test_truncation_to_bf16(lanes):
    """All upper halves of an f32, with lower halves below, at and above the middle."""
    high = np.arange(2**16, dtype=np.uint32) << 16
    low = np.array([0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF], np.uint32)
    values = (high[:, None] | low).ravel().view(np.float32)
    with np.errstate(all="ignore"):
        expected = values.astype(ml_dtypes.bfloat16)
    got = run(f"xla.fptrunc.{lanes}f32.to", f"{lanes}bf16", values, operand=f"{lanes}f32")
    assert same_bits(got, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_roundeven(kind):
    dtype = DTYPES[split(kind)[1]]
    limit = 2.0 ** np.finfo(dtype).nmant
    near = [
        limit - 0.5,
        limit / 2 - 0.5,
        limit / 2 + 0.5,
        limit / 2 + 1.5,
        limit,
        limit + 1,
        2 * limit + 2,
    ]
    halves = np.arange(-8, 8, 0.5)
    around = [np.nextafter(dtype(x), dtype(y)) for x in halves for y in (-np.inf, np.inf)]
    values = np.array([*edges(dtype), *near, *(-x for x in near), *halves, *around], dtype)
    assert same_bits(run("llvm.roundeven", kind, values), np.rint(values))


@pytest.mark.parametrize("kind", KINDS)
def test_rsqrt(kind):
    dtype = DTYPES[split(kind)[1]]
    values = np.concatenate([edges(dtype), np.geomspace(1e-30, 1e30, 500, dtype=dtype)])
    with np.errstate(all="ignore"):
        expected = dtype(1) / np.sqrt(values)
    assert same_bits(run("xla.rsqrt", kind, values), expected)


@pytest.mark.parametrize("float_lanes", [1, 4])
@pytest.mark.parametrize("kind", ["f32", "v4f32", "v8f32"])
@pytest.mark.parametrize(
    ("exponent", "constants"),
    [
        (0.5, ("5.000000e-01", "0x3FE0000000000000")),
        (-0.5, ("-5.000000e-01", "0xBFE0000000000000")),
    ],
)
def test_a_power_of_half_is_a_root(kind, exponent, constants, float_lanes):
    values = np.concatenate([edges(np.float32), np.geomspace(1e-30, 1e30, 500, dtype=np.float32)])
    with np.errstate(all="ignore"):
        root = np.sqrt(values)
        root = np.where(values == -np.inf, np.float32(np.inf), np.abs(root))  # as C99 has it
        expected = root if exponent > 0 else np.float32(1) / root
    for constant in constants:
        got = run("llvm.pow", kind, values, constant=constant, float_lanes=float_lanes)
        assert same_bits(got, expected)


@pytest.mark.parametrize("constant", ["2.500000e-01", "1.500000e+00", "0x3FE0000020000000"])
def test_other_powers_are_no_roots(constant):
    call = f"@llvm.pow.f32(float %x, float {constant})"
    declaration = "declare float @llvm.pow.f32(float, float)"
    lines = ["define float @f(float %x) {", f"  %v = call float {call}", "  ret float %v", "}"]
    renamed, names = rename_math("\n".join([*lines, declaration, ""]))
    assert names == {"jxe.pow.f32"}
    assert f"@jxe.pow.f32(float %x, float {constant})" in renamed


REFERENCES = {
    "atan": math.atan,
    "tanh": math.tanh,
    "erf": math.erf,
    "exp": math.exp,
    "log1p": math.log1p,
    "expm1": math.expm1,
}


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("kind", KINDS)
def test_elementary_functions(name, kind):
    dtype = DTYPES[split(kind)[1]]
    info = np.finfo(dtype)
    values = np.concatenate([np.geomspace(1e-30, 80, 300), -np.geomspace(1e-30, 0.99, 300)]).astype(
        dtype
    )
    expected = np.array([REFERENCES[name](float(x)) for x in values])
    unit = np.exp2(np.floor(np.log2(np.abs(expected))) - info.nmant)
    assert (np.abs(run(f"xla.{name}", kind, values) - expected) <= 4 * unit).all()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("atan", [0.0, -0.0, np.pi / 2, -np.pi / 2, np.nan]),
        ("tanh", [0.0, -0.0, 1.0, -1.0, np.nan]),
        ("erf", [0.0, -0.0, 1.0, -1.0, np.nan]),
        ("log1p", [0.0, -0.0, np.inf, np.nan, np.nan]),
        ("expm1", [0.0, -0.0, np.inf, -1.0, np.nan]),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_elementary_functions_at_the_edges(name, expected, kind):
    dtype = DTYPES[split(kind)[1]]
    values = np.array([0.0, -0.0, np.inf, -np.inf, np.nan], dtype)
    assert same_bits(run(f"xla.{name}", kind, values), np.array(expected, dtype))


def test_each_lane_has_its_own_value():
    values = np.arange(1, 9, dtype=np.float32) / 8
    one_by_one = run("xla.tanh", "f32", values)
    assert (run("xla.tanh", "v8f32", values) == one_by_one).all()
    assert len(set(one_by_one)) == 8


def test_renaming():
    text = """\
declare float @llvm.maximum.f32(float, float) #2
declare float @llvm.fabs.f32(float)
declare <8 x float> @xla.tanh.v8f32(<8 x float>)
define void @f() {
  %1 = call float @llvm.maximum.f32(float %0, float 0.0)
  %4 = call float @llvm.maximum.f32(float %0, float %1)
  %5 = call half @llvm.minimum.f16(half %y, half %y)
  %2 = call float @llvm.fabs.f32(float %1)
  %3 = call <8 x float> @xla.tanh.v8f32(<8 x float> %x)
}
"""
    assert rename_math(text) == (
        """\
declare float @llvm.fabs.f32(float)
define void @f() {
  %1 = call float @jxe.maximum.f32(float %0, float 0.0)
  %4 = call float @jxe.maximum_of_variables.f32(float %0, float %1)
  %5 = call half @jxe.minimum.f16(half %y, half %y)
  %2 = call float @llvm.fabs.f32(float %1)
  %3 = call <8 x float> @jxe.tanh.v8f32(<8 x float> %x)
}
declare float @jxe.maximum.f32(float, float)
declare float @jxe.maximum_of_variables.f32(float, float)
declare half @jxe.minimum.f16(half, half)
declare <8 x float> @jxe.tanh.v8f32(<8 x float>)
""",
        frozenset(
            {
                "jxe.maximum.f32",
                "jxe.maximum_of_variables.f32",
                "jxe.minimum.f16",
                "jxe.tanh.v8f32",
            }
        ),
    )


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("float @llvm.exp.f32(float %x)", "jxe.exp.f32"),
        ("<8 x float> @llvm.pow.v8f32(<8 x float> %x, <8 x float> %y)", "jxe.pow.v8f32"),
        ("<8 x half> @llvm.sin.v8f16(<8 x half> %x)", "jxe.sin.v8f16"),
        ("float @cbrtf(float %x)", "jxe.cbrt.f32"),
        ("float @atan2f(float %x, float %y)", "jxe.atan2.f32"),
        ("double @xla.tanh.f64(double %x)", "jxe.tanh.f64"),
    ],
)
def test_elementary_functions_are_ours(call, name):
    renamed, names = rename_math(f"  %r = call {call}\n")
    assert names == {name}
    assert f" @{name}(" in renamed.splitlines()[0]


@pytest.mark.parametrize(
    "line",
    [
        "  %1 = call float @llvm.maxnum.f32(float %0, float %0)",
        "  %1 = call i32 @llvm.smax.i32(i32 %0, i32 %0)",
        "  %1 = call float @llvm.vector.reduce.fmaximum.v4f32(<4 x float> %0)",
        "  %llvm.maximum.f32 = fadd float %0, %1",
        "  %1 = call float @my.xla.tanh.f32(float %0)",
        "  %1 = call double @llvm.exp.f64(double %0)",
        "  %1 = call double @cbrt(double %0)",
        "  %1 = call float @llvm.exp2.f32(float %0)",
        "  %1 = call <2 x double> @llvm.pow.v2f64(<2 x double> %0, <2 x double> %0)",
    ],
)
def test_other_names_stay(line):
    assert rename_math(line + "\n") == (line + "\n", frozenset())


def test_nothing_to_define_is_an_empty_module():
    assert define_math(frozenset(), 4).strip() == ""


def test_definitions_do_not_depend_on_the_order_of_the_set():
    names = [f"jxe.{o}.{k}" for o in ("maximum", "tanh", "rsqrt") for k in ("f32", "v4f32", "f64")]
    texts = {define_math(frozenset(names[i:] + names[:i]), 4) for i in range(len(names))}
    assert len(texts) == 1
    llvm.parse_assembly(texts.pop()).verify()


@pytest.mark.parametrize("kind", ["v8f16", "v8bf16"])
@pytest.mark.parametrize("name", ["llvm.exp", "llvm.sin", "llvm.log"])
def test_every_number_of_16_bits(name, kind):
    """Rounded once more than the function of f32."""
    dtype = DTYPES[split(kind)[1]]
    values = np.arange(2**16, dtype=np.uint16).view(dtype)
    values = values[~np.isnan(values)]
    with np.errstate(all="ignore"):
        wide = run(
            name, kind.replace("bf16", "f32").replace("f16", "f32"), values.astype(np.float32)
        )
        expected = wide.astype(dtype)
    assert same_bits(run(name, kind, values), expected)


def defined(text: str) -> dict[str, list[str]]:
    """Name -> its attributes."""
    heads = re.findall(r"^define [^@]*@([\w.]+)\([^)]*\)(.*) \{$", text, re.MULTILINE)
    return {name: attributes.split() for name, attributes in heads}


def test_a_core_without_vectors_has_one_function_of_scalars():
    found = defined(define_math(frozenset({"jxe.tanh.v8f32", "jxe.tanh.f32"}), 1))
    assert found.keys() == {"jxe.tanh.v8f32", "jxe.tanh.f32"}
    assert "alwaysinline" not in found["jxe.tanh.f32"]
    assert "alwaysinline" in found["jxe.tanh.v8f32"]


def test_a_core_with_vectors_has_functions_of_its_lanes_inlined():
    found = defined(define_math(frozenset({"jxe.tanh.v8f32", "jxe.tanh.f32"}), 4))
    assert found.keys() == {"jxe.tanh.v8f32", "jxe.tanh.v4f32", "jxe.tanh.f32"}
    assert all("alwaysinline" in attributes for attributes in found.values())


@pytest.mark.parametrize("kind", ["f32", "v4f32"])
def test_a_core_with_mve_that_may_fuse_has_another_tanh(kind):
    def body(name: str, target: str, *, fused: bool) -> str:
        core = TARGETS[target]
        text = define_math(
            frozenset({f"jxe.{name}.{kind}"}),
            core.float_lanes,
            fused=fused,
            has_maxnm=core.has_maxnm,
        )
        return text[text.index("entry:") :]

    def has_another(target: str, *, fused: bool) -> bool:
        usual, other = (body(name, target, fused=fused) for name in ("tanh", "tanh_in_vectors"))
        return usual == other

    assert has_another("cortex-m55", fused=True)
    assert not has_another("cortex-m55", fused=False)
    assert not has_another("cortex-m7", fused=True)


@pytest.mark.parametrize("kind", ["f32", "v8f32", "v16f32"])
def test_a_core_without_vectors_computes_the_same_bits(kind):
    """Where branches and calls lane by lane take the place of vectors."""
    bits = np.random.default_rng(0).integers(0, 1 << 32, 4096, np.uint32)
    edges = np.array([0.0, -0.0, 0.5499999, 0.55, 0.93, 0.9300001, 9.2, np.inf, -np.inf, np.nan])
    values = np.concatenate([bits.view(np.float32), edges.astype(np.float32)])
    for name in ELEMENTARY:
        operands = (values, values[::-1].copy()) if name in ("atan2", "pow") else (values,)
        usual, other = (run(f"xla.{name}", kind, *operands, float_lanes=n) for n in (4, 1))
        assert same_bits(other, usual), name


@pytest.mark.parametrize("lanes", [1, 4])
def test_definitions_call_no_library(lanes):
    names = frozenset(f"jxe.{name}.v8f32" for name in ELEMENTARY)
    text = define_math(names, lanes)
    assert not [
        line for line in text.splitlines() if line.startswith("declare") and "@llvm." not in line
    ]
    assert not re.search(r"\b(fast|contract|reassoc|afn|arcp|nnan|ninf|nsz)\b", text)


ELEMENTARY = (
    "atan",
    "atan2",
    "cbrt",
    "cos",
    "erf",
    "exp",
    "expm1",
    "log",
    "log1p",
    "pow",
    "sin",
    "tan",
    "tanh",
)
