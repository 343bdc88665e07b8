# SPDX-License-Identifier: Apache-2.0
import pickle

import pytest

from jax_embedded.errors import ExportError, InternalError


def test_export_error_renders_in_the_one_form():
    error = ExportError("dtype", "argument x: expected f32, found f64", "pass f32", ("line 1", "b"))
    assert error.render("//fw:mlp") == (
        "ERROR(jax_embedded): //fw:mlp: argument x: expected f32, found f64\n"
        "    line 1\n"
        "    b\n"
        "  Fix: pass f32. See docs/errors.md#dtype"
    )


def test_internal_error_renders_as_bug():
    error = InternalError("expected a kernel, found none", ("where",))
    assert error.render("mlp") == (
        "BUG(jax_embedded): mlp: expected a kernel, found none\n"
        "    where\n"
        "  Fix: please report this with the Python source. See docs/errors.md#bug"
    )


def test_exit_codes_tell_the_two_apart():
    assert 0 != ExportError.exit_code != InternalError.exit_code != 0


@pytest.mark.parametrize(
    "error",
    [
        ExportError("kind", "what", "fix"),
        ExportError("k", "w", "f", ("d",)),
        InternalError("w", ("d",)),
    ],
)
def test_errors_survive_pickling(error):
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert vars(copy) == vars(error)
