# SPDX-License-Identifier: Apache-2.0
import re

import numpy as np

from jax_embedded.ir.c_function import CFunction, c_function
from jax_embedded.ir.dump import Leaf
from jax_embedded.oracle.case import Case
from jax_embedded.oracle.compare import accepted
from jax_embedded.oracle.judge_tables import judge_tables
from jax_embedded.shape import Shape


def leaf(path: str, name: str, dtype: str, *dims: int) -> Leaf:
    return Leaf(path, name, Shape(dtype, dims))


STEP = c_function(
    "step",
    (
        leaf("state.p", "state_p", "f32", 2),
        leaf("state.n", "state_n", "i8"),
        leaf("x", "x", "f32"),
        leaf("z", "z", "c64", 3),
    ),
    (
        leaf("result[0]", "y", "f32"),
        leaf("result[1].p", "out_p", "f32", 2),
        leaf("result[1].n", "out_n", "i8"),
    ),
    donated={0: 1, 1: 2},
    structs=["state"],
)


def case(kind: str, scale: float = 1.0) -> Case:
    state = [np.array([1, 2], np.float32) * np.float32(scale), np.array(3, np.int8)]
    inputs = [*state, np.array(0.5, np.float32), np.ones(3, np.complex64)]
    results = [np.array(0.25, np.float32), *state]
    return Case(kind, inputs, results, [r.astype(np.float64) for r in results])


def table(text: str, name: str) -> list[str]:
    match = re.search(rf" {name}\[\] = {{(.*)}};", text)
    assert match
    return re.findall(r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)?\}|NULL|data_\d+", match[1])


def data(text: str, name: str) -> bytes:
    match = re.search(rf" {name}\[\] = {{([\d, ]*)}};", text)
    assert match
    return bytes(map(int, match[1].split(",")))


def tables(cases: list[Case], function: CFunction = STEP) -> str:
    return judge_tables(function, "fw/step.h", cases)


def test_the_call_is_as_the_header_declares_it():
    text = tables([case("draw")])
    assert '#include "fw/step.h"\n' in text
    assert (
        "const float returned = step((struct step_state *)memory[0].bytes,"
        " *(const float *)memory[1].bytes, (float *)memory[2].bytes);" in text
    )
    assert "memcpy(memory[3].bytes, &returned, sizeof returned);" in text


def test_arrays_say_where_they_lie():
    text = tables([case("draw")])
    assert table(text, "arguments") == [
        '{"state_p", JXE_F32, 2, (const uint32_t[]){2, 0}, 0, 0, true}',
        '{"state_n", JXE_I8, 1, (const uint32_t[]){1, 0}, 0, 8, true}',
        '{"x", JXE_F32, 1, (const uint32_t[]){1, 0}, 1, 0, false}',
        '{"z", JXE_F32, 6, (const uint32_t[]){3, 2, 0}, 2, 0, false}',
    ]
    assert [row.split(", ")[-3:] for row in table(text, "results")] == [
        ["3", "0", "false}"],
        ["0", "0", "true}"],
        ["0", "8", "true}"],
    ]


def test_memory_is_aligned_to_its_elements_and_no_more():
    text = tables([case("draw")])
    assert "static uint64_t memory_0[(2 * JXE_GUARD_BYTES + 12 + 15) / 8];" in text
    assert "{(uint8_t *)memory_0 + JXE_GUARD_BYTES + 4, 12}" in text


def test_a_stream_goes_on_with_what_the_call_before_left():
    text = tables([case("example"), case("stream", 2.0), case("stream", 3.0)])
    given = [[value != "NULL" for value in table(text, f"inputs_{i}")] for i in range(3)]
    assert given == [[True] * 4, [True] * 4, [False, False, True, True]]


def test_a_stream_is_judged_as_a_whole():
    stream = [case("stream", 1e-6), case("stream", 1.0)]
    text = tables(stream)
    whole = [np.stack([c.results[1] for c in stream]), np.stack([c.references[1] for c in stream])]
    low, high = accepted(whole[0], whole[1])
    ends = re.findall(r"data_\d+", table(text, "expected_0")[1])[1:]
    found = [np.frombuffer(data(text, name), np.float32) for name in ends]
    assert found[0].tolist() == low[:2].tolist()
    assert found[1].tolist() == high[:2].tolist()


def test_discrete_results_have_no_range_and_edges_no_rms():
    text = tables([case("edge")])
    y, _, n = table(text, "expected_0")
    assert y.endswith(", 0.0}")
    assert n.endswith(", NULL, NULL, 0}")


def test_equal_arrays_are_one():
    text = tables([case("draw"), case("draw")])
    assert table(text, "inputs_0") == table(text, "inputs_1")


def test_the_caller_s_workspace_is_as_large_as_the_header_says():
    function = c_function(
        "f", (), (leaf("result", "y", "f32", 2),), structs=(), caller_workspace=True
    )
    value = np.zeros(2, np.float32)
    text = tables([Case("draw", [], [value], [value.astype(np.float64)])], function)
    assert "static uint64_t workspace[(F_WORKSPACE_BYTES + 8) / 8];" in text
    assert "f((float *)memory[0].bytes, workspace);" in text
