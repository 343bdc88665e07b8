# SPDX-License-Identifier: Apache-2.0
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import jax
import numpy as np
import pytest

from jax_embedded.capture.function import (
    Arguments,
    arguments_from_example,
    arguments_from_shapes,
    find_function,
    flatten_results,
    load_module,
    shape_of,
    user_error,
)
from jax_embedded.errors import ExportError, InternalError


class State(NamedTuple):
    position: Any
    speed: Any


def leaves(arguments: Arguments) -> list[str]:
    return [f"{leaf.path} {leaf.name} {leaf.shape}" for leaf in arguments.leaves]


def raised(work: Callable[[], Any]) -> ExportError:
    with pytest.raises(ExportError) as caught:
        work()
    return caught.value


def module_of(**functions: Any) -> ModuleType:
    module = ModuleType("model")
    module.__file__ = "/home/u/model.py"
    vars(module).update(functions)
    for value in functions.values():
        if callable(value):
            value.__module__ = "model"
    return module


def two(x, gain=2.0):
    return x * gain


def with_kinds(a, /, b, *, c=1, d):
    return a, b, c, d


def test_arguments_are_in_the_order_of_the_signature():
    arguments = arguments_from_shapes(two, {"gain": "f32[]", "x": "i8[3]"})
    assert leaves(arguments) == ["x x i8[3]", "gain gain f32[]"]
    assert arguments.call(two, [3, 4]) == 12


def test_an_argument_with_a_default_may_be_left_out():
    arguments = arguments_from_shapes(two, {"x": "f32[]"})
    assert leaves(arguments) == ["x x f32[]"]
    assert arguments.call(two, [3]) == 6


def test_positional_and_keyword_only_arguments():
    arguments = arguments_from_shapes(with_kinds, dict.fromkeys("dcba", "f32[]"))
    assert arguments.positional == 2
    assert arguments.call(with_kinds, [1, 2, 3, 4]) == (1, 2, 3, 4)
    arguments = arguments_from_shapes(with_kinds, dict.fromkeys("abd", "f32[]"))
    assert arguments.call(with_kinds, [1, 2, 4]) == (1, 2, 1, 4)


def test_pytrees_become_leaves_with_paths_and_names():
    def step(state, x):
        return state, x

    def example():
        w = {"w b": np.zeros((2, 3), np.float32), "a": [1, 2.5]}
        return State(w, np.zeros(4, np.int8)), np.float32(1)

    arguments = arguments_from_example(module_of(example=example), step, "example")
    assert leaves(arguments) == [
        "state.position['a'][0] state_position_a_0 i32[]",
        "state.position['a'][1] state_position_a_1 f32[]",
        "state.position['w b'] state_position_w_b f32[2,3]",
        "state.speed state_speed i8[4]",
        "x x f32[]",
    ]
    state, x = arguments.call(step, list("abcde"))
    assert state == State({"a": ["a", "b"], "w b": "c"}, "d")
    assert x == "e"


def test_the_first_of_what_an_example_yields_counts():
    def example():
        yield {"gain": 1, "x": True}
        yield "something else"

    arguments = arguments_from_example(module_of(e=example), two, "e")
    assert leaves(arguments) == ["x x bool[]", "gain gain i32[]"]


def test_example_by_name():
    arguments = arguments_from_example(module_of(e=lambda: {"gain": 1, "x": True}), two, "e")
    assert leaves(arguments) == ["x x bool[]", "gain gain i32[]"]


@pytest.mark.parametrize(
    ("function", "inputs", "kind", "what"),
    [
        (
            two,
            {"x": "f32[]", "gian": "f32[]"},
            "unknown-input",
            "inputs: expected arguments of two(x, gain), found gian",
        ),
        (
            two,
            {"gain": "f32[]"},
            "missing-input",
            "inputs: expected every argument of two(x, gain), found none for x",
        ),
        (two, {"x": "f32"}, "shape-text", "argument x: expected a dtype"),
        (
            lambda *xs: xs,
            {"xs": "f32[]"},
            "signature",
            "<lambda>: expected arguments with names, found *xs",
        ),
        (lambda **xs: xs, {}, "signature", "<lambda>: expected arguments with names, found **xs"),
        (two, {"x": "f64[2]"}, "dtype-mismatch", "argument x: expected f32[2], found f64[2]"),
        (two, {"x": "c128[]"}, "dtype-mismatch", "argument x: expected c64[], found c128[]"),
        (two, {"x": "u64[]"}, "dtype-mismatch", "argument x: expected u32[], found u64[]"),
        (
            two,
            {"x": "f32[2,0]"},
            "empty-array",
            "argument x: expected at least one element, found f32[2,0]",
        ),
    ],
)
def test_errors_of_inputs(function, inputs, kind, what):
    error = raised(lambda: arguments_from_shapes(function, inputs))
    assert (error.kind, error.what[: len(what)]) == (kind, what)


def test_a_close_name_is_proposed():
    error = raised(lambda: arguments_from_shapes(two, {"x": "f32[]", "gian": "f32[]"}))
    assert error.fix == "rename gian to gain"


@pytest.mark.parametrize(
    ("example", "what"),
    [
        (lambda: (1, 2, 3), "e(): expected at most 2 arguments, found 3"),
        (
            lambda: [1, 2],
            "e(): expected a tuple of arguments or a dict by argument name, found list",
        ),
        (lambda: ("text",), "argument x: expected an array, found str"),
    ],
)
def test_errors_of_examples(example, what):
    error = raised(lambda: arguments_from_example(module_of(e=example), two, "e"))
    assert (error.kind, error.what) == ("example-inputs", what)


def test_an_example_that_raises_is_the_user_s():
    error = raised(lambda: arguments_from_example(module_of(e=lambda: 1 // 0), two, "e"))
    assert error.kind == "user-exception"
    assert "ZeroDivisionError: " in error.what


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (True, "bool[]"),
        (1, "i32[]"),
        (1.5, "f32[]"),
        (1j, "c64[]"),
        (np.zeros((2, 3), np.uint16), "u16[2,3]"),
        (np.float16(1), "f16[]"),
        (jax.ShapeDtypeStruct((4,), jax.numpy.bfloat16), "bf16[4]"),
    ],
)
def test_shape_of(value, shape):
    assert str(shape_of(value, "x")) == shape


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("text", "example-inputs"),
        (None, "example-inputs"),
        (np.array(["a"]), "dtype"),
        (np.array([1], object), "dtype"),
        (jax.ShapeDtypeStruct((), jax.numpy.float8_e5m2), "dtype"),
    ],
)
def test_shape_of_what_cannot_be_passed(value, kind):
    assert raised(lambda: shape_of(value, "x")).kind == kind


@pytest.mark.parametrize(
    ("value", "names", "expected"),
    [
        (np.ones(2), None, [("result", "out")]),
        ((1, 2.0), None, [("result[0]", "out_0"), ("result[1]", "out_1")]),
        ({"b": 1, "a": [2]}, None, [("result['a'][0]", "out_a_0"), ("result['b']", "out_b")]),
        (State(1, 2), ("p", "v"), [("result.position", "p"), ("result.speed", "v")]),
    ],
)
def test_results(value, names, expected):
    assert [(path, name) for path, name, _ in flatten_results(value, two, names)] == expected


@pytest.mark.parametrize(
    ("value", "names", "kind"),
    [
        (None, None, "no-result"),
        ((), None, "no-result"),
        ({"a": "text"}, None, "non-array-output"),
        ((1, 2), ("one",), "outputs"),
        (1, (), "outputs"),
    ],
)
def test_errors_of_results(value, names, kind):
    assert raised(lambda: flatten_results(value, two, names)).kind == kind


def test_find_function():
    assert find_function(module_of(two=two), "two") is two
    error = raised(lambda: find_function(module_of(two=two, roots=lambda: 0), "root"))
    assert error.kind == "no-such-function"
    assert error.what == "model.py: expected a function root, found two, roots"
    assert error.fix == "set fn to roots"
    error = raised(lambda: find_function(module_of(weights=[1]), "weights", "example_inputs"))
    assert error.what == "model.py: expected weights to be a function, found list"


def test_a_module_that_raises_names_the_user_s_line(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    path = tmp_path / "broken_model.py"
    path.write_text("import jax\n\nx = undefined_name\n")
    error = raised(lambda: load_module(path))
    assert error.kind == "user-exception"
    assert error.details == ("broken_model.py:3 in <module>: x = undefined_name",)
    path.write_text("def f(:\n")
    assert raised(lambda: load_module(path)).details[-1] == "broken_model.py:1: def f(:"
    assert raised(lambda: load_module(tmp_path)).kind == "missing-file"
    assert raised(lambda: load_module(tmp_path / "none.py")).kind == "missing-file"


def test_a_shape_that_depends_on_a_value(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    path = tmp_path / "branch_model.py"
    path.write_text("def branch(x):\n    return x if x > 0 else -x\n")
    with pytest.raises(jax.errors.ConcretizationTypeError) as caught:
        jax.make_jaxpr(load_module(path).branch)(1.0)
    error = user_error(caught.value, "tracing branch")
    assert error.kind == "dynamic-shape"
    assert error.details == ("branch_model.py:2 in branch: return x if x > 0 else -x",)


@pytest.mark.parametrize("error", [ExportError("k", "w", "f"), InternalError("w")])
def test_errors_of_ours_stay_what_they_are(error):
    with pytest.raises(type(error)) as caught:
        user_error(error, "tracing f")
    assert caught.value is error
