# SPDX-License-Identifier: Apache-2.0
import ast

import pytest
from cell import ARGUMENTS, COLUMNS, Cell, cells
from operations import OPERATIONS

from jax_embedded.shape import parse_shape


def test_inputs_are_the_arguments_that_the_expression_names():
    cell = Cell("jax.numpy", "where", "jnp.where(p, y, x) + lax.map(lambda u: u, x)", "bf16")
    assert cell.inputs == {"x": "bf16[8]", "y": "bf16[8]", "p": "bool[8]"}
    assert cell.source.startswith("def f(x, y, p):\n    return jnp.where(")
    assert cell.source.endswith("dtype = jnp.dtype('bfloat16')\n")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("x", set()),
        ("unit(x)", {"is_float", "unit"}),
        ("definite(m)", {"is_float", "unit", "definite"}),
        ("jax.jvp(own_jvp, (x,), (y,))", {"own_jvp"}),
    ],
)
def test_a_source_has_what_its_expression_needs(expression, expected):
    tree = ast.parse(Cell("jax", "f", expression, "f32").source)
    assert {n.name for n in tree.body if isinstance(n, ast.FunctionDef)} == expected | {"f"}


def test_rules_of_custom_derivatives_come_along():
    assert "own_jvp.defjvp(" in Cell("jax", "f", "own_jvp(x)", "f32").source
    assert "defvjp" not in Cell("jax", "f", "own_jvp(x)", "f32").source


@pytest.mark.parametrize("dtype", COLUMNS)
def test_wide_dtypes_need_x64(dtype):
    assert Cell("jax", "f", "x", dtype).x64 == (dtype in ("i64", "f64"))


def test_arguments_have_shapes():
    for name, shape in ARGUMENTS.items():
        parse_shape("f32" + shape if shape.startswith("[") else shape, name)


def test_lambdas_do_not_shadow_arguments():
    for cell in cells(OPERATIONS):
        if cell.dtype == "f32":
            for node in ast.walk(ast.parse(cell.expression)):
                if isinstance(node, ast.Lambda):
                    own = {argument.arg for argument in node.args.args}
                    assert not own & ARGUMENTS.keys(), cell.label
