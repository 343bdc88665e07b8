# SPDX-License-Identifier: Apache-2.0
import ctypes
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from llvmlite import ir

from jax_embedded.ir.elementwise import Operation
from jax_embedded.llvm.emitters.code import Code, code_of
from jax_embedded.llvm.emitters.epilogue import finish
from jax_embedded.llvm.emitters.number import number
from jax_embedded.llvm.emitters.sums_testing import compiled
from jax_embedded.llvm.emitters.vector import Vector

EDGES = [0.0, -0.0, 1.0, -1.0, 2.5, -2.5, 1e-45, 3e38, math.inf, -math.inf, math.nan]
EDGES.append(math.copysign(math.nan, -1.0))
F32 = number("f32", contract=True)


def run(
    operations: tuple[Operation, ...],
    a: np.ndarray,
    b: np.ndarray,
    *,
    lanes: int,
    functions: Mapping[str, Any] | None = None,
) -> np.ndarray:
    """a: the sums. b: an input. functions: see `compiled`."""
    kind = Vector(lanes, F32) if lanes > 1 else F32

    def write(code: Code) -> None:
        left, right, out = code.arguments
        for at in range(0, a.size, lanes):
            read = kind.load(code, right, at)
            value = finish(code, F32, kind.load(code, left, at), [read], operations)
            kind.store(code, value, out, at)

    function, _alive = compiled(write, functions=functions)
    result = np.zeros(a.size, np.float32)
    function(a.ctypes.data, b.ctypes.data, result.ctypes.data)
    return result


def extremum(opcode: str, a: float, b: float) -> float:
    """IEEE 754-2019, 9.6."""
    if math.isnan(a) or math.isnan(b):
        return math.nan
    if a == b == 0:
        positive = [x for x in (a, b) if math.copysign(1, x) > 0]
        negative = [x for x in (a, b) if math.copysign(1, x) < 0]
        order = positive + negative
        return order[0] if opcode == "maximum" else order[-1]
    return max(a, b) if opcode == "maximum" else min(a, b)


def same(got: np.ndarray, expected: list[float]) -> bool:
    want = np.array(expected, np.float32)
    nan = np.isnan(got) & np.isnan(want)
    return bool((nan | ((got == want) & (np.signbit(got) == np.signbit(want)))).all())


@pytest.mark.parametrize("lanes", [1, 4])
@pytest.mark.parametrize("opcode", ["maximum", "minimum"])
def test_the_larger_and_the_smaller(opcode, lanes):
    pairs = [(a, b) for a in EDGES for b in EDGES]
    pairs += pairs[: -len(pairs) % 4]
    a, b = np.array(pairs, np.float32).T.copy()
    got = run((Operation(opcode, (0, 1)),), a, b, lanes=lanes)
    assert same(got, [extremum(opcode, x, y) for x, y in zip(a, b, strict=True)])


@pytest.mark.parametrize("lanes", [1, 4])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("limit", EDGES)
@pytest.mark.parametrize("opcode", ["maximum", "minimum"])
def test_the_larger_and_the_smaller_with_a_constant(opcode, limit, first, lanes):
    a = np.array([*EDGES, *EDGES[: -len(EDGES) % 4]], np.float32)
    operands = (2, 0) if first else (0, 2)
    operations = (Operation("constant", (), limit), Operation(opcode, operands))
    got = run(operations, a, a, lanes=lanes)
    assert same(got, [extremum(opcode, x, np.float32(limit)) for x in a])


@pytest.mark.parametrize("lanes", [1, 4])
@pytest.mark.parametrize(
    ("opcode", "compute"),
    [("add", np.add), ("subtract", np.subtract), ("multiply", np.multiply), ("divide", np.divide)],
)
def test_arithmetic(opcode, compute, lanes):
    a, b = np.random.default_rng(0).standard_normal((2, 8)).astype(np.float32)
    negated = (Operation(opcode, (0, 1)), Operation("negate", (2,)))
    assert same(run(negated, a, b, lanes=lanes), list(-compute(a, b)))


@pytest.mark.parametrize(
    ("opcode", "name", "compute"),
    [("tanh", "jxe.tanh.f32", math.tanh), ("exponential", "jxe.exp.f32", math.exp)],
)
def test_what_is_a_function(opcode, name, compute):
    function = ctypes.CFUNCTYPE(ctypes.c_float, ctypes.c_float)(compute)
    operations = (Operation("add", (0, 1)), Operation(opcode, (2,)), Operation("negate", (3,)))
    a, b = np.random.default_rng(0).standard_normal((2, 8)).astype(np.float32)
    got = run(operations, a, b, lanes=1, functions={name: function})
    assert same(got, [-compute(x) for x in a + b])


def test_vectors_have_functions_of_as_many_lanes():
    module = ir.Module()
    code = Code(module, "f", 1, inline=False)
    kind = Vector(4, F32)
    total = kind.load(code, code.arguments[0], 0)
    finish(code, F32, total, [], (Operation("tanh", (0,)),))
    assert re.search(r"call <4 x float> @\"?jxe\.tanh\.v4f32\"?\(", code_of(module))
