# SPDX-License-Identifier: Apache-2.0
"""Products and Fourier transforms as calls of a DSP library, by jax_embedded/dsp.h."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from llvmlite import ir

from jax_embedded.ir.elementwise import Operation
from jax_embedded.ir.program import Program
from jax_embedded.ir.thunks import DotAxis, DotThunk, FftThunk, Step, replace_steps
from jax_embedded.llvm.abi import DOT, FFT_FUNCTIONS, MATRIX_MATRIX, MATRIX_VECTOR
from jax_embedded.llvm.emitters.arrays import Arrays, step_of_result
from jax_embedded.llvm.emitters.code import I32, POINTER, Code
from jax_embedded.llvm.emitters.epilogue import finish
from jax_embedded.llvm.emitters.number import number
from jax_embedded.llvm.emitters.terms import ONE, merged

_MOST = 65535  # rows or columns of a matrix


@dataclass(frozen=True)
class DotCall:
    """function: its name. around: the axes of loops around the call.

    turned: whether rhs is what the function takes first.
    row, column, terms: one axis each, as the function takes them.
    """

    function: str
    around: tuple[DotAxis, ...]
    turned: bool
    row: DotAxis
    column: DotAxis
    terms: int

    @property
    def numbers(self) -> tuple[int, ...]:
        """What the function takes behind the pointers."""
        return {
            DOT: (self.terms,),
            MATRIX_VECTOR: (self.row.extent, self.terms),
            MATRIX_MATRIX: (self.row.extent, self.terms, self.column.extent),
        }[self.function]


def dot_call(thunk: DotThunk) -> DotCall | None:
    """How the library makes the products; None if it cannot."""
    if {side.shape.dtype for side in (thunk.lhs, thunk.rhs, thunk.out)} != {"f32"}:
        return None
    terms = merged(thunk.contracting)
    if len(terms) != 1 or not thunk.out.shape.elements:
        return None
    rows = merged([axis for axis in thunk.outer if not axis.rhs]) or [ONE]
    columns = merged([axis for axis in thunk.outer if axis.rhs and not axis.lhs]) or [ONE]
    both = merged([axis for axis in thunk.outer if axis.rhs and axis.lhs])
    around = (*both, *rows[:-1], *columns[:-1])
    row, column, term = rows[-1], columns[-1], terms[0]
    if max(row.extent, column.extent, term.extent) > _MOST:
        return None
    for turned in (False, True):
        sides = [_turned(axis) if turned else axis for axis in (row, column, term)]
        if turned:
            sides[:2] = sides[1::-1]
        function = _function(*sides)
        if function:
            return DotCall(function, around, turned, sides[0], sides[1], term.extent)
    return None


def _turned(axis: DotAxis) -> DotAxis:
    return replace(axis, lhs=axis.rhs, rhs=axis.lhs)


def _function(row: DotAxis, column: DotAxis, term: DotAxis) -> str | None:
    """The one that takes both sides, and makes the result, as they lie in memory."""
    if term.lhs != 1 or (row.extent > 1 and row.lhs != term.extent):
        return None
    if column.extent == 1:
        if term.rhs != 1 or (row.extent > 1 and row.out != 1):
            return None
        return DOT if row.extent == 1 else MATRIX_VECTOR
    if (term.rhs, column.rhs, column.out) != (column.extent, 1, 1):
        return None
    return MATRIX_MATRIX if row.extent == 1 or row.out == column.extent else None


def call_dot(code: Code, thunk: DotThunk, call: DotCall, *, contract: bool) -> None:
    """Arguments: lhs, rhs, the inputs, out."""
    f32 = number("f32", contract=contract)
    lhs, rhs, *inputs, out = code.arguments
    if call.turned:
        lhs, rhs = rhs, lhs
    around = [_turned(axis) if call.turned else axis for axis in call.around]
    arrays = Arrays(f32, f32, f32, lhs, rhs, (out, *inputs))

    def products(here: Arrays) -> None:
        numbers = [I32(value) for value in call.numbers]
        kinds = [POINTER, POINTER]
        if call.function == DOT:
            function = code.declare(DOT, ir.FunctionType(ir.FloatType(), [*kinds, I32]))
            total = [code.build.call(function, [here.lhs, here.rhs, *numbers])]
            read = [f32.load(code, base, 0) for base in here.results[1:]]
            f32.store(code, finish(code, f32, total, read, thunk.epilogue), here.results[0], 0)
            return
        kind = ir.FunctionType(ir.VoidType(), [*kinds, POINTER, *[I32] * len(numbers)])
        function = code.declare(call.function, kind)
        code.build.call(function, [here.lhs, here.rhs, here.results[0], *numbers])
        if thunk.epilogue:
            _finish_all(code, here, call, thunk.epilogue)

    arrays.along(code, around, products)


def _finish_all(code: Code, here: Arrays, call: DotCall, epilogue: Sequence[Operation]) -> None:
    axes = [axis for axis in (call.row, call.column) if axis.extent > 1]
    with code.loops([axis.extent for axis in axes]) as indices:
        places = list(zip(indices, axes, strict=True))
        out, *inputs = (
            here.moved(code, base, [(i, step_of_result(axis, role)) for i, axis in places])
            for role, base in enumerate(here.results)
        )
        total, *read = (here.number.load(code, base, 0) for base in (out, *inputs))
        here.number.store(code, finish(code, here.number, total, read, epilogue), out, 0)


def has_fft(thunk: FftThunk) -> bool:
    """Whether the library has the transform."""
    complex_ = thunk.kind in ("fft", "ifft") and thunk.out.shape.dtype == "c64"
    return complex_ and len(thunk.lengths) == 1 and thunk.lengths[0] in FFT_FUNCTIONS


def without_scratch(program: Program) -> Program:
    """The same program; transforms that the library makes in place have no scratch memory."""

    def changed(step: Step) -> Step:
        called = isinstance(step, FftThunk) and has_fft(step)
        return replace(step, scratch=()) if called else step

    return replace(program, thunks=replace_steps(program.thunks, changed))


def call_fft(code: Code, thunk: FftThunk) -> None:
    """Arguments: source, out."""
    source, out = code.arguments
    kind = number("c64", contract=True)
    (length,) = thunk.lengths
    with code.loop(thunk.out.shape.elements) as i:
        kind.store(code, kind.load(code, source, i), out, i)
    function = code.declare(FFT_FUNCTIONS[length], ir.FunctionType(ir.VoidType(), [POINTER, I32]))
    with code.loop(thunk.out.shape.elements // length) as line:
        here = kind.address(code, out, code.index((line, length)))
        code.build.call(function, [here, I32(int(thunk.kind == "ifft"))])
