# SPDX-License-Identifier: Apache-2.0
"""What becomes of elements before they are reduced."""

from collections.abc import Sequence
from dataclasses import dataclass

from llvmlite import ir

from jax_embedded.ir.elementwise import Operation
from jax_embedded.llvm.emitters.code import I32, Code
from jax_embedded.llvm.emitters.epilogue import computed
from jax_embedded.llvm.emitters.number import Number, Value


@dataclass(frozen=True)
class Prologue:
    """number: what the operations compute with. operations: see ReduceThunk.

    one: what stands for the other factor of a result that is no product; None if all are products.
    turned: whether the sources have changed places.
    """

    number: Number
    operations: Sequence[Operation]
    one: Value | None
    turned: bool = False

    def factors(self, code: Code, a: Value, b: Value) -> tuple[Value, Value]:
        """Of what is added. a, b: elements of the sources; empty for one that is not there."""
        elements = [[_float(code, part) for part in value] for value in self._in_order(a, b)]
        inputs = [value for value in elements if value]
        kind = (a or b)[0].type
        if self.one is not None:
            found = [computed(code, self.number, inputs, self.operations)[-1], self.one]
        else:
            *others, product = self.operations
            values = computed(code, self.number, inputs, others)
            found = [values[operand] for operand in product.operands]
        first, second = (
            [code.build.bitcast(part, kind) if part.type != kind else part for part in value]
            for value in found
        )
        return self._in_order(first, second)

    def _in_order(self, a: Value, b: Value) -> tuple[Value, Value]:
        return (b, a) if self.turned else (a, b)


def _float(code: Code, value: ir.Value) -> ir.Value:
    """Without an FPU elements are loaded as bits."""
    return code.build.bitcast(value, ir.FloatType()) if value.type == I32 else value
