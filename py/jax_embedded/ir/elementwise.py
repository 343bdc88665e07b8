# SPDX-License-Identifier: Apache-2.0
"""What a kernel computes of each element by itself, as data."""

from dataclasses import dataclass

from jax_embedded.shape import Shape

# HLO's opcodes, by how many operands they have.
OPCODES = {
    "add": 2,
    "subtract": 2,
    "multiply": 2,
    "divide": 2,
    "maximum": 2,
    "minimum": 2,
    "negate": 1,
    "abs": 1,
    "sqrt": 1,
    "rsqrt": 1,
    "shift-right-arithmetic": 2,
    "tanh": 1,
    "exponential": 1,
}
# Those of them that are functions, and their names.
MATH = {"tanh": "tanh", "exponential": "exp"}
# Of f32 there are no shifts; a division of i32 is not what a processor makes of it.
_NOT_OF = {"f32": {"shift-right-arithmetic"}, "i32": {"abs", "divide", "sqrt", "rsqrt", *MATH}}


def is_of(opcode: str, dtype: str) -> bool:
    """Whether it is one of OPCODES and there for the dtype."""
    return dtype in _NOT_OF and opcode in OPCODES and opcode not in _NOT_OF[dtype]


@dataclass(frozen=True)
class Operation:
    """opcode: one of OPCODES, or "constant". operands: numbers of values. constant: the number.

    The second operand of a shift is a constant from 0 to 31.
    """

    opcode: str
    operands: tuple[int, ...] = ()
    constant: float = 0.0

    def __str__(self) -> str:
        if self.opcode == "constant":
            return repr(self.constant)
        return f"{self.opcode}({', '.join(f'%{number}' for number in self.operands)})"


@dataclass(frozen=True)
class Elementwise:
    """out[i] = a function of one element of each input, for each index i.

    shape: of out, which is row-major, of f32 or i32, as all that it is computed from.
    inputs: for each of them, how many elements the next one along each dimension of out is away; 0
        where it is broadcast, less where it is read from its end.
    operations: values are numbered; the inputs come first, then these. The last one is out's: the
        only input's if there are none.
    """

    shape: Shape
    inputs: tuple[tuple[int, ...], ...]
    operations: tuple[Operation, ...]

    def reads_in_order(self, number: int) -> bool:
        """Whether an element of the input is the one that lies at the same place in out."""
        return all(
            extent == 1 or step == expected
            for extent, step, expected in zip(
                self.shape.dims, self.inputs[number], self.shape.strides, strict=True
            )
        )

    def broadcasts(self, number: int) -> bool:
        """Whether elements of an input are used for several of out's."""
        return any(
            size > 1 and step == 0
            for size, step in zip(self.shape.dims, self.inputs[number], strict=True)
        )

    def step_along(self, number: int, extent: int, step: int) -> int | None:
        """See `step_along`, for an input."""
        return step_along(self.shape.dims, self.inputs[number], extent, step)


def step_along(dims: tuple[int, ...], steps: tuple[int, ...], extent: int, step: int) -> int | None:
    """By how many elements an array goes on where one with `dims` goes on by `step`, `extent`
    times; None if not always by as many. steps: of the array, along each of `dims`.
    """
    if extent == 1 or step == 0:
        return 0
    inner = 1  # how many elements the inner dimensions have
    left = list(zip(dims, steps, strict=True))
    while left:
        size, by = left.pop()
        while left and left[-1][1] == size * by:
            size *= left.pop()[0]
        if step < inner * size:
            fits = step % inner == 0 and extent * step <= inner * size
            return step // inner * by if fits else None
        inner *= size
    return None
