# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

import numpy as np
import pytest

from jax_embedded.ir.thunks import DotThunk, Slice
from jax_embedded.llvm.emitters.normal_weights import with_normal_weights
from jax_embedded.llvm.emitters.sums_testing import placed, program_of, thunk_of
from jax_embedded.shape import Shape
from jax_embedded.target import TARGETS

TINY = np.finfo(np.float32).tiny


def normal_of(
    weights: np.ndarray, target: str, side: str, where: Slice | None = None
) -> tuple[bool, bool]:
    x = np.zeros(weights.shape, weights.dtype)
    sides = (weights, x) if side == "lhs" else (x, weights)
    dtype = {np.float32: "f32", np.int32: "i32"}[weights.dtype.type]
    thunk = placed(thunk_of("bk,bk->b", *sides, dtype), side)
    if where:
        thunk = replace(thunk, **{side: where})
    (found,) = with_normal_weights(program_of([thunk], weights, 4096), TARGETS[target]).thunks
    assert isinstance(found, DotThunk)
    assert replace(found, normal=(False, False)) == thunk
    return found.normal


@pytest.mark.parametrize("side", ["lhs", "rhs"])
@pytest.mark.parametrize("target", ["cortex-m0", "cortex-m3"])
def test_weights_are_normal_and_inputs_may_be_anything(target, side):
    weights = np.array([[1, -TINY], [-3e38, 1e-30]], np.float32)
    assert normal_of(weights, target, side) == (side == "lhs", side == "rhs")


@pytest.mark.parametrize("special", [0.0, -0.0, 1e-39, np.inf, -np.inf, np.nan, -np.nan])
def test_weights_with_another_number_are_not(special):
    assert normal_of(np.array([[1, 2], [special, 3]], np.float32), "cortex-m3", "rhs") == (
        False,
        False,
    )


def test_only_what_is_read_counts():
    weights = np.array([[0, 1], [2, 3], [4, 0]], np.float32)
    inside = Slice(0, 8, Shape("f32", (1, 2)))
    assert normal_of(weights, "cortex-m3", "lhs", inside) == (True, False)
    assert normal_of(weights, "cortex-m3", "lhs", replace(inside, offset=16)) == (False, False)


def test_with_an_fpu_and_of_integers_it_does_not_matter():
    assert normal_of(np.ones((2, 2), np.float32), "cortex-m4f", "lhs") == (False, False)
    assert normal_of(np.full((2, 2), 1 << 23, np.int32), "cortex-m3", "lhs") == (False, False)
