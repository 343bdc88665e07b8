# SPDX-License-Identifier: Apache-2.0
import re
from functools import cache
from pathlib import Path

import pytest

from jax_embedded import generate as generate_module
from jax_embedded.capture.capture_testing import CaptureRequest, capture
from jax_embedded.compile_options import CompileOptions
from jax_embedded.errors import ExportError
from jax_embedded.generate import Generated, generate
from jax_embedded.ir.c_function import c_function
from jax_embedded.pipeline import program_of
from jax_embedded.target import TARGETS

SOURCE = """
import jax.numpy as jnp

def product(a, b):
    return a @ b

def scaled(a, b):
    return (a @ b) * 3 + 1

def in_turn(c, d, e, f):
    return c @ d @ e @ f

def layers(v, c):
    return jnp.tanh(jnp.tanh(v @ c) @ c)
"""
SHAPES = {"a": "f32[16,24]", "b": "f32[24,12]"}
OF = {
    "in_turn": dict.fromkeys("cdef", "f32[4,4]"),
    "layers": {"v": "f32[8]", "c": "f32[8,8]"},
}


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    src: Path = tmp_path_factory.mktemp("src") / "f.py"
    src.write_text(SOURCE)

    @cache
    def of(
        fn: str,
        target: str,
        most: int | None = None,
        *,
        size: bool = False,
        most_ram: int | None = None,
    ) -> Generated:
        shapes = OF.get(fn, SHAPES)
        dump = capture(CaptureRequest(src, fn, shapes))
        options = CompileOptions(
            "f", "f", TARGETS[target], size=size, max_code_bytes=most, max_ram_bytes=most_ram
        )
        function = c_function("f", dump.parameters, dump.results)
        return generate(program_of(dump, "f"), function, options)

    return of


@pytest.mark.parametrize("target", ["cortex-m3", "cortex-m4f"])
def test_limits_that_fast_code_keeps_change_nothing(generated, target, monkeypatch):
    fast = generated("product", target)
    ways = []
    in_child = generate_module._generate_in_child

    def recorded(*arguments):
        ways.append(arguments[-1])
        return in_child(*arguments)

    monkeypatch.setattr(generate_module, "_generate_in_child", recorded)
    limits = {"most": fast.code.code_bytes, "most_ram": fast.ram_bytes}
    assert generated("product", target, **limits) == fast
    assert ways == [generate_module._FAST]


def test_code_that_may_not_be_as_long_as_fast_code_lies_between_it_and_short_code(generated):
    fast, short = (
        generated("product", "cortex-m4f", size=size).code.code_bytes for size in (False, True)
    )
    limits = [fast - 1, 2 * short]
    long, shorter = (generated("product", "cortex-m4f", most).code.code_bytes for most in limits)
    assert limits[0] >= long > limits[1] >= shorter > short


@pytest.mark.parametrize("target", ["cortex-m3", "cortex-m4f"])
def test_the_least_that_may_be_asked_for_is_what_short_code_takes(generated, target):
    """Of its own: what it draws in does not count."""
    shortest = re.compile(r"expected at most 1 bytes of code, found (\d+)")
    with pytest.raises(ExportError) as error:
        generated("product", target, 1)
    found = shortest.search(str(error.value))
    assert found
    least = int(found[1])
    assert generated("product", target, least).code.code_bytes == least
    short = generated("product", target, size=True).code.code_bytes
    assert least == short if TARGETS[target].float_dtypes else least < short / 2
    with pytest.raises(ExportError):
        generated("product", target, least - 1)


def test_code_that_may_not_take_as_much_ram_as_fast_code_takes_less(generated):
    fast = generated("product", "cortex-m4f")
    less = generated("product", "cortex-m4f", most_ram=fast.ram_bytes - 1)
    assert less.ram_bytes == less.workspace_bytes + less.stack_bytes < fast.ram_bytes
    assert less.code.code_bytes > generated("product", "cortex-m4f", size=True).code.code_bytes


def test_limits_of_code_and_of_ram_hold_together(generated):
    most_ram = generated("product", "cortex-m4f").ram_bytes - 1
    most = generated("product", "cortex-m4f", most_ram=most_ram).code.code_bytes - 1
    found = generated("product", "cortex-m4f", most, most_ram=most_ram)
    assert found.code.code_bytes <= most
    assert found.ram_bytes <= most_ram


def test_without_vectors_code_may_take_less_ram(generated):
    fast, short = (generated("layers", "cortex-m55", size=size) for size in (False, True))
    most = min(fast.ram_bytes, short.ram_bytes) - 16  # a vector
    without = generated("layers", "cortex-m55", most_ram=most)
    assert without.ram_bytes <= most
    assert ["vldrw" in found.code.assembly for found in (fast, without)] == [True, False]


@pytest.mark.parametrize("size", [False, True])
def test_the_least_ram_that_was_found_is_named(generated, size):
    least = re.compile(r"expected at most 1 bytes of RAM, found (\d+)")
    with pytest.raises(ExportError) as error:
        generated("in_turn", "cortex-m4f", size=size, most_ram=1)
    found = least.search(str(error.value))
    assert found
    most = int(found[1])
    assert generated("in_turn", "cortex-m4f", size=size, most_ram=most).ram_bytes == most


@pytest.mark.parametrize("target", ["cortex-m0", "cortex-m3"])
def test_short_code_without_an_fpu_counts_what_it_draws_in(generated, target):
    """Sums alone need no library if they stay unpacked."""
    library = {"__aeabi_fadd", "__aeabi_fmul"}
    assert not library.intersection(generated("product", target, size=True).code.externals)
    code, fast = generated("scaled", target, size=True).code, generated("scaled", target).code
    assert library.issubset(code.externals)
    assert code.code_bytes < fast.code_bytes - 200


def test_short_code_has_small_temporaries_in_results(generated):
    """One of the two that there are at a time."""
    square = 64
    assert square < generated("in_turn", "cortex-m4f", size=True).stack_bytes < 2 * square
