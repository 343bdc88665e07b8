# SPDX-License-Identifier: Apache-2.0
"""Constants in another order give the same sums."""

from dataclasses import replace

import numpy as np
import pytest

from jax_embedded.ir.elementwise import Operation
from jax_embedded.ir.program import Allocation
from jax_embedded.ir.thunks import CopyThunk, DotThunk, Origin, Slice, without_places
from jax_embedded.ir.verify import verify
from jax_embedded.llvm.emitters import weights as weights_module
from jax_embedded.llvm.emitters.arithmetic import SumOptions
from jax_embedded.llvm.emitters.dot import dot
from jax_embedded.llvm.emitters.sums_testing import (
    CONSTANT,
    INPUT,
    OUT,
    called,
    close,
    placed,
    program_of,
    thunk_of,
)
from jax_embedded.llvm.emitters.trial import Cost
from jax_embedded.llvm.emitters.weights import with_laid_out_weights
from jax_embedded.shape import Shape
from jax_embedded.target import TARGETS, Target

CORES = {
    "vectors": replace(TARGETS["host"], fused=True),
    "pairs": replace(TARGETS["host"], fused=True, float_lanes=1),
}


def laid_out(thunks: list, weights: np.ndarray, target: Target, *, size: bool = False):
    program = program_of(thunks, weights, 1 << 16)
    found = with_laid_out_weights(program, target, SumOptions(size=size, pairs=True))
    changed = found.allocations[CONSTANT].data
    assert changed is not None
    return found, np.frombuffer(changed, np.float32)


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("seed", range(30))
def test_the_sums_are_the_same(seed, core):
    random = np.random.default_rng(seed)
    subscripts, side = [("nk,k->n", "lhs"), ("k,kn->n", "rhs"), ("mk,kn->mn", "rhs")][seed % 3]
    extents = {
        "m": int(random.integers(1, 6)),
        "n": int(random.choice([8, 10, 16, 48, 64])),
        "k": int(random.choice([3, 16, 40, 130])),
    }
    arrays = {
        name: random.standard_normal([extents[n] for n in dims]).astype(np.float32)
        for name, dims in zip(("lhs", "rhs"), subscripts.split("->")[0].split(","), strict=True)
    }
    thunk = placed(thunk_of(subscripts, arrays["lhs"], arrays["rhs"]), side)
    program, weights = laid_out([thunk], arrays[side], CORES[core], size=seed % 5 == 0)
    (changed,) = program.steps()
    assert isinstance(changed, DotThunk)
    assert sorted(weights) == sorted(arrays[side].ravel())
    expected = np.einsum(subscripts, *(arrays[s].astype(np.float64) for s in ("lhs", "rhs")))
    got = called(
        lambda code: dot(code, changed, CORES[core], SumOptions()),
        *((arrays | {side: weights})[s] for s in ("lhs", "rhs")),
        expected.shape,
    )
    assert close(got, expected, extents["k"])


def weights_and_dot() -> tuple[np.ndarray, DotThunk]:
    weights = np.arange(64 * 32, dtype=np.float32).reshape(64, 32)
    return weights, placed(thunk_of("nk,k->n", weights, weights[0]), "lhs")


def test_a_matrix_of_rows_becomes_one_of_columns():
    weights, thunk = weights_and_dot()
    program, found = laid_out([thunk, thunk], weights, CORES["vectors"])
    first, second = program.steps()
    assert first == second
    assert isinstance(first, DotThunk)
    width = first.outer[-1].extent
    assert width >= 4
    assert (found[:width] == weights[:width, 0]).all()


@pytest.mark.parametrize("cheaper", [False, True])
def test_a_layout_that_costs_more_is_not_taken(cheaper, monkeypatch):
    weights, thunk = weights_and_dot()

    def cost(step: DotThunk, *_) -> Cost:
        as_it_is = without_places(step) == without_places(thunk)
        return Cost(1000 + as_it_is * (100 if cheaper else -100), 200)

    monkeypatch.setattr(weights_module, "_cost", cost)
    _, found = laid_out([thunk], weights, TARGETS["cortex-m4f"])
    assert (found != weights.ravel()).any() == cheaper


def test_what_others_read_too_stays():
    weights, thunk = weights_and_dot()
    copy = CopyThunk(
        Origin("i", "op"), Slice(CONSTANT, 0, Shape("f32", (8,))), Slice(OUT, 0, Shape("f32", (8,)))
    )
    across = placed(thunk_of("kn,k->n", weights, weights[:, 0]), "lhs")
    for other in (copy, across):
        program, found = laid_out([thunk, other], weights, CORES["vectors"])
        assert (found == weights.ravel()).all()
        assert tuple(program.steps()) == (thunk, other)


def test_what_the_epilogue_reads_too_stays():
    weights, thunk = weights_and_dot()
    square = replace(
        thunk,
        outer=tuple(replace(axis, inputs=(1,)) for axis in thunk.outer),
        inputs=(thunk.lhs,),
        epilogue=(Operation("add", (0, 1)),),
    )
    _, found = laid_out([square], weights, CORES["vectors"])
    assert (found == weights.ravel()).all()


def test_without_an_fpu_it_stays():
    weights, thunk = weights_and_dot()
    _, found = laid_out([thunk], weights, replace(CORES["pairs"], float_dtypes=()))
    assert (found == weights.ravel()).all()


def test_a_program_with_other_weights_is_as_good():
    weights, thunk = weights_and_dot()
    program = program_of([thunk], weights, 1 << 16)
    found, _ = laid_out([thunk], weights, CORES["vectors"])
    inputs = {INPUT: Allocation(INPUT, 128, "constant", data=bytes(128))}
    for one in (program, found):
        verify(replace(one, allocations={**one.allocations, **inputs}))
