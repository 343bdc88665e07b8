# SPDX-License-Identifier: Apache-2.0

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from llvmlite import ir

from jax_embedded.errors import InternalError
from jax_embedded.ir.thunks import DotThunk
from jax_embedded.llvm.emitters import trial
from jax_embedded.llvm.emitters.alike import (
    Candidate,
    Told,
    _cost,
    _record,
    _written,
    groups,
    tables,
)
from jax_embedded.llvm.emitters.arithmetic import SumOptions
from jax_embedded.llvm.emitters.code import I32, Code
from jax_embedded.llvm.emitters.dot import dot
from jax_embedded.llvm.emitters.sums_testing import close, compiled, thunk_of
from jax_embedded.target import TARGETS, Target

M0, M3, M4F = (TARGETS[f"cortex-{name}"] for name in ("m0", "m3", "m4f"))


def candidate_of(thunk: DotThunk, target: Target, *, size: bool = False) -> Candidate:
    return Candidate(partial(dot, thunk=thunk, target=target, options=SumOptions(size=size)), 3)


def arrays_of(subscripts: str, **extents: int) -> tuple[np.ndarray, ...]:
    random = np.random.default_rng(len(extents))
    return tuple(
        random.standard_normal([extents[name] for name in side], dtype=np.float32)
        for side in subscripts.split("->")[0].split(",")
    )


def call(function: Callable, told: ir.Constant, *arrays: np.ndarray, out: np.ndarray) -> None:
    """told: a word or a table."""
    argument = told.constant
    if isinstance(told.type, ir.ArrayType):
        kind = {8: np.uint8, 16: np.uint16, 32: np.int32}[told.type.element.width]
        row = np.array([one.constant for one in told.constant], kind)
        argument = row.ctypes.data
    function(*(array.ctypes.data for array in (*arrays, out)), argument)


PRODUCTS = [
    ("ik,kj->ij", {"i": 4, "j": 4, "k": 4}),
    ("ik,jk->ij", {"i": 3, "j": 2, "k": 8}),
    ("ik,k->i", {"i": 4, "k": 6}),
    ("ki,k->i", {"i": 3, "k": 7}),
    ("k,kj->j", {"j": 7, "k": 4}),
    ("ki,kj->ij", {"i": 2, "j": 3, "k": 5}),
    ("ik,k->i", {"i": 300, "k": 9}),
]
BATCHES = [("bki,k->bi", {"b": 3, "i": 2, "k": 5}), ("bki,bk->bi", {"b": 2, "i": 4, "k": 6})]


@pytest.mark.parametrize("products", [PRODUCTS, BATCHES])
@pytest.mark.parametrize(
    ("target", "size"), [(M0, False), (M3, False), (M4F, True)], ids=lambda x: getattr(x, "name", x)
)
def test_one_function_makes_products_of_any_shape(target, size, products):
    if size:  # where a tile has more sums, those of columns that lie side by side are others
        products = [one for one in products if one[0] != "ki,k->i"]
    found = [(subscripts, *arrays_of(subscripts, **extents)) for subscripts, extents in products]
    candidates = [candidate_of(thunk_of(*case), target, size=size) for case in found]
    assert len({_record(candidate).text for candidate in candidates}) == 1
    numbers = tables(candidates)
    function, _alive = compiled(candidates[0].write, 3, numbers=Told(numbers))
    for (subscripts, lhs, rhs), table in zip(found, numbers.constants(), strict=True):
        expected = np.einsum(subscripts, lhs, rhs)
        out = np.zeros(expected.size + 1, np.float32)
        call(function, table, lhs, rhs, out=out)
        assert out[-1] == 0
        assert close(out[:-1].reshape(expected.shape), expected, 9)


@pytest.mark.parametrize(
    ("indices", "rows", "kind"),
    [
        ([(3, 5, 7), (3, 5, 7)], ((), ()), "i32"),  # nothing to tell
        ([(3, 0, 1), (3, 6, 2)], ((0, 1), (6, 2)), "i32"),
        ([(0, 1, 5), (0, 2, 10)], ((1,), (2,)), "i32"),  # five times as much
        ([(0, 1, 0), (0, 65536, 1)], ((0, 1), (1, 65536)), "i32"),
        ([(3, 32767, 65535), (3, 9, 7)], ((32767, 65535), (9, 7)), "i32"),  # 31 bits
        ([(3, 65535, 65534), (3, 9, 7)], ((65535, 65534), (9, 7)), "i32"),  # 32 bits
        ([(3, 69999, 65534), (3, 9, 7)], ((69999, 65534), (9, 7)), "[2 x i32]"),  # 33 bits
        (
            [(255, 0, 200, 0, 9), (1, 129, 0, 170, 255)],
            ((0, 0, 9, 200, 255), (0, 1, 129, 170, 255)),
            "[5 x i8]",
        ),
        ([(0, 65535, 7, 9), (0, 2, 65000, 256)], ((7, 9, 65535), (2, 256, 65000)), "[3 x i16]"),
        ([(4, -1, 1), (4, 1, -1)], ((-1,), (1,)), "[1 x i32]"),
    ],
)
def test_what_differs_is_told_once(indices, rows, kind):
    candidates = [Candidate(partial(steps_of, indices=one), 2) for one in indices]
    found = tables(candidates)
    assert [sorted(row) for row in found.rows] == [sorted(row) for row in rows]
    assert {str(constant.type) for constant in found.constants()} == {kind}
    source = np.arange(-70000, 70000, dtype=np.int32)
    function, _alive = compiled(candidates[0].write, 2, numbers=Told(found))
    for one, table in zip(indices, found.constants(), strict=True):
        out = np.zeros(len(one), np.int32)
        call(function, table, source[70000:], out=out)
        assert out.tolist() == list(one)


def steps_of(code: Code, indices: tuple[int, ...]) -> None:
    source, out = code.arguments
    for place, index in enumerate(indices):
        value = code.load(I32, code.address(I32, source, index), 4)
        code.store(value, code.address(I32, out, place), 4)


def of_products(target: Target, *cases: tuple[str, dict[str, int]], size: bool = False):
    thunks = [thunk_of(subscripts, *arrays_of(subscripts, **e)) for subscripts, e in cases]
    return groups(
        [candidate_of(one, target, size=size) for one in thunks], target, SumOptions(size=size)
    )


def test_products_with_the_same_innermost_loop_are_one_function():
    matrix = {"i": 9, "k": 8}
    assert of_products(M3, ("ik,k->i", matrix), ("ik,k->i", {**matrix, "i": 7})) == [[0, 1]]


def test_products_with_long_rows_of_other_steps_are_not():
    """Each of their products would take more instructions."""
    cases = [(one, {"i": 40, "j": 40, "k": 40}) for one in ("ik,kj->ij", "ik,jk->ij", "ki,kj->ij")]
    assert of_products(M3, *cases) == [[0], [1], [2]]
    assert of_products(M4F, *cases, size=True) == [[0, 1, 2]]


def test_products_with_the_same_steps_are_one_function_beside_another():
    shapes = [{"i": i, "j": 40, "k": 40} for i in (40, 40, 30, 20, 10)]
    subscripts = ["ik,kj->ij", "ik,jk->ij", "ik,kj->ij", "ik,kj->ij", "ik,kj->ij"]
    assert of_products(M3, *zip(subscripts, shapes, strict=True)) == [[0, 2, 3, 4], [1]]


def test_every_call_counts():
    thunk = thunk_of(PRODUCTS[0][0], *arrays_of(PRODUCTS[0][0], **PRODUCTS[0][1]))
    once = candidate_of(thunk, M3)
    cost, of_five = (_cost([replace(once, calls=n)], M3, size=False) for n in (1, 5))
    assert (of_five.instructions, of_five.code) == (5 * cost.instructions, cost.code)


def test_sums_of_one_part_and_of_more_are_one_function():
    cases = [("ik,k->i", {"i": i, "k": k}) for i, k in ((9, 8), (40, 64), (5, 640), (7, 16))]
    assert of_products(M4F, *cases, size=True) == [[0, 1, 2, 3]]
    found = [(subscripts, *arrays_of(subscripts, **extents)) for subscripts, extents in cases]
    candidates = [candidate_of(thunk_of(*case), M4F, size=True) for case in found]
    numbers = tables(candidates)
    function, _alive = compiled(candidates[0].write, 3, numbers=Told(numbers))
    for (subscripts, lhs, rhs), table in zip(found, numbers.constants(), strict=True):
        out = np.zeros(len(lhs), np.float32)
        call(function, table, lhs, rhs, out=out)
        assert close(out, np.einsum(subscripts, lhs, rhs), lhs.shape[1])


def test_sums_of_one_part_alone_have_no_loop_of_parts():
    cases = [("ik,k->i", {"i": i, "k": k}) for i, k in ((9, 8), (40, 5))]
    found = [candidate_of(thunk_of(s, *arrays_of(s, **e)), M4F, size=True) for s, e in cases]
    text, times = _written(found[0], Told(tables(found)))
    assert "fadd" not in text
    assert max(times.values()) == 9 * 8


def test_other_code_stays_apart():
    assert of_products(M4F, ("k,k->", {"k": 64}), ("ik,k->i", {"i": 8, "k": 8})) == [[0], [1]]


@pytest.mark.parametrize(("copied", "found"), [(1, [[0], [1], [2]]), (60, [[0, 1, 2]])])
def test_a_call_and_a_table_are_worth_some_bytes(copied, found):
    """Of code that would else be a part of its only caller."""
    candidates = [
        Candidate(partial(steps_of, indices=(*range(1, copied), i)), 2, inline=True)
        for i in (70, 81, 92)
    ]
    assert groups(candidates, M4F, SumOptions(size=True)) == found


def test_numbers_that_were_not_recorded_are_a_bug():
    one, other, third = (Candidate(partial(steps_of, indices=(0, i)), 2) for i in (5, 6, 7))
    numbers = tables([one, other])
    with pytest.raises(InternalError) as caught:
        compiled(third.write, 2, numbers=Told(numbers))
    assert caught.value.what == "alike: expected to tell 7, found 5"


def test_neon_that_a_tile_alone_did_without_is_a_bug(monkeypatch):
    monkeypatch.setattr(trial, "functions_with_neon", lambda *_: frozenset({"f"}))
    candidates = [Candidate(partial(steps_of, indices=(3, i)), 2, paired=True) for i in (8, 9)]
    trial._compiled.cache_clear()
    with pytest.raises(InternalError) as caught:
        groups(candidates, M4F, SumOptions())
    trial._compiled.cache_clear()
    assert caught.value.what == "alike: expected functions without NEON, found one with it"
