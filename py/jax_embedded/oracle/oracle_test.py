# SPDX-License-Identifier: Apache-2.0
import hashlib
import itertools

import numpy as np
import pytest

from jax_embedded.child import run_in_child
from jax_embedded.errors import ExportError
from jax_embedded.oracle.oracle import cases, import_jax

import_jax()  # not in each of the forks below

SOURCE = """
import jax
import jax.numpy as jnp
import itertools

import numpy as np


def f(b, a, scale=2.0):
    return {"difference": b - a, "a": a * scale}


def positional(b, /, *, a):
    return b - a


def tree(params, x):
    return params["w"] * x + params["b"][0], params["b"][1]


def tree_inputs():
    return {"b": [np.float32(1.0), 7], "w": jnp.arange(3.0)}, 0.5


def by_name():
    return {"x": 0.5, "params": tree_inputs()[0]}


def shapes_only():
    like = lambda leaf: jax.ShapeDtypeStruct(jnp.shape(leaf), jnp.asarray(leaf).dtype)
    return jax.tree.map(like, tree_inputs())


def halve(x):
    return x * x


def of_one_precision(x):
    return jax.lax.cond(x[0] > 0, lambda: x, lambda: jnp.zeros(3, jnp.float32))


def sums(a, b, x, w):
    layout = ("NHWC", "HWIO", "NHWC")
    window = jax.lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=layout)
    lower = jnp.linalg.cholesky(a @ a.T + 40 * jnp.eye(40))
    return a @ b, a @ a.T, window, lower, jnp.linalg.svd(b)[1]


def counter(total, x):
    return total + x, total * 2.0


def log():
    for step in range(5):
        yield jnp.float32(8.0), 0.1 * step


def changing():
    yield jnp.float32(8.0), 0.1
    yield jnp.float32(8.0), jnp.ones(2)
"""
INPUTS = {"a": "f32[3]", "b": "f32[3]"}


@pytest.fixture
def run(tmp_path):
    src = tmp_path / "oracle_source.py"
    src.write_text(SOURCE)

    def in_child(fn, *args, **kwargs):
        return run_in_child("oracle", lambda: cases(src, fn, *args, **kwargs))

    return in_child


@pytest.mark.parametrize("fn", ["f", "positional"])
def test_inputs_are_in_the_order_of_the_signature(run, fn):
    for case in run(fn, INPUTS):
        b, a = case.inputs
        assert case.kind == "draw"
        assert (case.results[-1] == b - a).all()
        exact = b.astype(np.float64) - a.astype(np.float64)
        assert (case.references[-1] == exact).all()
        assert (case.results[-1].dtype, case.references[-1].dtype) == (np.float32, np.float64)


def test_results_are_in_the_order_of_tree_leaves(run):
    case = run("f", INPUTS)[0]
    assert (case.results[0] == case.inputs[1] * 2).all()


def test_draws_are_seeded(run):
    first, again, other = (run("f", INPUTS, draws=2, seed=seed) for seed in (0, 0, 1))
    assert first[0].inputs[0].tolist() == again[0].inputs[0].tolist()
    assert first[0].inputs[0].tolist() != first[1].inputs[0].tolist()
    assert first[0].inputs[0].tolist() != other[0].inputs[0].tolist()


@pytest.mark.parametrize("example", ["tree_inputs", "by_name"])
def test_the_example_is_the_first_case(run, example):
    found = run("tree", example_inputs=example)
    assert [case.kind for case in found] == ["example", "draw", "draw", "draw"]
    assert [value.tolist() for value in found[0].inputs] == [1.0, 7, [0.0, 1.0, 2.0], 0.5]
    assert found[0].results[0].tolist() == [1.0, 1.5, 2.0]
    for case in found:
        assert [str(v.dtype) for v in case.inputs] == ["float32", "int32", "float32", "float32"]
        assert [v.shape for v in case.inputs] == [(), (), (3,), ()]


def test_same_bits_on_every_machine(run):
    """They change with JAX, and with what it is told. Unpinned, a CPU with AVX-512 has others than
    one without.
    """
    inputs = {"a": "f32[40,64]", "b": "f32[64,30]", "x": "f32[1,8,8,8]", "w": "f32[3,3,8,8]"}
    (case,) = run("sums", inputs, draws=1)
    found = [hashlib.sha256(value.tobytes()).hexdigest()[:8] for value in case.results]
    assert found == ["9954b74d", "c6f95c3c", "f1612805", "9bde6f35", "6ac9be68"]


def test_shapes_are_no_example(run):
    found = run("tree", example_inputs="shapes_only")
    assert [case.kind for case in found] == ["draw"] * 3
    assert [v.shape for v in found[0].inputs] == [(), (), (3,), ()]


def test_x64(run):
    found = run("tree", example_inputs="tree_inputs", x64=True)
    dtypes = [str(v.dtype) for v in found[0].inputs]
    assert dtypes == ["float32", "int64", "float64", "float64"]
    assert found[0].results[0].dtype == np.float64


def test_edge_values_come_last(run):
    found = run("halve", {"x": "f32[]"}, edge_values=True, draws=1)
    assert [case.kind for case in found] == ["draw"] + ["edge"] * 17
    with np.errstate(over="ignore"):
        for case in found[1:]:
            square = np.float32(case.inputs[0]) ** 2
            flushed = abs(square) < np.finfo(np.float32).tiny
            assert case.results[0] == (0 if flushed else square) or np.isnan(square)


@pytest.mark.parametrize("dtype", ["f16", "bf16", "c64", "bool", "u8"])
def test_other_dtypes(run, dtype):
    for case in run("halve", {"x": f"{dtype}[4]"}, edge_values=True):
        assert case.results[0].dtype == case.inputs[0].dtype
        wide = {"f16": "float64", "bf16": "float64", "c64": "complex128"}
        assert str(case.references[0].dtype) == wide.get(dtype, str(case.inputs[0].dtype))


def test_a_function_that_cannot_be_run_in_float64_is_an_error(run):
    with pytest.raises(ExportError) as caught:
        run("of_one_precision", {"x": "f32[3]"})
    assert caught.value.kind == "float64"
    assert caught.value.what.startswith("of_one_precision in float64, the reference of its test: ")


def test_a_stream_carries_what_is_donated_in_each_precision(run):
    inputs = {"total": "f32[]", "x": "f32[]"}
    found = run("counter", inputs, donated={0: 0}, stream=50, draws=1)
    assert [case.kind for case in found] == ["draw"] + ["stream"] * 50
    stream = found[1:]
    for before, case in itertools.pairwise(stream):
        assert case.inputs[0] == before.results[0]
    exact = np.float64(stream[0].inputs[0]) + sum(np.float64(case.inputs[1]) for case in stream)
    assert stream[-1].references[0] == pytest.approx(exact, rel=1e-14)
    assert stream[-1].references[0] != stream[-1].results[0]


def test_a_stream_has_the_arguments_that_are_yielded(run):
    found = run("counter", example_inputs="log", donated={0: 0}, stream=4, draws=1)
    assert [case.kind for case in found] == ["example", "draw"] + ["stream"] * 4
    stream = found[2:]
    assert [case.inputs[1] for case in stream] == [np.float32(0.1 * step) for step in range(4)]
    assert stream[0].inputs[0] == found[0].inputs[0] == 8.0
    for before, case in itertools.pairwise(stream):
        assert case.inputs[0] == before.results[0]


@pytest.mark.parametrize(
    ("example", "expected"),
    [
        ("log", "log(): expected the arguments of 6 calls, found those of 5"),
        (
            "changing",
            "changing(), call 1: expected the shapes and dtypes of the first, f32[], f32[],",
        ),
    ],
)
def test_what_is_yielded_must_do_for_the_stream(run, example, expected):
    with pytest.raises(ExportError) as caught:
        run("counter", example_inputs=example, donated={0: 0}, stream=6)
    assert caught.value.kind == "example-inputs"
    assert caught.value.what.startswith(expected)
