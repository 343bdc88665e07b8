# SPDX-License-Identifier: Apache-2.0
import ctypes
import itertools
import re

import llvmlite.binding as llvm
import numpy as np
import pytest

from jax_embedded.llvm.host_testing import loaded
from jax_embedded.llvm.mve import safe_comparisons

PREDICATES = [a + b for a in "ou" for b in ("eq", "ne", "lt", "le", "gt", "ge")] + ["ord", "uno"]
ORDER = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}
TYPES = {"float": np.float32, "half": np.float16}


# Of one number in all lanes: known, or a scalar.
OPERANDS_OF = {
    "%x": lambda a: a,
    "%y": lambda b: b,
    "zeroinitializer": np.zeros_like,
    "splat (float 1.500000e+00)": lambda a: np.full_like(a, 1.5),
    "%s": lambda a: np.repeat(a[::4], 4),
    "%t": lambda b: np.repeat(b[::4], 4),
}
CONSTANTS = [name for name in OPERANDS_OF if not name.startswith("%")]
OPERANDS = ["%x, %y", *[f"%x, {n}" for n in ("%t", *CONSTANTS)]]
OPERANDS += [f"{n}, %y" for n in ("%s", *CONSTANTS)]


def compare_ir(predicate: str, scalar: str, use: str, operands: str = "%x, %y") -> str:
    splats = "".join(
        f"""\
  %{name}.0 = load {scalar}, ptr %{base}, align 2
  %{name}.1 = insertelement <4 x {scalar}> poison, {scalar} %{name}.0, i32 0
  %{name} = shufflevector <4 x {scalar}> %{name}.1, <4 x {scalar}> poison, <4 x i32> zeroinitializer
"""
        for name, base in (("s", "a"), ("t", "b"))
    )
    return f"""\
define void @run(ptr %a, ptr %b, ptr %r) {{
  %x = load <4 x {scalar}>, ptr %a, align 2
  %y = load <4 x {scalar}>, ptr %b, align 2
{splats}  %1 = fcmp contract {predicate} <4 x {scalar}> {operands}
  {use}
  store <4 x i32> %z, ptr %r, align 4
  ret void
}}
"""


SELECT = "%z = select <4 x i1> %1, <4 x i32> splat (i32 1), <4 x i32> zeroinitializer"
EXTEND = "%z = zext <4 x i1> %1 to <4 x i32>"


def run(text: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    address, _library = loaded(llvm.parse_assembly(text), "run")
    function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3)(address)
    result = np.zeros(a.size, np.int32)
    for at in range(0, a.size, 4):
        function(a[at:].ctypes.data, b[at:].ctypes.data, result[at:].ctypes.data)
    return result.astype(bool)


def expected(predicate: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    unordered = np.isnan(a) | np.isnan(b)
    if predicate in ("ord", "uno"):
        return unordered == (predicate == "uno")
    ordered = ORDER[predicate[1:]](a, b) & ~unordered
    return ordered | unordered if predicate[0] == "u" else ordered


@pytest.mark.parametrize("scalar", TYPES)
@pytest.mark.parametrize("predicate", PREDICATES)
def test_a_comparison_on_integers_is_the_comparison(predicate, scalar):
    dtype = TYPES[scalar]
    info = np.finfo(dtype)
    positive = [0.0, info.smallest_subnormal, info.tiny, 0.5, 1.0, 1.5, info.max, np.inf, np.nan]
    values = np.array(positive + [-x for x in positive], dtype)
    a, b = np.array(list(itertools.product(values, values)), dtype).T.copy()
    text = safe_comparisons(compare_ir(predicate, scalar, EXTEND))
    assert "fcmp" not in text
    assert (run(text, a, b) == expected(predicate, a, b)).all()


@pytest.mark.parametrize("predicate", PREDICATES)
@pytest.mark.parametrize("operands", OPERANDS)
def test_what_only_chooses_between_values_is_the_comparison(operands, predicate):
    values = np.array([0.0, -0.0, 1.5, -1.5, np.inf, -np.inf, np.nan], np.float32)
    pairs = [*itertools.product(values, values), *[(0, 0)] * 3]
    # Where a number is in all lanes, the pairs of a vector have it in common.
    pairs = sorted(pairs * 4, key=str)
    a, b = np.array(pairs, np.float32).T.copy()
    safe = safe_comparisons(compare_ir(predicate, "float", SELECT, operands))
    assert ("icmp" in safe) == (predicate in ("ord", "uno"))
    left, right = (
        OPERANDS_OF[name](x) for name, x in zip(operands.split(", "), (a, b), strict=True)
    )
    assert (run(safe, a, b) == expected(predicate, left, right)).all()


@pytest.mark.parametrize("predicate", PREDICATES)
@pytest.mark.parametrize("operands", OPERANDS)
def test_conditions_that_hold_for_nans_are_opposites(operands, predicate):
    """Of these, "lt" and "le", the first operand is not what LLVM has put there for the second."""
    safe = safe_comparisons(compare_ir(predicate, "float", SELECT, operands))
    for order, first, second in re.findall(r"fcmp (o[lg][te]) <4 x float> (.*), (.*)", safe):
        if order in ("olt", "ole"):
            first = second
        assert first not in ("%s", "%t")
        assert not first.startswith(("splat", "zero"))


def test_numbers_on_both_sides_are_compared_as_integers():
    assert "fcmp" not in safe_comparisons(compare_ir("olt", "float", SELECT, "%s, %t"))


def test_names_are_those_of_their_function():
    one, other = (compare_ir(predicate, "float", SELECT) for predicate in ("olt", "oeq"))
    both = safe_comparisons(one + other.replace("@run", "@other"))
    assert re.findall(r"fcmp (\w+)", both) == ["olt", "oeq"]


@pytest.mark.parametrize(
    "use",
    [
        EXTEND,
        f"%n = xor <4 x i1> %1, splat (i1 true)\n  {SELECT}",
        f"%n = select <4 x i1> %1, <4 x i1> %1, <4 x i1> zeroinitializer\n  {SELECT}",
        "%z = select <4 x i1> %c, <4 x i32> %i, <4 x i32> %j\n  %k = and <4 x i1> %1, %c",
    ],
)
def test_other_uses_of_a_comparison_are_on_integers(use):
    assert "fcmp" not in safe_comparisons(compare_ir("olt", "float", use))


@pytest.mark.parametrize(
    "line",
    [
        "  %1 = fcmp uno float %x, %y",
        "  %1 = fcmp uno <2 x double> %x, %y",
        "  %1 = icmp ult <4 x i32> %x, %y",
    ],
)
def test_other_lines_stay(line):
    assert safe_comparisons(line + "\n") == line + "\n"


def test_constants_as_operands():
    line = "  %1 = fcmp uno <2 x float> <float 1.0, float 2.0>, splat (float 3.0)\n"
    text = safe_comparisons(line)
    assert "bitcast <2 x float> <float 1.0, float 2.0> to <2 x i32>" in text
    assert "bitcast <2 x float> splat (float 3.0) to <2 x i32>" in text
