# SPDX-License-Identifier: Apache-2.0
"""That what is counted is what a core executes: tests/bench counts the same functions in qemu."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import inf, prod
from typing import get_args

import llvmlite.binding as llvm
import numpy as np
import pytest
from llvmlite import ir

from jax_embedded.llvm.emitters import tile_sums
from jax_embedded.llvm.emitters.arithmetic import Moves, SumOptions
from jax_embedded.llvm.emitters.code import I32, Code, code_of
from jax_embedded.llvm.emitters.dot import dot
from jax_embedded.llvm.emitters.number import number
from jax_embedded.llvm.emitters.pairs import with_neon
from jax_embedded.llvm.emitters.sums_testing import thunk_of
from jax_embedded.llvm.emitters.tile_choice import Tile, worth
from jax_embedded.llvm.emitters.trial import Cost, best_tile, rated, trial
from jax_embedded.llvm.optimise import optimise
from jax_embedded.llvm.targets import data_layout, target_machine
from jax_embedded.target import TARGETS, Target

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
    def write(code: Code) -> None:
        add_squares(code, *counts)
        assert max(code.times.values(), default=1) == prod(counts)

    return cost_of_code(write, target, paired=paired, size=size)


def cost_of_code(
    write: Callable[[Code], None], target: str, *, paired: bool = False, size: bool = False
) -> Cost:
    module = ir.Module()
    code = Code(module, "f", 2, inline=False)
    write(code)
    code.end()
    found = trial(code_of(module), code.times, TARGETS[target], paired=paired, size=size)
    assert found
    return found


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize("target", CORES)
def test_loops_count_as_often_as_they_run(target, paired):
    cost, more, longer = (
        cost_of(target, *counts, paired=paired).instructions
        for counts in ((30, 1000), (60, 1000), (30, 2000))
    )
    assert 1.9 < more / cost < 2.1
    assert 1.9 < longer / cost < 2.1
    assert 3 * 30_000 < cost < 6.1 * 30_000


@pytest.mark.parametrize("target", ["cortex-m0", "cortex-m3", "cortex-m4f"])
def test_what_is_rare_does_not_count(target):
    def sums(code: Code, *, rare: bool) -> None:
        x, out = code.arguments

        def add(state: list[ir.Value]) -> list[ir.Value]:
            address, total = state
            value = code.load(I32, address, 4)
            if rare:
                with code.if_rare(code.build.icmp_signed("<", value, I32(0))):
                    for place in range(1, 30):
                        code.store(value, code.address(I32, out, place * place), 4)
            return [code.address(I32, address, 1), code.build.add(total, value)]

        _, total = code.repeat(500, [x, I32(0)], add)
        code.store(total, out, 4)

    without, with_rare = (cost_of_code(partial(sums, rare=rare), target) for rare in (False, True))
    assert without.instructions < with_rare.instructions < without.instructions + 500 * 10
    assert with_rare.code > without.code


def test_worth_is_in_instructions_or_in_bytes():
    assert worth(1000, 100, 0.03) < worth(1040, 50, 0.03) < worth(1000, 200, 0.03)
    assert worth(1500, 50, 1) < worth(1000, 100, 1) < worth(1000, 101, 1)
    assert worth(1040, 50, inf) < worth(1000, 100, inf) < worth(1001, 100, inf)


@pytest.mark.parametrize("target", CORES)
def test_short_code_is_counted_in_bytes(target):
    cost = cost_of(target, paired=False, size=True)
    assert cost.code > 4 * cost.instructions  # all but one of which have four; and a literal


@pytest.mark.parametrize(
    ("options", "counts"),
    [
        (SumOptions(), False),
        (SumOptions(size=True), False),
        (SumOptions(code_weight=1.0), True),
        (SumOptions(size=True, code_weight=1.0), True),
    ],
)
def test_the_stack_counts_between_fast_and_short_code(options, counts):
    less, more = (rated(Cost(1000, 100, stack), options) for stack in (0, 1))
    assert (less < more) == counts
    assert less <= more


def test_the_stack_is_what_the_function_saves():
    text = """
declare void @g()
define void @f() {
  call void @g()
  call void @g()
  ret void
}
"""
    for body, stack in ((text, 8), (text.replace("  call void @g()\n", ""), 0)):
        cost = trial(body, {}, TARGETS["cortex-m4f"])
        assert cost
        assert cost.stack == stack


def test_neon_has_no_cost():
    text = """
define void @f(ptr %a) "target-features"="+vfp4d16sp,+neon" {
  %x = load <4 x float>, ptr %a
  %y = fadd <4 x float> %x, %x
  store <4 x float> %y, ptr %a
  ret void
}
"""
    assert trial(text, {}, TARGETS["cortex-m4f"], paired=True) is None
    assert trial(text, {}, TARGETS["cortex-m4f"], paired=False)


@pytest.mark.parametrize("best", get_args(Moves))
def test_pairs_are_tried_with_all_ways_of_addressing(best):
    def write(code: Code, options: SumOptions) -> None:
        add_squares(code, 50 if options.moves == best else 60)

    _, options = best_tile(write, 2, TARGETS["cortex-m4f"], SumOptions(), pairs=True)
    assert options == SumOptions(pairs=True, moves=best)


@pytest.mark.parametrize("target", ["cortex-m4f", "cortex-m55"])
def test_one_way_is_that_of_the_loads(target):
    tried = set()

    def write(code: Code, options: SumOptions) -> None:
        tried.add((options.pairs, options.moves))
        add_squares(code, 50)

    best_tile(write, 2, TARGETS[target], SumOptions(), pairs=True, one_way=True)
    assert tried == {(True, "by_load")}


@pytest.mark.parametrize(
    "best",
    [SumOptions(), SumOptions(pairs=True), SumOptions(pairs=True, moves="by_load")],
)
def test_vectors_are_tried_with_and_without_pairs_and_streams(best):
    def write(code: Code, options: SumOptions) -> None:
        add_squares(code, 50 if replace(options, rank=0) == best else 60)

    _, options = best_tile(write, 2, TARGETS["cortex-m55"], SumOptions(), pairs=True)
    assert options == best


def test_most_tiles_are_tried_in_the_way_that_was_best_for_the_first_ones():
    tried = []

    def write(code: Code, options: SumOptions) -> None:
        tried.append((options.rank, options.moves))
        add_squares(code, 50 if options.moves == "by_load" else 60)

    best_tile(write, 2, TARGETS["cortex-m4f"], SumOptions(), pairs=True, patience=5)
    each_way = [(rank, moves) for rank in range(2) for moves in get_args(Moves)]
    assert tried == [*each_way, *((rank, "by_load") for rank in range(2, 6))]


@pytest.mark.parametrize(
    ("target", "size", "ranks"),
    [("cortex-m4f", False, 6), ("cortex-m4f", True, 9), ("cortex-m55", False, 9)],
)
def test_fewer_tiles_are_tried_where_the_estimate_is_close(target, size, ranks):
    tried = set()

    def write(code: Code, options: SumOptions) -> None:
        tried.add(options.rank)
        add_squares(code, 50)

    best_tile(write, 2, TARGETS[target], SumOptions(size=size), pairs=False)
    assert tried == set(range(ranks))


@pytest.mark.parametrize(("of", "trials"), [("squares", 10), (None, 10 + 10 + 6)])
def test_a_tile_is_tried_once_of_the_same(of, trials):
    tried = []

    def write(code: Code, options: SumOptions) -> None:
        tried.append(options)
        add_squares(code, 50 if options.moves == "by_load" else 60)

    def best(**ways: bool) -> tuple[Cost, SumOptions]:
        return best_tile(
            write, 2, TARGETS["cortex-m7"], SumOptions(), pairs=True, patience=5, of=of, **ways
        )

    assert best() == best() == best(one_way=True)
    assert len(tried) == trials


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
    write = dot_of(subscripts, dims, target)
    _, options = best_tile(write, 3, target, SumOptions(), pairs=False)
    assembly = assembly_of(lambda code: write(code, options), target)
    assert "vfma.f32\tq" in assembly
    assert "[sp" not in assembly


@pytest.mark.parametrize("target", ["cortex-m4f", "cortex-m7"])
def test_one_sum_at_a_time_reads_runs(target):
    """Which takes fewer instructions, and far shorter code, than a tile of several rows."""
    write = dot_of("ji,i->j", (64, 64), TARGETS[target])
    cost, options = best_tile(write, 3, TARGETS[target], SumOptions(), pairs=True)
    assert options.moves == "by_load"
    assert cost.instructions < 1.45 * 64 * 64
    assert cost.code < 500


def test_products_of_two_matrices_stay_in_registers():
    """A tile of more sums would take fewer instructions if there were more registers."""
    target = TARGETS["cortex-m55"]
    arrays = np.zeros((12, 24), np.float32), np.zeros((20, 24), np.float32)
    thunk = thunk_of("ik,jk->ij", *arrays)
    assembly = assembly_of(lambda code: dot(code, thunk, target, SumOptions()), target)
    assert "vfma.f32\tq" in assembly
    assert "[sp" not in assembly


@pytest.mark.parametrize(("subscripts", "steps"), [("ji,i->j", (4, 4)), ("ij,i->j", (32, 4))])
def test_loads_move_their_addresses_without_an_fpu(subscripts, steps):
    """LLVM would count an index, and add it to both addresses."""
    target = TARGETS["cortex-m3"]
    write = dot_of(subscripts, (8, 8), target)
    assembly = assembly_of(lambda code: write(code, SumOptions()), target)
    found = re.findall(r"ldr\t\w+, \[\w+\], #(\d+)", assembly)
    assert sorted(map(int, found)) == sorted(steps)


@pytest.mark.parametrize(
    ("subscripts", "tile", "moved"),
    [
        ("ji,i->j", Tile(8, 1, 8, part=16), r"vldmia\t\w+!, {d\d+}"),
        ("ij,i->j", Tile(1, 8, 8, part=16), r"vldmia\t\w+!, {(d\d+, ){3}d\d+}"),
    ],
)
def test_loads_of_pairs_move_their_addresses(monkeypatch, subscripts, tile, moved):
    """Of the one vector, and of the matrix where its columns lie side by side."""
    monkeypatch.setattr(tile_sums, "choose", lambda *_, **__: tile)
    target = TARGETS["cortex-m4f"]
    write = dot_of(subscripts, (8, 64) if subscripts == "ji,i->j" else (64, 8), target)

    def found(moves: Moves) -> int:
        options = SumOptions(pairs=True, moves=moves)
        return len(re.findall(moved, assembly_of(lambda code: write(code, options), target)))

    assert found("by_load") > 2 * found("by_iteration")


def test_two_scalars_are_loaded_at_once():
    """LLVM would load them where they are wanted, one by one."""
    target = TARGETS["cortex-m55"]
    write = dot_of("ij,i->j", (64, 16), target)

    def found(pattern: str, *, pairs: bool) -> int:
        assembly = assembly_of(lambda code: write(code, SumOptions(pairs=pairs)), target)
        assert "vfma.f32\tq" in assembly
        return len(re.findall(pattern, assembly))

    assert found(r"\tldrd\t", pairs=True) > found(r"\tldrd\t", pairs=False)
    assert found(r"\tldr\t", pairs=True) == 0


@pytest.mark.parametrize("terms", [128, 120])
def test_loads_move_the_addresses_of_streams(terms):
    """LLVM would add to them, since a part of the sums is longer than its loads can reach."""
    target = TARGETS["cortex-m55"]
    write = dot_of("ij,i->j", (terms, 16), target)

    def loop(moves: Moves) -> str:
        options = SumOptions(pairs=True, moves=moves)
        assembly = assembly_of(lambda code: write(code, options), target)
        [found] = re.findall(
            r"^(\.LBB\w+):\n((?:(?!\.L).*\n)*?)\tle\tlr, \1", assembly, re.MULTILINE
        )
        return found[1]

    added = r"\tadds?(\.w)?\tr"
    assert len(re.findall(added, loop("freely"))) > 2
    assert not re.findall(added, loop("by_load"))
    moved = r"\t(?:vldrw.u32|ldrd)\t[^[]*\[r\d+\], #\d+"
    assert len(re.findall(moved, loop("by_load"))) > 2


@pytest.mark.parametrize("name", ["cortex-m0", "cortex-m3", "cortex-m4f", "cortex-m55"])
def test_short_code_goes_on_where_its_loops_end(name):
    """A row begins where the one before it ends."""
    target = TARGETS[name]
    write = dot_of("ji,i->j", (64, 64), target)
    options = SumOptions(size=True, unpacked=False)
    assembly = assembly_of(lambda code: write(code, options), target, size=True)
    assert not re.findall(r"\tadds?(?:\.w)?\tr\d+, (?:r\d+, )?(?:#25[26]|r\d+)", assembly)


def dot_of(
    subscripts: str, dims: tuple[int, ...], target: Target
) -> Callable[[Code, SumOptions], None]:
    terms = dims[subscripts.index("i")] if dims[1:] else dims[0]
    thunk = thunk_of(subscripts, np.zeros(dims, np.float32), np.zeros((terms,), np.float32))

    def write(code: Code, options: SumOptions) -> None:
        dot(code, thunk, target, options)

    return write


def assembly_of(write: Callable[[Code], None], target: Target, *, size: bool = False) -> str:
    module = ir.Module()
    code = Code(module, "f", 3, inline=False)
    write(code)
    code.end()
    head = f'target datalayout = "{data_layout(target)}"\ntarget triple = "{target.triple}"\n'
    text = code_of(module)
    if "freeze" in text:
        text = with_neon(text, target)
    compiled = llvm.parse_assembly(head + text)
    compiled.get_function("f").linkage = "external"
    if "freeze" not in text:
        optimise(compiled, target, "short loops" if size else "speed")
    return target_machine(target).emit_assembly(compiled)
