# SPDX-License-Identifier: Apache-2.0
import pytest

from jax_embedded.llvm.abi import is_known, library_bytes
from jax_embedded.target import TARGETS


@pytest.mark.parametrize(
    "name",
    ["expf", "exp", "tanhf", "atan2f", "fmodf", "memcpy", "memset", "powf", "__truncsfbf2"],
)
@pytest.mark.parametrize("host", [False, True])
def test_functions_of_every_target(name, host):
    assert is_known(name, host=host)


@pytest.mark.parametrize(
    "name",
    [
        "__aeabi_fadd",
        "__aeabi_dmul",
        "__aeabi_ldivmod",
        "__aeabi_f2iz",
        "__aeabi_f2h",
        "jxe_dot_f32",
        "jxe_fft_c64_4096",
    ],
)
def test_functions_of_the_arm_runtime(name):
    assert is_known(name, host=False)
    assert not is_known(name, host=True)


@pytest.mark.parametrize("name", ["sincosf", "sincos"])
def test_functions_of_glibc(name):
    assert is_known(name, host=True)
    assert not is_known(name, host=False)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "malloc",
        "printf",
        "fmaximumf",
        "roundevenf",
        "__aeabi_x",
        "expff",
        "xexpf",
        "jxe.tanh.f32",
        "expf\n",
    ],
)
@pytest.mark.parametrize("host", [False, True])
def test_everything_else_is_unknown(name, host):
    assert not is_known(name, host=host)


@pytest.mark.parametrize(
    ("target", "called", "found"),
    [
        ("cortex-m3", "fadd fmul", 900),
        ("cortex-m3", "fadd fsub", 540),
        ("cortex-m3", "fmul fdiv", 672),
        ("cortex-m3", "fdiv", 672),
        ("cortex-m3", "lasr memcpy", 28),
        ("cortex-m0", "fadd fsub fmul", 1112 + 1172 + 660),
        ("cortex-m0", "fmul fdiv", 660 + 680),
    ],
)
def test_functions_that_share_an_object_take_its_bytes_once(target, called, found):
    names = [f"__aeabi_{name}" for name in called.split()]
    assert library_bytes(names, TARGETS[target]) == found
