# SPDX-License-Identifier: Apache-2.0
import ctypes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jax_embedded.errors import ExportError
from jax_embedded.ir.c_function import c_function
from jax_embedded.ir.dump import Leaf
from jax_embedded.shape import DTYPES, Shape

C_TYPES = {
    "bool": ctypes.c_bool,
    "i8": ctypes.c_int8,
    "u16": ctypes.c_uint16,
    "f16": ctypes.c_uint16,
    "bf16": ctypes.c_uint16,
    "i32": ctypes.c_int32,
    "f32": ctypes.c_float,
    "i64": ctypes.c_int64,
    "f64": ctypes.c_double,
    "c64": ctypes.c_float * 2,
    "c128": ctypes.c_double * 2,
}
F32 = Shape("f32")


def leaf(path: str, name: str, shape: Shape = F32) -> Leaf:
    return Leaf(path, name, shape)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(C_TYPES)), st.lists(st.integers(1, 3), max_size=2)),
        min_size=1,
    )
)
def test_members_lie_where_c_puts_them(members):
    leaves = tuple(
        leaf(f"p[{i}]", f"p_{i}", Shape(dtype, tuple(dims)))
        for i, (dtype, dims) in enumerate(members)
    )
    (parameter,) = c_function("f", leaves, (), structs=["p"]).parameters
    fields = [
        (f"_{i}", C_TYPES[leaf.shape.dtype] * leaf.shape.elements) for i, leaf in enumerate(leaves)
    ]
    struct = type("Struct", (ctypes.Structure,), {"_fields_": fields})
    assert [f.offset for f in parameter.fields] == [getattr(struct, n).offset for n, _ in fields]
    assert parameter.nbytes == ctypes.sizeof(struct)
    assert parameter.align == ctypes.alignment(struct)


def test_parameters_are_in_the_order_of_the_arguments_and_then_of_the_results():
    arguments = (leaf("a['x']", "a_x"), leaf("a['y']", "a_y"), leaf("b", "b"), leaf("c[0]", "c_0"))
    results = (leaf("result[0]", "out_0"), leaf("result[1]", "b"), leaf("result[2]", "out_2"))
    function = c_function("f", arguments, results, donated={2: 1}, structs=["a"])
    assert [(p.name, p.struct, p.by_value) for p in function.parameters] == [
        ("a", "f_a", False),
        ("b", "", False),
        ("c_0", "", True),
        ("out_0", "", False),
        ("out_2", "", False),
    ]
    assert [(f.name, f.argument, f.result) for p in function.parameters for f in p.fields] == [
        ("x", 0, None),
        ("y", 1, None),
        ("b", 2, 1),
        ("c_0", 3, None),
        ("out_0", None, 0),
        ("out_2", None, 2),
    ]
    assert function.returned is None


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("dims", [(), (1,), (2, 3)])
def test_what_is_returned(dtype, dims):
    function = c_function("f", (), (leaf("result", "out", Shape(dtype, dims)),))
    assert (function.returned is not None) == (dims == () and not dtype.startswith("c"))
    assert len(function.parameters) == (function.returned is None)


def test_the_one_result_that_is_not_in_place_is_returned():
    arguments = (leaf("s", "s"),)
    results = (leaf("result[0]", "s"), leaf("result[1]", "y"))
    function = c_function("f", arguments, results, donated={0: 0})
    assert function.returned
    assert function.returned.result == 1


@pytest.mark.parametrize("structs", [["x"], ["y"], ["p", "q"]])
def test_structs_that_are_none(structs):
    arguments = (leaf("x", "x"), leaf("p['a']", "p_a"))
    with pytest.raises(ExportError) as caught:
        c_function("f", arguments, (), structs=structs)
    assert caught.value.kind == "structs"
    assert caught.value.fix == "name one of: p"
