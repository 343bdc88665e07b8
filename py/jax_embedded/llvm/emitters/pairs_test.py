# SPDX-License-Identifier: Apache-2.0
import re
from collections import defaultdict
from pathlib import Path

import pytest

from jax_embedded.capture.capture_testing import CaptureRequest, capture
from jax_embedded.compile_options import CompileOptions
from jax_embedded.generate import generate
from jax_embedded.ir.c_function import c_function
from jax_embedded.ir.dump import Dump
from jax_embedded.llvm.codegen import ObjectCode, codegen
from jax_embedded.llvm.emitters import pairs, trial
from jax_embedded.llvm.emitters.pairs import functions_with_neon, with_neon
from jax_embedded.llvm.link import link
from jax_embedded.pipeline import compile_dump, program_of
from jax_embedded.target import TARGETS

PAIR = re.compile(r"^\tvld(r\td\d|m\w*\t\w+!?, \{d)", re.MULTILINE)
WITH_PAIRS = [name for name, target in TARGETS.items() if target.pairs_are_doubles]


@pytest.mark.parametrize(
    "instruction",
    [
        "vldr\td16, [r3, #792]",
        "vorr\td12, d16, d16",
        "vorr\td1, d2, d3",
        "vldmia\tr3, {d14, d15, d16}",
        "vmul.f32\td13, d8, d9",
        "vld1.32\t{d0}, [r2:64]!",
        "vdup.32\td0, r1",
        "vadd.f32\tq0, q1, q2",
        "vmov.f64\td7, d4",
    ],
)
def test_what_needs_neon(instruction):
    text = f'f:\n\tbx\tlr\n"f.0.dot":\n\t{instruction}\n'
    assert functions_with_neon(text, ["f.0.dot"]) == {"f.0.dot"}
    assert functions_with_neon(text, ["f"]) == frozenset()


@pytest.mark.parametrize(
    "instruction",
    [
        "vldr\td15, [r3, #792]",
        "vldmia\tr3!, {d8, d9, d10, d11}",
        "vpush\t{d8, d9}",
        "vfma.f32\ts16, s17, s18",
        "vmov\tr0, r1, d4",
        "bl\td16",
        "ldr\tr0, d18",
    ],
)
def test_what_does_not(instruction):
    text = f"f:\n\t{instruction}\n"
    assert functions_with_neon(text, ["f"]) == frozenset()


@pytest.fixture(scope="module")
def dump(tmp_path_factory) -> Dump:
    src: Path = tmp_path_factory.mktemp("src") / "f.py"
    src.write_text("def f(a, x):\n    return a @ x\n")
    return capture(CaptureRequest(src, "f", {"a": "f32[64,64]", "x": "f32[64]"}))


@pytest.fixture(scope="module")
def short(tmp_path_factory) -> Dump:
    src: Path = tmp_path_factory.mktemp("src") / "f.py"
    src.write_text("def f(x, y):\n    return x @ y\n")
    return capture(CaptureRequest(src, "f", {"x": "f32[256]", "y": "f32[256]"}))


@pytest.mark.parametrize("target", TARGETS)
def test_neighbours_are_loaded_two_by_two(dump, target):
    assembly = compile_dump(dump, CompileOptions("f", "f", TARGETS[target])).files["f.s"].decode()
    assert (len(PAIR.findall(assembly)) > 10) == (target in WITH_PAIRS)
    if target in WITH_PAIRS:
        assert functions_with_neon(assembly, ["f", "f.0.dot"]) == frozenset()


@pytest.mark.parametrize("target", WITH_PAIRS)
def test_a_function_that_has_failed_loads_no_pairs(dump, target):
    program = program_of(dump, "f")
    function = c_function("f", dump.parameters, dump.results)
    assert link(program, function, TARGETS[target]).paired == {"f.0.dot"}
    linked = link(program, function, TARGETS[target], unpaired={"f.0.dot"})
    assert not linked.apart
    assert not linked.paired
    assert not PAIR.search(codegen(linked, TARGETS[target]).assembly)


def test_what_uses_neon_in_the_end_is_compiled_without_pairs(dump, monkeypatch):
    found = iter([{"f.0.dot"}, set()])  # asked for twice
    monkeypatch.setattr(pairs, "functions_with_neon", lambda *_: frozenset(next(found)))
    assert not PAIR.search(compiled(dump, "cortex-m4f").assembly)


@pytest.mark.parametrize("target", WITH_PAIRS)
def test_what_does_nothing_but_a_short_sum_calls_nothing(short, target):
    assert [*compiled(short, target).functions] == ["f"]


@pytest.mark.parametrize("target", WITH_PAIRS)
def test_a_dot_loads_eight_elements_of_each_side_at_once(short, target):
    loads = re.findall(r"^\tvldm\w*\t\w+!, (.*)$", compiled(short, target).assembly, re.MULTILINE)
    assert {*loads} == {"{d0, d1, d2, d3}", "{d4, d5, d6, d7}"}


def test_what_uses_neon_after_it_was_inlined_calls_the_sum(short, monkeypatch):
    found = iter([{"f"}, set()])  # asked for twice
    monkeypatch.setattr(pairs, "functions_with_neon", lambda *_: frozenset(next(found)))
    code = compiled(short, "cortex-m4f")
    assert PAIR.search(code.assembly)
    assert {*code.functions} == {"f", "f.0.dot"}


@pytest.fixture(scope="module")
def layers(tmp_path_factory) -> Dump:
    src: Path = tmp_path_factory.mktemp("src") / "f.py"
    twice = "jnp.tanh(a @ jnp.tanh(a @ x))"
    src.write_text(f"import jax.numpy as jnp\ndef f(a, x):\n    return {twice}\n")
    return capture(CaptureRequest(src, "f", {"a": "f32[64,64]", "x": "f32[64]"}))


@pytest.mark.parametrize("target", WITH_PAIRS)
def test_what_becomes_of_sums_may_be_a_call(layers, target):
    """Of a function that is in another module until LLVM has done the rest."""
    code = compiled(layers, target)
    assert not code.externals
    assert re.search(r"^\tbl\tjxe\.tanh\.f32$", code.assembly, re.MULTILINE)
    assert "jxe.tanh.f32" in code.functions
    assert re.findall(r"^\t\.globl\t(\S+)", code.assembly, re.MULTILINE) == ["f"]


@pytest.mark.parametrize("target", TARGETS)
def test_where_there_are_vectors_functions_stay_in_loops_of_their_own(layers, target):
    vectors = TARGETS[target].float_lanes > 1
    program = compile_dump(layers, CompileOptions("f", "f", TARGETS[target]), "program")
    assert (b"\n  kernel " in program.files["f.program.txt"]) == vectors


@pytest.mark.parametrize("target", WITH_PAIRS)
def test_whose_schedule_is_taken(target):
    """What it is worth counts_test counts."""
    text = with_neon("define void @f() {\n  ret void\n}\n", TARGETS[target])
    found = re.findall(r'"target-cpu"="([^"]*)"', text)
    assert found == (["cortex-m4"] if target == "cortex-m7" else [])


def compiled(dump: Dump, target: str) -> ObjectCode:
    function = c_function("f", dump.parameters, dump.results)
    options = CompileOptions("f", "f", TARGETS[target])
    return generate(program_of(dump, "f"), function, options).code


@pytest.mark.parametrize("target", WITH_PAIRS)
def test_without_a_tile_that_does_without_neon_there_are_no_pairs(dump, target, monkeypatch):
    monkeypatch.setattr(trial, "functions_with_neon", lambda *_: frozenset({"f"}))
    monkeypatch.setattr(trial, "_MOST_TILES", 4)  # all of which are tried
    monkeypatch.setattr(trial, "_known", defaultdict(dict))
    trial._compiled.cache_clear()
    assert not PAIR.search(compiled(dump, target).assembly)
    trial._compiled.cache_clear()
