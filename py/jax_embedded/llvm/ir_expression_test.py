# SPDX-License-Identifier: Apache-2.0
import ctypes
from types import SimpleNamespace

import llvmlite.binding as llvm
import pytest

from jax_embedded.llvm.host_testing import loaded
from jax_embedded.llvm.ir_expression import Body, Value, polynomial

CTYPES = {"float": ctypes.c_float, "i32": ctypes.c_int32, "i64": ctypes.c_int64}

TWICE = """
define i64 @twice(i32 %x) {
  %wide = zext i32 %x to i64
  %high = shl i64 %wide, 33
  %both = or i64 %high, 1065353216
  ret i64 %both
}
"""


def evaluate(expression, *operands: float, lanes: int = 0) -> list[float]:
    """What the expression gives in machine code of the host, in every lane.

    expression: of a body and its operands, to a float or an integer.
    """
    body = Body(lanes)
    kinds = ["float" if isinstance(operand, float) else "i32" for operand in operands]
    parameters = [body.parameter(kind, f"%p{i}") for i, kind in enumerate(kinds)]
    result: Value = expression(body, *parameters)
    loads = [f"%p{i} = load {body.type(kind)}, ptr %a{i}, align 4" for i, kind in enumerate(kinds)]
    text = "\n".join(
        [
            *(line for line in sorted(body.externals) if "@twice" not in line),
            TWICE,
            f"define void @run(ptr %r, {', '.join(f'ptr %a{i}' for i in range(len(kinds)))}) {{",
            "entry:",
            *loads,
            *body.lines,
            f"store {body.type(result.kind)} {result.name}, ptr %r, align 4",
            "ret void",
            "}",
        ]
    )
    module = llvm.parse_assembly(text)
    module.verify()
    address, _library = loaded(module, "run")
    count = lanes or 1
    arrays = [(CTYPES[k] * count)(*[o] * count) for k, o in zip(kinds, operands, strict=True)]
    found = (CTYPES[result.kind] * count)()
    run = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (1 + len(arrays)))(address)
    run(*(ctypes.addressof(array) for array in (found, *arrays)))
    return list(found)


def named(expression):
    """An expression of the body and two operands, as attributes of one argument."""
    return lambda body, x, y: expression(SimpleNamespace(body=body, x=x, y=y))


FLOATS = [
    (lambda v: v.x + v.y, 2.75),
    (lambda v: v.x - v.y, 0.25),
    (lambda v: v.x * v.y, 1.875),
    (lambda v: v.x / v.y, 1.2),
    (lambda v: 1.0 - v.x, -0.5),
    (lambda v: 3.0 / v.x, 2.0),
    (lambda v: 2.0 + -v.y, 0.75),
    (lambda v: 2.0 * v.y, 2.5),
    (lambda v: polynomial(v.x, (1.0, 2.0, v.y)), 6.8125),
    (lambda v: v.body.where(v.x < v.y, v.x, 7.0), 7.0),
    (lambda v: v.body.where(v.x > v.y, 8.0, 7.0), 8.0),
    (lambda v: v.body.where(v.x.equals(1.5), v.x, v.y), 1.5),
    (lambda v: v.body.where(v.x.unordered(v.y), v.x, v.y), 1.25),
    (lambda v: v.body.call("copysign", v.x, -v.y), -1.5),
    (lambda v: (v.x.bits() | 0x80000000).of_bits(), -1.5),
]


@pytest.mark.parametrize("lanes", [0, 4])
@pytest.mark.parametrize(("expression", "expected"), FLOATS)
def test_floats(expression, expected, lanes):
    for value in evaluate(named(expression), 1.5, 1.25, lanes=lanes):
        assert value == pytest.approx(expected, rel=1e-7)


INTEGERS = [
    (lambda v: v.x + v.y, -3),
    (lambda v: v.x - 1, -6),
    (lambda v: 1 - v.x, 6),
    (lambda v: v.x * v.y, -10),
    (lambda v: v.x & 0xFF, 0xFB),
    (lambda v: v.x ^ v.y, -7),
    (lambda v: v.x << v.y, -20),
    (lambda v: v.x >> 1, -3),
    (lambda v: v.x.logical_shift(28), 15),
    (lambda v: v.body.where(v.x < v.y, v.x, v.y), -5),
    (lambda v: v.body.where(v.x.above(v.y), v.x, v.y), -5),
    (lambda v: v.body.where(v.x.below(v.y), v.x, v.y), 2),
    (lambda v: v.x.extended().logical_shift(4).truncated(), 0x0FFFFFFF),
    (lambda v: (v.x.to_float() * 0.5).to_integer(), -2),
    (lambda v: v.body.call("fshl", v.x, v.y, v.y), -20),
]


@pytest.mark.parametrize("lanes", [0, 4])
@pytest.mark.parametrize(("expression", "expected"), INTEGERS)
def test_integers(expression, expected, lanes):
    assert set(evaluate(named(expression), -5, 2, lanes=lanes)) == {expected}


@pytest.mark.parametrize("lanes", [0, 4])
@pytest.mark.parametrize(("x", "expected"), [(3, 6.0 + 1.0), (2, 20.0)])
def test_what_is_called_only_if_need_be(x, expected, lanes):
    """twice(x) is 2 x and, as the float below it, 1."""

    def expression(body, x):
        number, value = body.constant("i32", 10), body.constant("float", 10.0)
        number, value = body.replace_where_any(x > 2, number, value, "twice", x, 0)
        return number.to_float() + value

    assert set(evaluate(expression, x, lanes=lanes)) == {expected}


def test_constants_are_rounded_to_the_type():
    body = Body(0)
    assert body.constant("float", 0.1).name == "0x3FB99999A0000000"
    assert body.constant("i32", 0x80000000).name == "-2147483648"
    assert body.constant("double", 0.1).name == "0.1"
    assert Body(4).constant("i32", 7).name == "splat (i32 7)"
