# SPDX-License-Identifier: Apache-2.0
"""What is read out of XLA's fusions, and what dots and convolutions do of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jax_embedded.capture.capture_testing import CaptureRequest, capture
from jax_embedded.ir.elementwise import Elementwise, Operation
from jax_embedded.ir.fusion import fuse
from jax_embedded.ir.program import Allocation, Program
from jax_embedded.ir.thunks import (
    ConvolutionThunk,
    DotThunk,
    KernelThunk,
    Slice,
    Thunk,
    reads_and_writes,
)
from jax_embedded.ir.values import separate_values
from jax_embedded.ir.verify import verify
from jax_embedded.parse.parse import parse
from jax_embedded.shape import Shape


def program_of(
    folder: Path, result: str, *, donate: tuple[str, ...] = (), **shapes: str
) -> Program:
    src = folder / "f.py"
    head = "import jax\nimport jax.numpy as jnp\nfrom jax import lax\n\n"
    src.write_text(f"{head}def f({', '.join(shapes)}):\n    return {result}\n")
    request = CaptureRequest(src, "f", shapes, outputs=donate or None, donate=donate)
    return parse(capture(request), "f")


def fused(
    folder: Path,
    result: str,
    *,
    donate: tuple[str, ...] = (),
    lanes: int | None = 1,
    **shapes: str,
) -> Program:
    program = program_of(folder, result, donate=donate, **shapes)
    verify(program)
    program = fuse(separate_values(program), lanes=lanes)
    verify(program)
    return program


COMPUTE = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "negate": np.negative,
    "shift-right-arithmetic": np.right_shift,
    "tanh": np.tanh,
    "exponential": np.exp,
}


def computed(done: Elementwise, inputs: list[np.ndarray]) -> np.ndarray:
    """As its docstring says."""
    dtype = {"f32": np.float32, "i32": np.int32}[done.shape.dtype]
    out = np.zeros(done.shape.dims, dtype)
    for index in np.ndindex(*done.shape.dims):
        values = [
            array.ravel()[
                sum(
                    (i - (n - 1) * (step < 0)) * step
                    for i, n, step in zip(index, done.shape.dims, steps, strict=True)
                )
            ]
            for array, steps in zip(inputs, done.inputs, strict=True)
        ]
        for operation in done.operations:
            if operation.opcode == "constant":
                values.append(dtype(operation.constant))
            else:
                operands = [values[i] for i in operation.operands]
                values.append(COMPUTE[operation.opcode](*operands))
        out[index] = values[-1]
    return out


def drawn(random: np.random.Generator, shape: Shape) -> np.ndarray:
    if shape.dtype == "i32":
        return random.integers(-1000, 1000, shape.dims).astype(np.int32)
    return random.standard_normal(shape.dims).astype(np.float32)


X, ROW, COLUMN = "f32[4,6]", "f32[6]", "f32[4]"
N, N_ROW = "i32[4,6]", "i32[6]"


@pytest.mark.parametrize(
    ("result", "shapes", "expected"),
    [
        ("jnp.maximum(x + b, 0)", (X, ROW), lambda x, b: np.maximum(x + b, 0)),
        ("x - c[:, None] * 2", (X, COLUMN), lambda x, c: x - c[:, None] * 2),
        ("-x / jnp.minimum(y, 3.5)", (X, X), lambda x, y: -x / np.minimum(y, np.float32(3.5))),
        ("(x + b).reshape(2, 2, 6) * s", (X, ROW, "f32[]"), lambda x, b, s: (x + b) * s),
        ("x.reshape(3, 8) + y", (X, "f32[3,8]"), lambda x, y: x.reshape(3, 8) + y),
        ("x * x + x", (X,), lambda x: x * x + x),
        ("jnp.maximum(x + b, 0) >> 3", (N, N_ROW), lambda x, b: np.maximum(x + b, 0) >> 3),
        ("x[::-1, ::-1] - b", (X, ROW), lambda x, b: x[::-1, ::-1] - b),
        ("(x[:, ::-1] * 2).reshape(4, 2, 3)", (X,), lambda x: x[:, ::-1] * 2),
        ("x[::-1]", (X,), lambda x: x[::-1]),
        ("jnp.tanh(x + b) * 2", (X, ROW), lambda x, b: np.tanh(x + b) * 2),
        ("jax.nn.sigmoid(x + b)", (X, ROW), lambda x, b: 1 / (1 + np.exp(-x - b))),
        ("-x * 70000 - b", (N, N_ROW), lambda x, b: -x * np.int32(70000) - b),
    ],
)
def test_what_a_fusion_computes(tmp_path, result, shapes, expected):
    names = [name for name in "xybcs" if name in result.replace("jnp", "")][: len(shapes)]
    named = dict(zip(sorted(names, key=result.index), shapes, strict=True))
    program = program_of(tmp_path, result, **named)
    (kernel,) = program.steps()
    assert isinstance(kernel, KernelThunk)
    assert kernel.elementwise
    random = np.random.default_rng(0)
    values = {
        n: drawn(random, leaf.shape) for n, leaf in zip(named, program.parameters, strict=True)
    }
    by_allocation = {
        a.index: list(values.values())[a.parameter]
        for a in program.allocations.values()
        if a.parameter is not None
    }
    arguments = [by_allocation[where.allocation] for where in kernel.arguments]
    got = computed(kernel.elementwise, arguments)
    want = np.asarray(expected(*values.values()), got.dtype)
    np.testing.assert_allclose(got.ravel(), want.ravel(), rtol=1e-6)


@pytest.mark.parametrize(
    ("result", "shapes"),
    [
        ("jnp.sin(x)", {"x": X}),
        ("x + y.T", {"x": X, "y": "f32[6,4]"}),
        ("(x + b).reshape(2, 12) * 2", {"x": X, "b": ROW}),
        ("jnp.cumsum(x, 0) + x", {"x": X}),
        ("x + 1", {"x": "i16[4]"}),
        ("x // y", {"x": N, "y": N}),
        ("x >> y", {"x": N, "y": N}),
        ("x >> 40", {"x": N}),
        ("x * 0.5", {"x": N}),
        ("(x + b)[::-1].T", {"x": X, "b": ROW}),
        ("jnp.where(x > 0, x, y)", {"x": X, "y": X}),
    ],
)
def test_others_are_not_known(tmp_path, result, shapes):
    program = program_of(tmp_path, result, **shapes)
    found = [s.elementwise for s in program.steps() if isinstance(s, KernelThunk)]
    assert None in found


def test_a_very_long_one_is_not_looked_at(tmp_path):
    source = tmp_path / "long.py"
    source.write_text(
        "def f(x):\n    for i in range(1500):\n        x = x * 1.5 + i\n    return x\n"
    )
    program = parse(capture(CaptureRequest(source, "f", {"x": "f32[4]"})), "f")
    assert [getattr(step, "elementwise", None) for step in program.steps()] == [None]


RELU = (Operation("add", (0, 1)), Operation("constant"), Operation("maximum", (2, 3)))


def test_a_dense_layer_is_one_step(tmp_path):
    program = fused(tmp_path, "jax.nn.relu(a @ x + b)", a=X, x=ROW, b=COLUMN)
    (dot,) = program.steps()
    assert isinstance(dot, DotThunk)
    assert not program.kernels
    assert dot.epilogue == RELU
    assert [program.allocations[where.allocation].parameter for where in dot.inputs] == [2]
    assert all(a.kind != "temp" for a in program.allocations.values())


def test_a_convolution_with_bias_is_one_step(tmp_path):
    names = 'dimension_numbers=("NHWC","HWIO","NHWC")'
    program = fused(
        tmp_path,
        f"jax.nn.relu(lax.conv_general_dilated(x, k, (1, 1), 'SAME', {names})[0] + b)",
        x="f32[1,5,5,2]",
        k="f32[3,3,2,4]",
        b="f32[4]",
    )
    (convolution,) = program.steps()
    assert isinstance(convolution, ConvolutionThunk)
    assert convolution.epilogue == RELU
    assert convolution.outer[-1].inputs == (1,)
    assert [axis.inputs for axis in convolution.window] == [(0,), (0,)]


FILTER = {"x": "f32[20]", "k": "f32[5]"}
OF_ROWS = (
    "lax.conv_general_dilated("
    "x, lax.rev(k, {}), (1, 1), 'VALID', dimension_numbers=('NHWC', 'HWIO', 'NHWC'))"
)
ROWS = {"x": "f32[1,9,8,2]", "k": "f32[4,3,2,5]"}


@pytest.mark.parametrize(
    ("result", "shapes", "turned"),
    [
        ("jnp.convolve(x, k, mode='valid')", FILTER, [True]),
        ("jnp.convolve(x, k[::-1], mode='valid')", FILTER, [False]),
        (OF_ROWS.format("(0, 1)"), ROWS, [True, True]),
        (OF_ROWS.format("(1,)"), ROWS, [False, True]),
    ],
)
def test_a_kernel_that_is_turned_round_is_read_where_it_is(tmp_path, result, shapes, turned):
    program = fused(tmp_path, result, **shapes)
    (convolution,) = program.steps()
    assert isinstance(convolution, ConvolutionThunk)
    assert [axis.reversed for axis in convolution.window] == turned
    assert program.allocations[convolution.rhs.allocation].parameter == 1
    assert all(a.kind != "temp" for a in program.allocations.values())


@pytest.mark.parametrize(
    ("result", "shapes"),
    [
        (
            "(lambda r: [jnp.correlate(v, r, mode='valid') for v in (x, jnp.sin(x))])(k[::-1])",
            FILTER,
        ),
        (OF_ROWS.format("(1, 2)"), ROWS),
        ("jnp.correlate(x, k[::-1] + 1, mode='valid')", FILTER),
        (
            "lax.conv(x, jnp.full((2, 1, 2, 3), 0.25), (1, 1), 'VALID')",
            {"x": "f32[1,1,7,9]"},
        ),
    ],
)
def test_other_kernels_are_made_before(tmp_path, result, shapes):
    steps = list(fused(tmp_path, result, **shapes).steps())
    made = [where for s in steps if isinstance(s, KernelThunk) for where in s.results]
    convolutions = [s for s in steps if isinstance(s, ConvolutionThunk)]
    assert convolutions
    for convolution in convolutions:
        assert convolution.rhs in made


def test_a_kernel_that_is_overwritten_is_turned_round_before(tmp_path):
    program = program_of(tmp_path, "jnp.convolve(x, k, mode='valid')", x="f32[20]", k="f32[5]")
    program = separate_values(program)
    turned, convolution = program.thunks
    assert isinstance(turned, KernelThunk)
    writer = replace(turned, arguments=(), results=turned.arguments, elementwise=None)
    thunks = (turned, writer, convolution)
    assert fuse(replace(program, thunks=thunks)).thunks == thunks


CONSTANT = "jnp.array([[i * j % 5 - 2.0 for i in range(8)] for j in range(8)])"
LAYERS = "jnp.tanh(jnp.tanh(x @ w) @ w)"


@pytest.mark.parametrize(
    ("result", "shapes", "lanes", "are_fused"),
    [
        (LAYERS, {"x": "f32[8]", "w": "f32[8,8]"}, 4, True),
        (LAYERS, {"x": "f32[3,8]", "w": "f32[8,8]"}, 4, True),
        (LAYERS, {"x": "f32[6]", "w": "f32[6,6]"}, 4, False),
        (LAYERS, {"x": "f32[6]", "w": "f32[6,6]"}, 1, True),
        (LAYERS, {"x": "f32[8]", "w": "f32[8,8]"}, None, False),
        ("jnp.tanh(w @ jnp.tanh(w @ x))", {"x": "f32[8]", "w": "f32[8,8]"}, 4, False),
        (
            f"(lambda w: jnp.tanh(w @ jnp.tanh(w @ x)))({CONSTANT})",
            {"x": "f32[8]"},
            4,
            True,
        ),
    ],
)
def test_functions_of_sums_that_lie_side_by_side(tmp_path, result, shapes, lanes, are_fused):
    """So many at once, where they are vectors or, with a constant matrix, can be."""
    steps = fused(tmp_path, result, lanes=lanes, **shapes).steps()
    dots = [step for step in steps if isinstance(step, DotThunk)]
    assert len(dots) == 2
    found = ["tanh" in [operation.opcode for operation in dot.epilogue] for dot in dots]
    assert found == [are_fused] * 2


def test_layers_that_take_turns_in_memory(tmp_path):
    """XLA has the results of two layers in each other's place."""
    layer = "jax.nn.relu(a @ {} + b)"
    result = layer.format(layer.format(layer.format("x")))
    program = fused(tmp_path, result, a="f32[64,64]", x="f32[64]", b="f32[64]")
    assert [type(step) for step in program.steps()] == [DotThunk] * 3
    temps = [a for a in program.allocations.values() if a.kind == "temp"]
    assert [a.size for a in temps] == [256, 256]


@pytest.mark.parametrize(
    ("result", "shapes"),
    [
        ("jnp.sin(a @ x + b)", {"a": X, "x": ROW, "b": COLUMN}),
        ("jnp.tanh(a @ x + b)", {"a": X, "x": ROW, "b": COLUMN}),  # once
        ("(lambda y: (jnp.maximum(y, 0), jnp.tanh(y)))(a @ x)", {"a": X, "x": ROW}),
        ("jnp.maximum((a @ x)[::-1], 0)", {"a": X, "x": ROW}),
        ("(lambda y: jnp.maximum(y, 0)[:, None] * y)(a @ x)", {"a": X, "x": ROW}),
        ("(a @ x)[None] - m", {"a": X, "x": ROW, "m": "f32[5,4]"}),
    ],
)
def test_other_steps_are_not_fused(tmp_path, result, shapes):
    program = fused(tmp_path, result, **shapes)
    dots = [step for step in program.steps() if isinstance(step, DotThunk)]
    assert [dot.epilogue for dot in dots] == [()]


def test_functions_that_are_called_often_are_fused(tmp_path):
    layers = "jax.nn.sigmoid(a @ jnp.tanh(a @ jnp.tanh(a @ x + b)))"
    program = fused(tmp_path, layers, a="f32[6,6]", x=ROW, b=ROW)
    dots = [step for step in program.steps() if isinstance(step, DotThunk)]
    assert [[o.opcode for o in dot.epilogue] for dot in dots] == [["add", "tanh"], ["tanh"], []]


def test_what_is_updated_in_place_is_not_fused(tmp_path):
    result = "y - jnp.maximum(a @ x, 0)"
    program = fused(tmp_path, result, donate=("y",), a=X, x=ROW, y=COLUMN)
    dot, _ = program.steps()
    assert isinstance(dot, DotThunk)
    assert dot.epilogue == ()


def test_every_value_has_memory_of_its_own(tmp_path):
    layer = "jnp.tanh(a @ {} + b)"
    result = layer.format(layer.format(layer.format("x")))
    program = separate_values(
        program_of(tmp_path, result, a="f32[64,64]", x="f32[64]", b="f32[64]")
    )
    verify(program)
    writers: dict[int, int] = {}
    for step in program.steps():
        reads, writes = reads_and_writes(step)
        for where in writes:
            if where.allocation not in {read.allocation for read in reads}:
                writers[where.allocation] = writers.get(where.allocation, 0) + 1
    assert set(writers.values()) == {1}


def test_a_sum_does_what_need_not_wait_for_other_steps(tmp_path):
    program = program_of(tmp_path, "a @ b + c", a="f32[5,6]", b="f32[6,7]", c="f32[5,7]")
    program = separate_values(program)
    dot, add = program.thunks
    assert isinstance(add, KernelThunk)
    [both] = fuse(program).thunks
    place = max(program.allocations) + 1
    allocations = {**program.allocations, place: Allocation(place, 140, "temp")}

    def fused_around(written: Slice) -> tuple[KernelThunk, tuple[Thunk, ...]]:
        other = replace(add, arguments=(add.arguments[1],), results=(written,), elementwise=None)
        given = replace(program, thunks=(dot, other, add), allocations=allocations)
        return other, fuse(given).thunks

    other, thunks = fused_around(replace(add.results[0], allocation=place))
    assert thunks == (both, other)
    other, thunks = fused_around(add.arguments[1])  # what the sum would read before
    assert thunks == (dot, other, add)


def test_what_is_in_registers_is_done_in_its_order(tmp_path):
    program = program_of(tmp_path, "a @ b + c", a="f32[4,4]", b="f32[4,4]", c="f32[4,4]")
    program = separate_values(program)
    dot, add = program.thunks
    assert isinstance(add, KernelThunk)
    other = replace(add, arguments=(), results=(replace(add.results[0], allocation=99),))
    thunks = (dot, other, add)
    assert fuse(replace(program, thunks=thunks)).thunks == thunks
