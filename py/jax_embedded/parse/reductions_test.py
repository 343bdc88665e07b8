# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from jax_embedded.capture.capture_testing import CaptureRequest, capture
from jax_embedded.ir.fusion import fuse
from jax_embedded.ir.program import Program
from jax_embedded.ir.thunks import CopyThunk, DotAxis, DotThunk, KernelThunk, ReduceThunk, Step
from jax_embedded.ir.values import separate_values
from jax_embedded.ir.verify import verify
from jax_embedded.parse.parse import parse


def program_of(folder: Path, result: str, **shapes: str) -> Program:
    src = folder / "f.py"
    head = f"import jax\nimport jax.numpy as jnp\n\ndef f({', '.join(shapes)}):\n"
    src.write_text(f"{head}    return {result}\n")
    program = parse(capture(CaptureRequest(src, "f", shapes)), "f")
    verify(program)
    return program


@pytest.mark.parametrize("extent", [10, 32, 50, 64])
@pytest.mark.parametrize(
    ("function", "operation", "epilogue"),
    [
        ("sum", "add", []),
        ("max", "maximum", []),
        ("min", "minimum", []),
        ("mean", "add", ["constant", "multiply"]),
    ],
)
def test_rows_are_reduced_by_one_step(tmp_path, function, operation, epilogue, extent):
    program = program_of(tmp_path, f"jnp.{function}(x, axis=1)", x=f"f32[3,{extent}]")
    reduce, *copies = program.steps()
    assert isinstance(reduce, ReduceThunk)
    assert all(isinstance(step, CopyThunk) for step in copies)
    assert reduce.operation == operation
    assert reduce.outer == (DotAxis(3, extent, 0, 1),)
    assert reduce.reduced == (DotAxis(extent, 1, 0, 0),)
    assert [operation.opcode for operation in reduce.epilogue] == epilogue
    assert not program.kernels


def test_columns(tmp_path):
    program = program_of(tmp_path, "jnp.max(x, axis=(0, 1))", x="f32[3,40,5]")
    reduce = next(program.steps())
    assert isinstance(reduce, ReduceThunk)
    assert reduce.outer == (DotAxis(5, 1, 0, 1),)
    assert reduce.reduced in (
        (DotAxis(3, 200, 0, 0), DotAxis(40, 5, 0, 0)),
        (DotAxis(120, 5, 0, 0),),
    )


WINDOW = "(1, 3, 2, 1), (1, 2, 2, 1)"


def test_windows(tmp_path):
    pool = f"jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, {WINDOW}, 'VALID')"
    (reduce,) = program_of(tmp_path, pool, x="f32[2,9,6,5]").steps()
    assert isinstance(reduce, ReduceThunk)
    assert reduce.operation == "maximum"
    # f32[2,4,3,5], of windows that overlap along the first of the two.
    steps = [(2, 270, 60), (4, 60, 15), (3, 10, 5), (5, 1, 1)]
    assert reduce.outer == tuple(DotAxis(extent, lhs, 0, out) for extent, lhs, out in steps)
    whole = [axis for axis in reduce.reduced if axis.extent > 1]
    assert whole == [DotAxis(3, 30, 0, 0), DotAxis(2, 5, 0, 0)]


@pytest.mark.parametrize(("start", "padding"), [("-jnp.inf", "'SAME'"), ("1.0", "'VALID'")])
def test_windows_beyond_the_edge_or_with_a_number_of_their_own_are_kernels(
    tmp_path, start, padding
):
    pool = f"jax.lax.reduce_window(x, {start}, jax.lax.max, {WINDOW}, {padding})"
    kinds = [type(step) for step in program_of(tmp_path, pool, x="f32[2,9,6,5]").steps()]
    assert kinds == [KernelThunk]


def test_the_next_step_with_each_result(tmp_path):
    pool = f"jax.lax.reduce_window(x, 0.0, jax.lax.add, {WINDOW}, 'VALID')"
    program = program_of(tmp_path, f"{pool} * 0.5 + b", x="f32[2,9,6,5]", b="f32[5]")
    (reduce,) = fuse(separate_values(program)).steps()
    assert isinstance(reduce, ReduceThunk)
    assert [axis.inputs for axis in reduce.outer] == [(0,), (0,), (0,), (1,)]
    opcodes = [operation.opcode for operation in reduce.epilogue]
    assert sorted(opcodes) == ["add", "constant", "multiply"]


@pytest.mark.parametrize("extent", [10, 50])
def test_what_becomes_of_a_dot(tmp_path, extent):
    program = program_of(
        tmp_path, "jnp.sqrt(jnp.sum(x * y) + 1.0)", x=f"f32[{extent}]", y=f"f32[{extent}]"
    )
    dot = next(program.steps())
    assert isinstance(dot, DotThunk)
    assert [operation.opcode for operation in dot.epilogue] == ["constant", "add", "sqrt"]
    assert not program.kernels


@pytest.mark.parametrize(
    ("result", "shapes"),
    [
        ("jnp.sum(x, axis=1)", {"x": "i32[3,50]"}),
        ("jnp.max(x, axis=1)", {"x": "i32[3,50]"}),
        ("jnp.prod(x, axis=1)", {"x": "f32[3,50]"}),
        ("jnp.argmax(x, axis=1)", {"x": "f32[3,50]"}),
        ("jnp.cumsum(x, axis=1)", {"x": "f32[3,50]"}),
        ("jnp.sum(x, axis=1) + y", {"x": "f32[3,50]", "y": "f32[3]"}),
        ("jnp.tanh(jnp.sum(x, axis=1))", {"x": "f32[3,50]"}),
    ],
)
def test_others_are_kernels(tmp_path, result, shapes):
    steps = [*program_of(tmp_path, result, **shapes).steps()]
    assert not any(isinstance(step, ReduceThunk) for step in steps)
    assert any(isinstance(step, KernelThunk) for step in steps)


def test_an_array_that_is_used_again_stays(tmp_path):
    program = program_of(tmp_path, "(x - 1.0, jnp.max(x - 1.0, axis=1))", x="f32[3,70]")
    kernel, reduce, *_ = program.steps()
    assert isinstance(kernel, KernelThunk)
    assert isinstance(reduce, ReduceThunk)
    assert reduce.sources == (kernel.results[0],)


@pytest.mark.parametrize("extent", [10, 50, 300])
@pytest.mark.parametrize(
    ("result", "sources", "prologue"),
    [
        ("jnp.sum((x - y)**2)", 2, ["subtract", "multiply"]),
        ("jnp.sum(x * x + 1.0)", 1, ["multiply", "constant", "add"]),
        ("jnp.max(jnp.abs(x))", 1, ["abs"]),
        ("jnp.sum(jnp.abs(x - y))", 2, ["subtract", "abs"]),
        ("jnp.sum(y * x**2)", 2, ["multiply", "multiply"]),
        ("jnp.min(x * y)", 2, ["multiply"]),
    ],
)
def test_what_is_computed_first(tmp_path, result, sources, prologue, extent):
    shapes = {name: f"f32[{extent}]" for name in "xy" if name in result}
    program = program_of(tmp_path, result, **shapes)
    reduce = next(program.steps())
    assert isinstance(reduce, ReduceThunk)
    assert len(reduce.sources) == sources
    assert [operation.opcode for operation in reduce.prologue] == prologue
    assert not program.kernels


@pytest.mark.parametrize(("axis", "kind"), [(0, ReduceThunk), (1, DotThunk)])
def test_squares_of_rows_are_a_dot(tmp_path, axis, kind):
    """A DSP library may have it; of columns it would have no vectors."""
    squares = next(program_of(tmp_path, f"jnp.sum(x * x, axis={axis})", x="f32[6,40]").steps())
    assert isinstance(squares, kind)


def test_each_with_each(tmp_path):
    result = "jnp.sum((x[:, None] - y[None])**2, axis=2)"
    (reduce,) = program_of(tmp_path, result, x="f32[8,16]", y="f32[10,16]").steps()
    assert isinstance(reduce, ReduceThunk)
    sides = {(axis.extent, axis.lhs, axis.rhs) for axis in reduce.outer}
    assert sides in ({(8, 16, 0), (10, 0, 16)}, {(8, 0, 16), (10, 16, 0)})
    assert [(axis.extent, axis.lhs, axis.rhs) for axis in reduce.reduced] == [(16, 1, 1)]


@pytest.mark.parametrize(
    ("result", "is_reduced"),
    [
        ("jnp.sum((x - y)**2, axis=1)", True),
        ("jnp.sum((x - y)**2, axis=0)", False),  # two vectors of columns for each sum
        ("jnp.sum(x**2, axis=0)", True),
        ("jnp.sum(jnp.exp(x), axis=1)", False),
        ("jnp.sum(x * y * (x - z), axis=1)", False),
        ("jnp.sum(x * y[:, ::-1] * x, axis=1)", False),
    ],
)
def test_what_is_computed_of_other_arrays_is_a_kernel(tmp_path, result, is_reduced):
    shapes = {
        name: "f32[6,20]" for name in "xyz" if name in result.replace("axis", "").replace("exp", "")
    }
    reduce = next(program_of(tmp_path, result, **shapes).steps())
    assert isinstance(reduce, ReduceThunk if is_reduced else KernelThunk)


@pytest.mark.parametrize(("stride", "prologue"), [(1, []), (2, ["abs", "constant", "add"])])
def test_what_windows_have_in_common_is_computed_once(tmp_path, stride, prologue):
    windows = f"(1, 2, 2, 1), (1, {stride}, 2, 1)"
    pool = f"jax.lax.reduce_window(jnp.abs(x) + 1.0, 0.0, jax.lax.add, {windows}, 'VALID')"
    program = program_of(tmp_path, pool, x="f32[2,8,6,5]")
    (reduce,) = (step for step in program.steps() if isinstance(step, ReduceThunk))
    assert [operation.opcode for operation in reduce.prologue] == prologue
    assert bool(program.kernels) != bool(prologue)


LAYER = {"x": "f32[12]", "w": "f32[12,12]", "b": "f32[12]", "v": "f32[12]"}


def opcodes(steps: list[Step]) -> list[list[str]]:
    return [[operation.opcode for operation in getattr(step, "epilogue", ())] for step in steps]


@pytest.mark.parametrize(
    ("hidden", "epilogues"),
    [
        ("jnp.maximum(w @ x + b, 0.0)", [["add", "constant", "maximum"]]),
        ("jnp.tanh(w @ jnp.tanh(w @ x + b) + b)", [["add", "tanh"]] * 2),
    ],
)
def test_a_layer_with_one_output(tmp_path, hidden, epilogues):
    """XLA computes it together with the activation in front of it."""
    program = program_of(tmp_path, f"{hidden} @ v + 0.5", **LAYER)
    steps = [*fuse(separate_values(program)).steps()]
    assert all(isinstance(step, DotThunk) for step in steps)
    assert opcodes(steps) == [*epilogues, ["constant", "add"]]
    assert len([*program.steps()]) == len(steps) + (len(epilogues) > 1)


@pytest.mark.parametrize(
    "result",
    [
        "(w @ x, jnp.maximum(w @ x + b, 0.0) @ v)",  # read by others, too
        "jnp.tanh(w @ x + b) @ v",  # the kernel alone calls tanh
        "jnp.sum(jnp.maximum(w @ x + b - v, 0.0) * (w @ x))",  # they are the other side, too
        "jnp.max(jnp.maximum(w @ x + b, 0.0) * v)",
    ],
)
def test_what_else_is_computed_of_sums_is_a_kernel(tmp_path, result):
    program = fuse(separate_values(program_of(tmp_path, result, **LAYER)))
    assert any(isinstance(step, KernelThunk) for step in program.steps())
