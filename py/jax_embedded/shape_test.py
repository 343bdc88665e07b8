# SPDX-License-Identifier: Apache-2.0
import pytest

from jax_embedded.errors import ExportError
from jax_embedded.shape import Shape, parse_shape


@pytest.mark.parametrize(
    ("text", "shape", "nbytes"),
    [
        ("f32[]", Shape("f32"), 4),
        ("i32[3]", Shape("i32", (3,)), 12),
        (" bool [ 2 , 5 ] ", Shape("bool", (2, 5)), 10),
        ("c128[1,1]", Shape("c128", (1, 1)), 16),
    ],
)
def test_parse_shape(text, shape, nbytes):
    assert parse_shape(text, "x") == shape
    assert shape.nbytes == nbytes
    assert parse_shape(str(shape), "x") == shape


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "shape-text"),
        ("f32", "shape-text"),
        ("f32[3", "shape-text"),
        ("f32[3]x", "shape-text"),
        ("f32[3.5]", "shape-text"),
        ("f32[3,]", "shape-text"),
        ("f32[99999999999999999999]", "shape-text"),
        ("float[3]", "dtype-text"),
        ("f32[n]", "dynamic-shape"),
        ("f32[-1]", "dynamic-shape"),
        ("f32[?]", "dynamic-shape"),
    ],
)
def test_parse_shape_errors(text, kind):
    with pytest.raises(ExportError) as caught:
        parse_shape(text, "x")
    assert caught.value.kind == kind


def test_strides():
    assert Shape("f32", (2, 3, 4)).strides == (12, 4, 1)
    assert Shape("f32", (5,)).strides == (1,)
    assert Shape("f32").strides == ()
