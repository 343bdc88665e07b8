# SPDX-License-Identifier: Apache-2.0
"""What becomes of a sum of products while it is in a register."""

import math
from collections.abc import Sequence

from llvmlite import ir

from jax_embedded.ir.elementwise import MATH, Operation
from jax_embedded.llvm.emitters.code import I32, Code
from jax_embedded.llvm.emitters.number import Number, Value
from jax_embedded.llvm.math import function_of_f32


def finish(
    code: Code, number: Number, total: Value, inputs: Sequence[Value], epilogue: Sequence[Operation]
) -> Value:
    """The value of the last operation. number: what they compute with, or an element of a vector.

    total, inputs: the sum, and what the epilogue reads: numbers or vectors.
    """
    return computed(code, number, [total, *inputs], epilogue)[-1]


def computed(
    code: Code, number: Number, inputs: Sequence[Value], operations: Sequence[Operation]
) -> list[Value]:
    """The inputs, and the values of all operations."""
    values = [*inputs]
    for operation in operations:
        values.append(_value(code, number, operation, values))
    return values


def _value(code: Code, number: Number, operation: Operation, values: list[Value]) -> Value:
    operands = [values[i] for i in operation.operands]
    opcode = operation.opcode
    if opcode == "constant":
        return [_constant(values[0][0].type, operation.constant)]
    if opcode == "add":
        return number.add(code, *operands)
    if opcode == "subtract":
        return number.subtract(code, *operands)
    if opcode == "multiply":
        return number.multiply(code, *operands)
    if opcode == "shift-right-arithmetic":
        return [code.build.ashr(operands[0][0], operands[1][0])]
    if opcode == "divide":
        return [code.build.fdiv(operands[0][0], operands[1][0])]
    if opcode == "negate":
        if number.is_integer:
            return number.subtract(code, number.zero(), operands[0])
        return [code.build.fneg(operands[0][0])]
    kind = operands[0][0].type
    lanes = kind.count if isinstance(kind, ir.VectorType) else 0
    if opcode == "abs":
        return [
            _called(code, f"llvm.fabs.v{lanes}f32" if lanes else "llvm.fabs.f32", operands[0][0])
        ]
    if opcode in ("sqrt", "rsqrt"):
        root = _called(code, f"llvm.sqrt.v{lanes}f32" if lanes else "llvm.sqrt.f32", operands[0][0])
        return [root if opcode == "sqrt" else code.build.fdiv(_constant(kind, 1.0), root)]
    if opcode in MATH:
        return [_called(code, function_of_f32(MATH[opcode], lanes), operands[0][0])]
    if number.is_integer:
        return [_integer_extremum(code, opcode == "maximum", operands[0][0], operands[1][0])]
    return [extremum(code, opcode == "maximum", operands[0][0], operands[1][0])]


def _called(code: Code, name: str, operand: ir.Value) -> ir.Value:
    function = code.declare(name, ir.FunctionType(operand.type, [operand.type]))
    return code.build.call(function, [operand])


def _constant(kind: ir.Type, number: float) -> ir.Constant:
    if isinstance(kind, ir.VectorType):
        return ir.Constant(kind, [kind.element(number)] * kind.count)
    return ir.Constant(kind, int(number) if isinstance(kind, ir.IntType) else number)


def _integer_extremum(code: Code, largest: bool, a: ir.Value, b: ir.Value) -> ir.Value:
    build = code.build
    if largest and 0 in (_number(a), _number(b)):
        x = b if _number(a) == 0 else a
        # Armv6-M has no conditional instructions but branches.
        return build.and_(x, build.not_(build.ashr(x, I32(31))))
    return build.select(build.icmp_signed(">" if largest else "<", a, b), a, b)


def extremum(code: Code, largest: bool, a: ir.Value, b: ir.Value) -> ir.Value:
    """A NaN if either is one, and -0 below +0, as XLA has it."""
    build = code.build
    if _number(a) is not None:
        a, b = b, a
    limit = _number(b)
    beyond = "<" if largest else ">"
    is_zero = limit == 0 and math.copysign(1, limit) > 0
    if largest and is_zero and a.type != ir.DoubleType():
        return _rectified(code, a)
    if limit is not None and not math.isnan(limit):
        # Of zeros, the one that is not b's has to go if b's is the one that is wanted.
        wants_zero = limit == 0 and (math.copysign(1, limit) > 0) == largest
        is_beyond = build.fcmp_ordered(beyond + "=" if wants_zero else beyond, a, b)
        return build.select(is_beyond, b, a)
    found = build.select(build.fcmp_ordered(beyond, a, b), b, a)
    integers = _integers(a.type)
    bits = [build.bitcast(x, integers) for x in (a, b)]
    both = build.and_(*bits) if largest else build.or_(*bits)
    zeros = build.bitcast(both, a.type)
    found = build.select(build.fcmp_ordered("==", a, b), zeros, found)
    return build.select(build.fcmp_unordered("uno", b, b), b, found)


def _rectified(code: Code, value: ir.Value) -> ir.Value:
    """The maximum of floats and +0. The bits of what is 0 or less are the least of all integers,
    below those of a NaN. It is one comparison on MVE, in place of a changed sign and one, no call
    on a core without an FPU, and shorter code on one that has it.
    """
    integers = _integers(value.type)
    lanes = value.type.count if isinstance(value.type, ir.VectorType) else 0
    infinity = ir.Constant(integers, [-0x800000] * lanes if lanes else -0x800000)
    is_beyond = code.build.icmp_signed("<=", code.build.bitcast(value, integers), infinity)
    return code.build.select(is_beyond, _constant(value.type, 0.0), value)


def _number(value: ir.Value) -> float | None:
    if not isinstance(value, ir.Constant):
        return None
    constant = value.constant
    return constant[0].constant if isinstance(constant, list) else constant


def _integers(kind: ir.Type) -> ir.Type:
    return ir.VectorType(I32, kind.count) if isinstance(kind, ir.VectorType) else I32
