# SPDX-License-Identifier: Apache-2.0
"""That what is counted is what a core executes: tests/bench counts the same functions in qemu."""

from math import prod

import llvmlite.binding as llvm
import numpy as np
import pytest
from llvmlite import ir

from jax_embedded.llvm.emitters.arithmetic import SumOptions
from jax_embedded.llvm.emitters.code import Code, code_of
from jax_embedded.llvm.emitters.dot import dot
from jax_embedded.llvm.emitters.number import number
from jax_embedded.llvm.emitters.sums_testing import thunk_of
from jax_embedded.llvm.emitters.tile_choice import worth
from jax_embedded.llvm.emitters.trial import Cost, best_tile, trial
from jax_embedded.llvm.optimise import optimise
from jax_embedded.llvm.targets import data_layout, target_machine
from jax_embedded.target import TARGETS

CORES = [name for name, target in TARGETS.items() if target.float_dtypes and name != "host"]


F32 = number("f32", contract=True, fused=True)


def add_squares(code: Code, *counts: int) -> None:
    """In nested loops, one behind the other."""

    def add(state: list[ir.Value], inner: tuple[int, ...]) -> list[ir.Value]:
        if inner:
            return code.repeat(inner[0], state, lambda state: add(state, inner[1:]))
        x = F32.load(code, state[0], 0)
        (total,) = F32.add_product(code, state[1:], x, x)
        return [F32.address(code, state[0], 1), total]

    x, out = code.arguments
    _, total = add([x, *F32.zero()], counts)
    F32.store(code, [total], out, 0)


def cost_of(target: str, *counts: int, paired: bool, size: bool = False) -> Cost:
    module = ir.Module()
    code = Code(module, "f", 2, inline=False)
    add_squares(code, *counts)
    code.end()
    assert max(code.times.values(), default=1) == prod(counts)
    times = tuple(code.times.items())
    found = trial(code_of(module), times, TARGETS[target], paired=paired, size=size)
    assert found
    return found


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize("target", CORES)
def test_loops_count_as_often_as_they_run(target, paired):
    cost, more, longer = (
        cost_of(target, *counts, paired=paired)[0]
        for counts in ((30, 1000), (60, 1000), (30, 2000))
    )
    assert 1.9 < more / cost < 2.1
    assert 1.9 < longer / cost < 2.1
    assert worth(3 * 30_000, 40)[0] < cost < worth(6 * 30_000, 200)[0]


@pytest.mark.parametrize("target", CORES)
def test_short_code_is_counted_in_bytes(target):
    code, instructions = cost_of(target, paired=False, size=True)
    assert code > 4 * instructions  # all but one of which have four; and a literal


def test_neon_has_no_cost():
    text = """
define void @f(ptr %a) "target-features"="+vfp4d16sp,+neon" {
  %x = load <4 x float>, ptr %a
  %y = fadd <4 x float> %x, %x
  store <4 x float> %y, ptr %a
  ret void
}
"""
    assert trial(text, (), TARGETS["cortex-m4f"], paired=True) is None
    assert trial(text, (), TARGETS["cortex-m4f"], paired=False)


@pytest.mark.parametrize("stepwise_is_better", [False, True])
def test_pairs_are_tried_with_both_ways_of_addressing(stepwise_is_better):
    def write(code: Code, options: SumOptions) -> None:
        add_squares(code, 50 if options.stepwise == stepwise_is_better else 60)

    _, options = best_tile(write, 2, TARGETS["cortex-m4f"], SumOptions(), pairs=True)
    assert options == SumOptions(pairs=True, stepwise=stepwise_is_better)


@pytest.mark.parametrize(
    ("costs", "patience", "rank"),
    [((50, 30, 10, 40), 10, 2), ((50, 60, 10), 1, 0), ((50, 40, 30, 60, 10), 1, 2)],
)
def test_the_best_tile_before_some_that_are_worse_is_taken(costs, patience, rank):
    def write(code: Code, options: SumOptions) -> None:
        add_squares(code, costs[min(options.rank, len(costs) - 1)])

    target = TARGETS["cortex-m4f"]
    best = best_tile(write, 2, target, SumOptions(), pairs=False, patience=patience)
    assert best[1] == SumOptions(rank=rank)


@pytest.mark.parametrize(("subscripts", "dims"), [("i,i->", (256,)), ("ji,i->j", (8, 64))])
def test_vectors_along_the_terms_stay_in_registers(subscripts, dims):
    """LLVM's scheduler would load more of them ahead than there are registers for."""
    target = TARGETS["cortex-m55"]
    lhs, rhs = np.zeros(dims, np.float32), np.zeros(dims[-1:], np.float32)
    thunk = thunk_of(subscripts, lhs, rhs)

    def write(code: Code, options: SumOptions) -> None:
        dot(code, thunk, target, options)

    _, options = best_tile(write, 3, target, SumOptions(), pairs=False)
    module = ir.Module()
    code = Code(module, "f", 3, inline=False)
    write(code, options)
    code.end()
    head = f'target datalayout = "{data_layout(target)}"\ntarget triple = "{target.triple}"\n'
    compiled = llvm.parse_assembly(head + code_of(module))
    compiled.get_function("f").linkage = "external"
    optimise(compiled, target)
    assembly = target_machine(target).emit_assembly(compiled)
    assert "vfma.f32\tq" in assembly
    assert "[sp" not in assembly
