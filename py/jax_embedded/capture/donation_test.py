# SPDX-License-Identifier: Apache-2.0
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest

from jax_embedded.capture.donation import pair_donated
from jax_embedded.capture.function import arguments_from_example, flatten_results, shape_of
from jax_embedded.errors import ExportError
from jax_embedded.ir.dump import Leaf


class State(NamedTuple):
    position: Any
    speed: Any


def pairs(donate: list[str], arguments: dict, returned: Any, names: list[str] | None = None):
    """{argument leaf: result} by name, of a function with `arguments` that returns `returned`."""
    defined = ", ".join(arguments)
    scope: dict[str, Any] = {}
    exec(f"def f({defined}): pass\ndef example(): return ({defined},)", arguments, scope)
    module = ModuleType("model")
    vars(module).update(scope)
    found = arguments_from_example(module, scope["f"], "example")
    results = [
        Leaf(path, name, shape_of(array, path))
        for path, name, array in flatten_results(returned, scope["f"], names)
    ]
    found.places(donate)
    paired = pair_donated(found, returned, results, donate)
    return {found.leaves[a].name: results[r].path for a, r in paired.items()}


A, B = np.zeros(3, np.float32), np.zeros((), np.float32)
TREE = {"p": A, "v": B}


@pytest.mark.parametrize(
    ("donate", "arguments", "returned", "names", "expected"),
    [
        (["x"], {"x": A, "y": B}, (B, A), None, {"x": "result[1]"}),
        (["x"], {"x": A}, A, None, {"x": "result"}),
        ([], {"x": A}, A, None, {}),
        (
            ["s"],
            {"s": TREE, "x": A},
            (A, TREE, B),
            None,
            {"s_p": "result[1]['p']", "s_v": "result[1]['v']"},
        ),
        (["s"], {"s": TREE}, TREE, None, {"s_p": "result['p']", "s_v": "result['v']"}),
        (["s"], {"s": [A]}, (A, [A]), None, {"s_0": "result[1][0]"}),
        (
            ["s", "t"],
            {"t": A, "s": A},
            {"a": A, "b": A},
            None,
            {"t": "result['a']", "s": "result['b']"},
        ),
        (
            ["s", "t"],
            {"t": A, "s": A},
            (A, A, A),
            ["s", "y", "t"],
            {"t": "result[2]", "s": "result[0]"},
        ),
        (["s"], {"s": A}, (A, A), ["y", "s"], {"s": "result[1]"}),
        (
            ["s"],
            {"s": State(A, B)},
            (State(A, B), State(A, B)),
            ["a", "b", "s_position", "s_speed"],
            {"s_position": "result[1].position", "s_speed": "result[1].speed"},
        ),
    ],
)
def test_donated_arguments_and_their_results(donate, arguments, returned, names, expected):
    assert pairs(donate, arguments, returned, names) == expected


@pytest.mark.parametrize(
    ("donate", "arguments", "returned", "what"),
    [
        (["x"], {"x": A}, B, "argument x: expected a result of the same tree"),
        (["x"], {"x": A}, (A, A), "found result[0] or result[1]"),
        (["s"], {"s": TREE}, (A, B), "argument s: expected a result of the same tree"),
        (["s", "t"], {"t": A, "s": A}, A, "argument s: expected a result of the same tree"),
        (["s"], {"x": A}, A, "donate: expected some of x, found s"),
    ],
)
def test_errors_of_donation(donate, arguments, returned, what):
    with pytest.raises(ExportError) as caught:
        pairs(donate, arguments, returned)
    assert caught.value.kind == "donate"
    assert what in caught.value.what
