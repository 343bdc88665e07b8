# SPDX-License-Identifier: Apache-2.0
import pytest

from jax_embedded.c_names import C_LIBRARY, KEYWORDS, check_c_name
from jax_embedded.errors import ExportError
from jax_embedded.llvm.abi import HOST_LIBRARY


@pytest.mark.parametrize(
    "name", ["x", "_x", "X1", "params_w", "a__b", "_0", "Int", "classes", "mains"]
)
def test_names_that_c_can_use(name):
    check_c_name(name, "argument", "rename it")
    check_c_name(name, "function", "rename it", external=True)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("", '""'),
        ("1x", '"1x"'),
        ("a-b", '"a-b"'),
        ("a b", '"a b"'),
        ("x\n", '"x\n"'),
        ("\u00fcber", '"\u00fcber"'),
        ("x\u0661", '"x\u0661"'),
        ("int", "int, a keyword of C or C++"),
        ("restrict", "restrict, a keyword of C or C++"),
        ("true", "true, a keyword of C or C++"),
        ("class", "class, a keyword of C or C++"),
        ("this", "this, a keyword of C or C++"),
        ("xor_eq", "xor_eq, a keyword of C or C++"),
        ("__x", "__x, reserved to the C compiler"),
        ("_Bool", "_Bool, reserved to the C compiler"),
        ("_X", "_X, reserved to the C compiler"),
    ],
)
def test_names_that_c_cannot_use(name, found):
    with pytest.raises(ExportError) as caught:
        check_c_name(name, "argument k", "rename the argument")
    error = caught.value
    assert error.kind == "c-name"
    assert error.what == f"argument k: expected a name that C can use, found {found}"
    assert error.fix == "rename the argument"


def test_names_of_ours_are_refused_for_the_function_only():
    check_c_name("jxe_dot_f32", "argument", "")
    with pytest.raises(ExportError, match="found jxe_dot_f32, reserved to jax_embedded"):
        check_c_name("jxe_dot_f32", "function", "", external=True)


@pytest.mark.parametrize("name", ["main", "sin", "sinf", "memcpy", "expf", "free"])
def test_library_functions_are_refused_for_the_function_only(name):
    check_c_name(name, "argument", "")
    with pytest.raises(ExportError, match=f"found {name}, a function of the C library"):
        check_c_name(name, "function", "", external=True)


@pytest.mark.parametrize("name", sorted(C_LIBRARY | HOST_LIBRARY))
def test_what_generated_code_may_call_is_refused(name):
    with pytest.raises(ExportError):
        check_c_name(name, "function", "rename it", external=True)


def test_keywords_hold_every_word_of_c_and_cpp():
    # cppreference.com: the words without an underscore and a capital in front, C23 and C++20.
    assert {"inline", "typeof", "nullptr", "thread_local", "constexpr"} <= KEYWORDS  # C
    assert {"virtual", "co_await", "consteval", "noexcept", "concept", "char8_t"} <= KEYWORDS  # C++
    assert all(word.isascii() and word.islower() for word in KEYWORDS)
