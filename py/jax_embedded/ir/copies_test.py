# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jax_embedded.ir.copies import without_copies
from jax_embedded.ir.dump import Leaf
from jax_embedded.ir.elementwise import Elementwise, Operation
from jax_embedded.ir.program import Allocation, Program
from jax_embedded.ir.scratch import LOCAL_BYTES
from jax_embedded.ir.thunks import (
    ConditionalThunk,
    CopyThunk,
    KernelThunk,
    Origin,
    Slice,
    Thunk,
    WhileThunk,
    reads_and_writes,
)
from jax_embedded.ir.verify import verify
from jax_embedded.shape import DTYPES, Shape

ORIGIN = Origin("i", "op")
SHAPE = Shape("f32", (32,))
X, C, Y, Z, A, B, D, E = range(8)
KINDS = ["parameter", "constant", "result", "result", *["temp"] * 4]
FLAG = Slice(X, 0, Shape("bool"))


def all_of(allocation: int, shape: Shape = SHAPE) -> Slice:
    return Slice(allocation, 0, shape)


def copy(source: int, destination: int, strides: tuple[int, ...] = ()) -> CopyThunk:
    return CopyThunk(ORIGIN, all_of(source), all_of(destination), strides)


def moved(source: int, destination: int, step: int = 1) -> KernelThunk:
    """As XLA copies where it changes the dimensions alone."""
    done = Elementwise(SHAPE, ((step,),), ())
    return KernelThunk(ORIGIN, "k", (all_of(source),), (all_of(destination),), elementwise=done)


def kernel(reads: list[int], writes: list[int]) -> KernelThunk:
    return KernelThunk(ORIGIN, "k", tuple(map(all_of, reads)), tuple(map(all_of, writes)))


def program_of(*thunks: Thunk, size: int = SHAPE.nbytes) -> Program:
    allocations = {
        index: Allocation(
            index,
            size,
            kind,
            0 if kind == "parameter" else None,
            bytes(size) if kind == "constant" else None,
        )
        for index, kind in enumerate(KINDS)
    }
    leaf = Shape("f32", (size // 4,))
    return Program(
        name="f",
        parameters=(Leaf("x", "x", leaf),),
        results=(Leaf("y", "y", leaf), Leaf("z", "z", leaf)),
        result_slices=(all_of(Y, leaf), all_of(Z, leaf)),
        allocations=allocations,
        thunks=thunks,
        kernels={"k": ""},
    )


class Machine:
    """Runs a program; what an array holds is told by what it was made of.

    seen: what was read by each step that is no copy, in the order in which they are done.
    """

    def __init__(self, choices: Random):
        self.choices = choices
        self.memory: dict[int, object] = {X: "x", C: "c"}
        self.seen: list[object] = []

    def run(self, thunks: tuple[Thunk, ...]) -> None:
        for thunk in thunks:
            if isinstance(thunk, WhileThunk):
                for _ in range(self.choices.randrange(4)):
                    self.run(thunk.body)
            elif isinstance(thunk, ConditionalThunk):
                self.run(thunk.branches[self.choices.randrange(len(thunk.branches))])
            else:
                self.step(thunk)

    def step(self, step: Thunk) -> None:
        assert isinstance(step, CopyThunk | KernelThunk)
        reads, writes = reads_and_writes(step)
        read = tuple(self.memory.get(where.allocation, "undefined") for where in reads)
        is_copy = isinstance(step, CopyThunk) or step.elementwise
        if not is_copy:
            self.seen.append(read)
        for number, where in enumerate(writes):
            made = len(self.seen), number
            self.memory[where.allocation] = read[0] if is_copy else made


def results_of(program: Program, seed: int) -> tuple[object, ...]:
    machine = Machine(Random(seed))
    machine.run(program.thunks)
    return machine.seen, machine.memory.get(Y), machine.memory.get(Z)


@st.composite
def blocks(draw, before: frozenset[int], depth: int) -> tuple[Thunk, ...]:
    """before: what has been written for certain."""
    written = set(before)
    thunks: list[Thunk] = []
    for _ in range(draw(st.integers(1, 5))):
        forms = ["kernel", "copy", "copy", "moved", *(["while", "if"] if depth else [])]
        form = draw(st.sampled_from(forms))
        if form == "while":
            thunks.append(WhileThunk(ORIGIN, FLAG, (), draw(blocks(frozenset(written), depth - 1))))
        elif form == "if":
            branches = [draw(blocks(frozenset(written), depth - 1)) for _ in range(2)]
            thunks.append(ConditionalThunk(ORIGIN, FLAG, tuple(branches)))
        else:
            source = draw(st.sampled_from(sorted(written)))
            out = draw(
                st.sampled_from([index for index in range(Y, len(KINDS)) if index != source])
            )
            step = {"copy": copy, "moved": moved}.get(form)
            thunks.append(step(source, out) if step else kernel([source], [out]))
            written.add(out)
    return tuple(thunks)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(blocks(frozenset([X, C]), 2))
def test_every_step_reads_what_it_read_before(thunks):
    certain = {
        where.allocation
        for step in thunks
        if isinstance(step, CopyThunk | KernelThunk)
        for where in reads_and_writes(step)[1]
    }
    others = [kernel([X], [result]) for result in (Y, Z) if result not in certain]
    program = program_of(*thunks, *others)
    shorter = without_copies(program)
    verify(shorter)
    for seed in range(4):
        assert results_of(shorter, seed) == results_of(program, seed)


def test_copies_are_left_out_one_after_the_other():
    program = program_of(kernel([X], [A]), copy(A, B), moved(B, D), copy(D, Y), kernel([B, D], [Z]))
    assert without_copies(program).thunks == (kernel([X], [Y]), kernel([Y, Y], [Z]))


def test_of_two_results_one_stays_a_copy():
    program = program_of(kernel([X], [A]), copy(A, Y), copy(A, Z))
    assert without_copies(program).thunks == (kernel([X], [Y]), copy(Y, Z))


def test_a_result_is_not_copied():
    program = program_of(kernel([X], [Y]), copy(Y, A), kernel([A], [Z]))
    assert without_copies(program).thunks == (kernel([X], [Y]), kernel([Y], [Z]))


def test_a_donated_argument_is_copied_before_it_is_a_result():
    program = program_of(copy(Y, A), kernel([X], [Y]), kernel([A], [Z]))
    donated = {**program.allocations, Y: Allocation(Y, SHAPE.nbytes, "donated", 0)}
    assert without_copies(replace(program, allocations=donated)).thunks == program.thunks


@pytest.mark.parametrize("source", [X, C])
def test_what_is_always_there_is_not_copied(source):
    loop = WhileThunk(ORIGIN, FLAG, (), (copy(source, A), kernel([A], [Y])))
    (shorter,) = without_copies(program_of(loop)).thunks
    assert shorter == replace(loop, body=(kernel([source], [Y]),))


STAY = {
    "of what is changed later": (
        kernel([X], [A]),
        copy(A, B),
        kernel([X], [A]),
        kernel([A, B], [Y]),
    ),
    "that is changed later": (copy(X, A), kernel([X], [A]), kernel([A], [Y])),
    "in a loop, of what the iteration before has made": (
        kernel([X], [A]),
        WhileThunk(ORIGIN, FLAG, (), (copy(A, B), kernel([B], [A]), kernel([B], [Y]))),
    ),
    "in one branch": (
        kernel([X], [A]),
        ConditionalThunk(ORIGIN, FLAG, ((copy(X, A),), (kernel([X], [B]),))),
        kernel([A], [Y]),
    ),
    "of an argument to a result": (copy(X, Y),),
    "in another order": (copy(X, A, (-1,)), kernel([A], [Y])),
    "from the end": (moved(X, A, -1), kernel([A], [Y])),
    "of a part": (
        CopyThunk(ORIGIN, Slice(X, 0, Shape("f32", (20,))), Slice(A, 0, Shape("f32", (20,)))),
    ),
}


@pytest.mark.parametrize("copies", STAY)
def test_copies_that_stay(copies):
    assert without_copies(program_of(*STAY[copies])).thunks == STAY[copies]


def test_what_is_in_registers_stays():
    for count, left in ((LOCAL_BYTES // 4, 2), (LOCAL_BYTES // 4 + 1, 1)):
        shape = Shape("f32", (count,))
        read = KernelThunk(ORIGIN, "k", (all_of(A, shape),), (all_of(Y, shape),))
        step = CopyThunk(ORIGIN, all_of(X, shape), all_of(A, shape))
        assert len(without_copies(program_of(step, read, size=4 * count)).thunks) == left


@pytest.mark.parametrize(("dtype", "left"), [("f32", 1), ("i8", 1), ("f64", 2)])
@pytest.mark.parametrize("chain", [False, True])
def test_the_memory_of_an_argument_is_aligned_for_its_elements_alone(dtype, left, chain):
    count = SHAPE.nbytes // DTYPES[dtype].itemsize
    last = B if chain else A
    read = KernelThunk(ORIGIN, "k", (all_of(last, Shape(dtype, (count,))),), (all_of(Y),))
    steps = [copy(X, A), *([copy(A, B)] if chain else []), read]
    assert len(without_copies(program_of(*steps)).thunks) == left


def test_nor_is_that_of_a_result():
    wide = Shape("f64", (16,))
    steps = [kernel([X], [A]), copy(A, B), KernelThunk(ORIGIN, "k", (all_of(B, wide),), ())]
    steps = [*steps, copy(A, Y)]
    assert without_copies(program_of(*steps)).thunks[-1] == copy(A, Y)


def test_an_operation_is_no_copy():
    done = Elementwise(SHAPE, ((1,),), (Operation("negate", (0,)),))
    step = replace(moved(X, A), elementwise=done)
    assert without_copies(program_of(step, kernel([A], [Y]))).thunks[0] == step
