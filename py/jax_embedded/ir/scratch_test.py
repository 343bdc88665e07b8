# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from jax_embedded.ir.dump import Leaf
from jax_embedded.ir.program import Allocation, Program
from jax_embedded.ir.scratch import (
    LOCAL_BYTES,
    VECTOR_BYTES,
    WORKSPACE_ALIGN,
    Scratch,
    plan_scratch,
)
from jax_embedded.ir.thunks import (
    CallThunk,
    ConditionalThunk,
    CopyThunk,
    KernelThunk,
    Origin,
    Slice,
    Step,
    Thunk,
    WhileThunk,
    reads_and_writes,
    steps_of,
)
from jax_embedded.ir.values import separate_values
from jax_embedded.ir.verify import verify
from jax_embedded.shape import DTYPES, Shape

ORIGIN = Origin("i", "op")
TEMP, OTHER_TEMP, INPUT = 0, 1, 2
SIZE = 320


def f32(offset: int, count: int, allocation: int = TEMP) -> Slice:
    return Slice(allocation, offset, Shape("f32", (count,)))


def program_of(*steps: Thunk) -> Program:
    ends = [s.end for step in steps_of(steps) for some in reads_and_writes(step) for s in some]
    program = Program(
        name="f",
        parameters=(Leaf("x", "x", Shape("i8", (SIZE,))),),
        results=(),
        result_slices=(),
        allocations={
            TEMP: Allocation(TEMP, max([SIZE, *ends]), "temp"),
            OTHER_TEMP: Allocation(OTHER_TEMP, SIZE, "temp"),
            INPUT: Allocation(INPUT, SIZE, "parameter", 0),
        },
        thunks=steps,
        kernels={"k": ""},
    )
    verify(program)
    return program


def kernel(reads: list[Slice], writes: list[Slice]) -> KernelThunk:
    return KernelThunk(ORIGIN, "k", tuple(reads), tuple(writes))


def address(scratch: Scratch, time: int, where: Slice) -> tuple[int, int]:
    """(memory, byte): memory -1 is the workspace, others are local buffers."""
    number, offset = scratch.places[time, where]
    buffer = scratch.buffers[number]
    assert 0 <= offset <= offset + where.shape.nbytes <= buffer.size
    if buffer.offset is None:
        assert buffer.size <= LOCAL_BYTES
        return number, offset
    assert buffer.offset + buffer.size <= scratch.workspace_bytes
    return -1, buffer.offset + offset


# (step, slice) -> the memory that it lies in, and the byte there
Address = Callable[[int, Slice], tuple[int, int]]


class Machine:
    """Runs a program on XLA's memory and on the planned one and compares what each step reads.

    A byte holds a token that tells which write put it there. Where a result lies over an operand,
    a kernel may leave bytes as they are: here it does with the odd ones.
    """

    def __init__(self, address: Address, choices: Random):
        self.address = address
        self.choices = choices  # of branches, and of trips where they are not known
        self.memory: dict[tuple[int, int], object] = {}
        self.planned: dict[tuple[int, int], object] = {}
        self.done = 0

    def run(self, thunks: tuple[Thunk, ...], time: int) -> int:
        """time: of the first step. Returns the time after the last."""
        for thunk in thunks:
            after = time + len(list(steps_of((thunk,))))
            if isinstance(thunk, CallThunk):
                self.run(thunk.thunks, time)
            elif isinstance(thunk, WhileThunk):
                self.loop(thunk, time)
            elif isinstance(thunk, ConditionalThunk):
                self.step(thunk, time)
                taken = self.choices.randrange(len(thunk.branches))
                before = len(list(steps_of(sum(thunk.branches[:taken], ()))))
                self.run(thunk.branches[taken], time + 1 + before)
            else:
                self.step(thunk, time)
            time = after
        return time

    def loop(self, thunk: WhileThunk, start: int) -> None:
        trips = self.choices.randrange(4) if thunk.trip_count is None else thunk.trip_count
        for trip in range(trips + 1):
            time = self.run(thunk.condition, start)
            self.step(thunk, time)
            if trip < trips:
                self.run(thunk.body, time + 1)

    def step(self, step: Step, time: int) -> None:
        self.done += 1
        reads, writes = (
            [s for s in some if s.allocation != INPUT] for some in reads_and_writes(step)
        )
        for where in reads:
            place, start = self.address(time, where)
            for i in range(where.shape.nbytes):
                expected = self.memory[where.allocation, where.offset + i]
                assert self.planned.get((place, start + i)) == expected, (time, where, i)
        for number, where in enumerate(writes):
            place, start = self.address(time, where)
            for i in range(where.shape.nbytes):
                byte = Slice(where.allocation, where.offset + i, Shape("i8"))
                if i % 2 and any(byte.overlaps(read) for read in reads):
                    continue
                token = (self.done, number, i)
                self.memory[where.allocation, where.offset + i] = token
                self.planned[place, start + i] = token
        check_distances(self.address, time, reads + writes)


def check(program: Program, runs: int = 1) -> Scratch:
    scratch = plan_scratch(program)
    for seed in range(runs):
        Machine(partial(address, scratch), Random(seed)).run(program.thunks, 0)
    return scratch


def check_distances(address: Address, time: int, slices: list[Slice]) -> None:
    """What one step touches overlaps as it does in XLA's memory, or not at all."""
    for a in slices:
        for b in slices:
            (place_a, start_a), (place_b, start_b) = (address(time, s) for s in (a, b))
            if a.overlaps(b):
                assert place_a == place_b
                assert start_a - start_b == a.offset - b.offset
            else:
                end_a, end_b = start_a + a.shape.nbytes, start_b + b.shape.nbytes
                assert place_a != place_b or end_a <= start_b or end_b <= start_a


def check_alignment(scratch: Scratch) -> None:
    for (time, where), (number, _) in scratch.places.items():
        buffer = scratch.buffers[number]
        align = min(width(where.shape.dtype), 8)
        assert buffer.align % align == 0
        assert address(scratch, time, where)[1] % align == 0, (time, where)
        if buffer.offset is not None:
            assert WORKSPACE_ALIGN % buffer.align == 0


@st.composite
def slices(
    draw, start: int, end: int, allocation: int, dtypes=("i8", "f32", "f64", "c128")
) -> Slice:
    """A slice within start..end, aligned to its elements."""
    dtypes = ("bool", *dtypes) if end - start == 1 else dtypes
    fitting = [d for d in dtypes if -(-start // width(d)) * width(d) + width(d) <= end]
    dtype = draw(st.sampled_from(fitting))
    first = draw(st.integers(-(-start // width(dtype)), end // width(dtype) - 1))
    count = draw(st.integers(1, end // width(dtype) - first))
    return Slice(allocation, first * width(dtype), Shape(dtype, (count,)))


def width(dtype: str) -> int:
    return DTYPES[dtype].itemsize


@st.composite
def schedules(draw, *, partial_overlap: bool) -> Program:
    """Steps that read what was written before and write anywhere, in place or over dead values.

    partial_overlap: a result may also overlap a part of an operand and reach beyond it.
    """
    dtypes = draw(st.sampled_from(DTYPE_SETS))
    written: list[Slice] = []
    count = draw(st.integers(1, 10))
    return program_of(*[draw(kernels(written, dtypes, partial_overlap)) for _ in range(count)])


DTYPE_SETS = [("i8", "f32"), ("f32",), ("i8", "f32", "f64", "c128")]


@st.composite
def kernels(draw, written: list[Slice], dtypes: tuple[str, ...], partial_overlap: bool) -> Thunk:
    """A kernel that reads of what is `written`, and adds to it."""
    reads = []
    for whole in draw(st.lists(st.sampled_from(written), max_size=3)) if written else ():
        part = slices(whole.offset, whole.end, whole.allocation, dtypes)
        reads.append(draw(part) if draw(st.booleans()) else whole)
    writes: list[Slice] = []
    for _ in range(draw(st.integers(0 if reads else 1, 2))):
        allocation = draw(st.sampled_from([TEMP, TEMP, OTHER_TEMP]))
        where = draw(slices(0, SIZE, allocation, dtypes))
        if reads and draw(st.booleans()):
            operand = draw(st.sampled_from(reads))
            part = slices(operand.offset, operand.end, operand.allocation, dtypes)
            where = draw(part) if draw(st.booleans()) else operand
        within = [read for read in reads if read.overlaps(where)]
        contained = all(r.offset <= where.offset and where.end <= r.end for r in within)
        if (partial_overlap or contained) and not any(where.overlaps(w) for w in writes):
            writes.append(where)
    written += writes
    return kernel(reads, writes)


@st.composite
def blocks(draw, written: list[Slice], dtypes: tuple[str, ...], depth: int) -> tuple[Thunk, ...]:
    """Kernels, loops and conditionals; `written` is what is there after them for certain."""
    thunks: list[Thunk] = []
    for _ in range(draw(st.integers(1, 4))):
        form = (
            draw(st.sampled_from(["kernel", "kernel", "while", "for", "if"])) if depth else "kernel"
        )
        if form == "kernel":
            thunks.append(draw(kernels(written, dtypes, False)))
        elif form == "for":
            trips = draw(st.integers(0, 3))
            inside = written if trips else list(written)
            body = draw(blocks(inside, dtypes, depth - 1))
            thunks.append(WhileThunk(ORIGIN, None, (), body, trips))
        elif form == "while":
            condition = draw(blocks(written, dtypes, depth - 1))
            flag = Slice(TEMP, draw(st.integers(0, SIZE - 1)), BOOL)
            written.append(flag)
            condition += (kernel([], [flag]),)
            body = draw(blocks(list(written), dtypes, depth - 1))
            thunks.append(WhileThunk(ORIGIN, flag, condition, body))
        else:
            flag = Slice(INPUT, 0, BOOL)
            branches = [draw(blocks(list(written), dtypes, depth - 1)) for _ in range(2)]
            thunks.append(ConditionalThunk(ORIGIN, flag, tuple(branches)))
    return tuple(thunks)


BOOL = Shape("bool")


@st.composite
def structured(draw) -> Program:
    return program_of(*draw(blocks([], draw(st.sampled_from(DTYPE_SETS)), 2)))


RESULT = OTHER_TEMP


def with_result(program: Program) -> Program:
    """The second temporary is a result: steps use its memory until it is written. Then come others
    that do not.
    """
    shape = Shape("i8", (SIZE,))
    result, temporary = Slice(RESULT, 0, shape), Slice(TEMP, 0, shape)
    write = kernel([Slice(INPUT, 0, shape)], [result])
    others = kernel([], [temporary]), kernel([temporary], [temporary])
    allocations = {**program.allocations, RESULT: Allocation(RESULT, SIZE, "result")}
    program = replace(
        program,
        results=(Leaf("y", "y", shape),),
        result_slices=(result,),
        allocations=allocations,
        thunks=(*program.thunks, write, *others),
    )
    verify(program)
    return program


def separated_address(program: Program, separated: Program, scratch: Scratch) -> Address:
    """Where the slices of a program lie that has been separated and planned."""
    pairs = list(zip(program.steps(), separated.steps(), strict=True))

    def find(time: int, where: Slice) -> tuple[int, int]:
        before, after = (sum(reads_and_writes(step), ()) for step in pairs[time])
        moved = after[before.index(where)]
        if moved.allocation == RESULT:
            return -2, moved.offset
        number, offset = scratch.places[time, moved]
        buffer = scratch.buffers[number]
        if buffer.result is None:
            return address(scratch, time, moved)
        assert buffer.result == RESULT
        assert buffer.offset is not None
        assert buffer.offset + buffer.size <= SIZE
        return -2, buffer.offset + offset

    return find


@settings(max_examples=100, deadline=None, derandomize=True)
@given(structured(), st.sampled_from([VECTOR_BYTES, LOCAL_BYTES]))
def test_values_told_apart_and_in_the_memory_of_results(program, register_bytes):
    program = with_result(program)
    separated = separate_values(program)
    verify(separated)
    scratch = plan_scratch(separated, register_bytes=register_bytes)
    find = separated_address(program, separated, scratch)
    for seed in range(3):
        machine = Machine(find, Random(seed))
        machine.run(program.thunks, 0)
        for byte in range(SIZE):
            assert machine.planned[-2, byte] == machine.memory[RESULT, byte]


@pytest.mark.parametrize(
    ("elements", "register_bytes", "in_result", "workspace_bytes"),
    [
        (30, LOCAL_BYTES, RESULT, 120),
        (5, LOCAL_BYTES, None, 0),
        (5, VECTOR_BYTES, RESULT, 0),
        (4, VECTOR_BYTES, None, 0),
    ],
)
def test_a_value_lies_in_a_result_while_that_is_free(
    elements, register_bytes, in_result, workspace_bytes
):
    """If it is more than what is in registers."""
    values = [f32(at, elements) for at in (0, 128)]
    result = Slice(RESULT, 0, Shape("f32", (SIZE // 4,)))
    steps = [
        kernel([], [values[0]]),
        kernel([values[0]], [values[1]]),
        kernel([values[1]], [result]),
    ]
    program = with_result(program_of(*steps))
    program = replace(
        program,
        thunks=tuple(steps),
        results=(Leaf("y", "y", result.shape),),
        result_slices=(result,),
    )
    scratch = plan_scratch(separate_values(program), register_bytes=register_bytes)
    # The second one is read by the step that writes the result.
    assert [buffer.result for buffer in scratch.buffers] == [in_result, None]
    assert scratch.workspace_bytes == workspace_bytes


@settings(max_examples=100, deadline=None, derandomize=True)
@given(structured())
def test_every_read_in_loops_and_branches_sees_what_xla_s_memory_holds(program):
    check(program, runs=3)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(schedules(partial_overlap=False))
def test_every_read_sees_what_xla_s_memory_holds(program):
    check(program)


@settings(max_examples=150, deadline=None, derandomize=True, phases=[Phase.generate])
@given(schedules(partial_overlap=True))
def test_results_that_reach_beyond_an_operand(program):
    check(program)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(schedules(partial_overlap=False))
def test_every_slice_is_aligned_to_its_elements(program):
    check_alignment(plan_scratch(program))


@st.composite
def lifetimes(draw) -> Program:
    """Many large values, each in a place of its own in XLA's memory."""
    steps = 12
    writes: list[list[Slice]] = [[] for _ in range(steps)]
    reads: list[list[Slice]] = [[] for _ in range(steps)]
    offset = 0
    for _ in range(draw(st.integers(2, 16))):
        dtype = draw(st.sampled_from(["i8", "f32", "f64"]))
        count = draw(st.integers(LOCAL_BYTES // width(dtype) + 1, 200 // width(dtype)))
        value = Slice(TEMP, offset, Shape(dtype, (count,)))
        first, last = sorted((draw(st.integers(0, steps - 1)), draw(st.integers(0, steps - 1))))
        writes[first].append(value)
        if last > first:
            reads[last].append(value)
        offset += -(-value.shape.nbytes // 16) * 16
    return program_of(*(kernel(r, w) for r, w in zip(reads, writes, strict=True)))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(lifetimes())
def test_what_lives_at_one_time_does_not_overlap(program):
    scratch = check(program)
    check_alignment(scratch)
    for i, a in enumerate(scratch.buffers):
        assert a.offset is not None
        for b in scratch.buffers[:i]:
            assert b.offset is not None
            apart = a.last < b.first or b.last < a.first
            assert apart or a.offset + a.size <= b.offset or b.offset + b.size <= a.offset
    live = [sum(b.size for b in scratch.buffers if b.first <= t <= b.last) for t in range(12)]
    assert max(live) <= scratch.workspace_lower_bound <= scratch.workspace_bytes
    assert scratch.workspace_bytes <= sum(b.size + 7 for b in scratch.buffers)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(schedules(partial_overlap=False))
def test_same_program_same_plan(program):
    assert plan_scratch(program) == plan_scratch(program)


def test_no_temporaries_no_memory():
    scratch = check(program_of(CopyThunk(ORIGIN, f32(0, 4, INPUT), f32(0, 4))))
    assert [b.offset for b in scratch.buffers] == [None]
    assert plan_scratch(program_of()) == Scratch((), {}, 0)


def test_small_values_are_local_and_large_ones_lie_in_the_workspace():
    small, large = f32(0, LOCAL_BYTES // 4), f32(128, LOCAL_BYTES // 4 + 1)
    scratch = check(program_of(kernel([], [small, large]), kernel([small, large], [])))
    assert [(b.size, b.offset) for b in scratch.buffers] == [
        (LOCAL_BYTES, None),
        (LOCAL_BYTES + 4, 0),
    ]
    assert scratch.workspace_bytes == LOCAL_BYTES + 4


def test_slots_of_one_place_at_different_times_are_told_apart():
    a, b = f32(0, 32), f32(0, 32)
    steps = [kernel([], [a]), kernel([a], []), kernel([], [b]), kernel([b], [])]
    scratch = check(program_of(*steps))
    assert [(x.first, x.last, x.offset) for x in scratch.buffers] == [(0, 1, 0), (2, 3, 0)]
    assert scratch.workspace_bytes == 128


def test_dead_memory_is_used_again_wherever_xla_put_it():
    chain = [f32(0, 20), f32(80, 20), f32(160, 20)]
    steps = [kernel([], chain[:1])]
    steps += [
        kernel([a], [b]) for a, b in zip(chain, [*chain[1:], f32(0, 20, OTHER_TEMP)], strict=True)
    ]
    assert check(program_of(*steps)).workspace_bytes == 160


def test_an_update_in_place_keeps_one_buffer():
    whole, row = f32(64, 32), f32(96, 4)
    steps = [
        kernel([], [whole]),
        kernel([whole], [whole]),
        kernel([row], [row]),
        kernel([whole], []),
    ]
    scratch = check(program_of(*steps))
    assert [(b.size, b.first, b.last) for b in scratch.buffers] == [(128, 0, 3)]
    assert scratch.places[2, row] == (0, 32)


def test_an_in_place_result_of_another_type_shares_the_place_of_its_operand():
    floats, bytes_ = f32(0, 32), Slice(TEMP, 0, Shape("i8", (128,)))
    steps = [kernel([], [floats]), kernel([floats], [bytes_]), kernel([bytes_], [])]
    assert len(check(program_of(*steps)).buffers) == 1


def test_what_an_in_place_result_adds_beyond_its_operand_is_one_value_with_it():
    operand, result, added = f32(0, 8), f32(0, 16), f32(32, 8)
    check(program_of(kernel([], [operand]), kernel([operand], [result]), kernel([added], [])))


def test_a_part_overwritten_early_leaves_the_rest_alive():
    whole, head, tail = f32(0, 40), f32(0, 20), f32(80, 20)
    steps = [kernel([], [whole]), kernel([], [head]), kernel([tail], []), kernel([head], [])]
    scratch = check(program_of(*steps))
    assert sorted((b.size, b.first, b.last) for b in scratch.buffers) == [(80, 1, 3), (160, 0, 2)]


def test_a_value_that_only_one_branch_renews_lives_as_long_as_the_loop():
    value, flag, other = f32(0, 20), Slice(TEMP, 300, BOOL), f32(80, 20)
    renewed = ConditionalThunk(ORIGIN, Slice(INPUT, 0, BOOL), ((kernel([], [value]),), ()))
    body = (renewed, kernel([value], []), kernel([], [other]), kernel([other], []))
    loop = WhileThunk(ORIGIN, flag, (kernel([], [flag]),), body)
    assert check(program_of(kernel([], [value]), loop), runs=20).workspace_bytes == 160
    again = ConditionalThunk(ORIGIN, Slice(INPUT, 0, BOOL), tuple(reversed(renewed.branches)))
    loop = WhileThunk(ORIGIN, None, (), (again, *body[1:]), 3)
    assert check(program_of(kernel([], [value]), loop), runs=20).workspace_bytes == 160


def test_a_value_for_every_iteration_lives_up_to_the_last_step():
    value, other = f32(0, 20), f32(80, 20)
    loop = WhileThunk(ORIGIN, None, (), (kernel([value], []), kernel([], [other])), 3)
    assert check(program_of(kernel([], [value]), loop)).workspace_bytes == 160


def test_a_value_within_one_iteration_shares_its_place():
    a, b, flag = f32(0, 20), f32(80, 20), Slice(TEMP, 300, BOOL)
    body = (kernel([], [a]), kernel([a], []), kernel([], [b]), kernel([b], []))
    loop = WhileThunk(ORIGIN, flag, (kernel([], [flag]),), body)
    assert check(program_of(loop), runs=5).workspace_bytes == 80


def test_alignment_is_that_of_the_widest_element_up_to_8():
    odd, wide = Slice(TEMP, 0, Shape("i8", (67,))), Slice(TEMP, 80, Shape("c128", (5,)))
    scratch = check(program_of(kernel([], [odd, wide]), kernel([odd, wide], [])))
    assert [(b.align, b.offset) for b in scratch.buffers] == [(1, 80), (8, 0)]
    assert scratch.workspace_bytes == 147


def test_a_wide_element_in_the_middle_of_a_value_is_aligned():
    value, wide = f32(4, 5), Slice(TEMP, 8, Shape("f64", (2,)))
    program = program_of(kernel([], [value]), kernel([value], [wide]), kernel([wide], []))
    check_alignment(check(program))


def lifetimes_of(*buffers: tuple[int, int, int]) -> Program:
    """Bytes, first and last step of each value."""
    where = [Slice(TEMP, 512 * i, Shape("i8", (size,))) for i, (size, _, _) in enumerate(buffers)]
    steps = []
    for time in range(1 + max(last for _, _, last in buffers)):
        writes = [w for w, b in zip(where, buffers, strict=True) if b[1] == time]
        reads = [w for w, b in zip(where, buffers, strict=True) if b[1] < time <= b[2]]
        steps.append(kernel(reads, writes))
    return program_of(*steps)


@pytest.mark.parametrize(
    ("buffers", "lower_bound"),
    [
        ([(100, 0, 1)], 100),
        ([(100, 0, 1), (200, 1, 2)], 300),
        ([(100, 0, 1), (200, 2, 3)], 200),
        # Largest first takes 600.
        ([(300, 3, 4), (200, 1, 2), (100, 2, 3), (300, 0, 1)], 500),
    ],
)
def test_the_optimum_of_known_cases_is_found(buffers, lower_bound):
    scratch = check(lifetimes_of(*buffers))
    assert scratch.workspace_lower_bound == lower_bound
    assert scratch.workspace_bytes == lower_bound


def test_the_lower_bound_counts_the_padding_between_values_of_one_alignment():
    values = [Slice(TEMP, 128 * i, Shape("i8", (66,))) for i in range(2)]
    aligned = [f32(128 * i, 1) for i in range(2)]  # makes each value one of words
    steps = [kernel([], values), kernel(aligned, []), kernel(values, [])]
    scratch = check(program_of(*steps))
    assert scratch.workspace_lower_bound == scratch.workspace_bytes == 68 + 66


@settings(max_examples=50, deadline=None, derandomize=True)
@given(structured())
def test_the_lower_bound_is_one(program):
    scratch = plan_scratch(program)
    for step in range(len(list(program.steps()))):
        live = [
            b.size for b in scratch.buffers if b.first <= step <= b.last and b.offset is not None
        ]
        assert sum(live) <= scratch.workspace_lower_bound
    assert scratch.workspace_lower_bound <= scratch.workspace_bytes


@pytest.mark.parametrize(("loop", "arrays"), [(0, 2), (1, 3)])
def test_kernels_of_one_loop_need_their_arrays_at_one_time(loop, arrays):
    """Where they take turns, the second one writes before the first one has read all."""
    a, b, c = (f32(n * 80, 20) for n in range(3))
    program = program_of(
        kernel([], [a]),
        replace(kernel([a], [b]), loop=loop),
        replace(kernel([b], [c]), loop=loop),
        kernel([c], []),
    )
    scratch = plan_scratch(program)
    assert scratch.workspace_bytes == scratch.workspace_lower_bound == 80 * arrays
