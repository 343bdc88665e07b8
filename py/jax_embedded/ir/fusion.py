# SPDX-License-Identifier: Apache-2.0
"""Lets dots and convolutions do what the next step does with each of their sums, so that the sums
stay in registers; and convolutions read a kernel that was turned round from its end, as it was.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from jax_embedded.ir.copies import without_copies
from jax_embedded.ir.elementwise import MATH, Elementwise, Operation
from jax_embedded.ir.program import Program
from jax_embedded.ir.scratch import LOCAL_BYTES
from jax_embedded.ir.thunks import (
    CallThunk,
    ConditionalThunk,
    ConvolutionThunk,
    DotAxis,
    DotThunk,
    KernelThunk,
    ReduceThunk,
    Slice,
    Thunk,
    WhileThunk,
    kernels_of,
    must_follow,
    reads_and_writes,
)

_Sum = DotThunk | ConvolutionThunk | ReduceThunk


def fuse(program: Program, *, lanes: int | None = 1) -> Program:
    """The same program, in fewer steps, without needless copies. Its values must have allocations
    of their own.

    lanes: how many sums are operands of a math function at once, if they lie side by side; None if
    they are not to be. Of a function that a single step calls they are not: that step has the
    function and its constants in its loop.
    """
    uncopied = without_copies(program)
    often = _called_often(program) if lanes else set()
    readers = Counter(
        where.allocation for step in uncopied.steps() for where in reads_and_writes(step)[0]
    )
    temps = {a.index for a in program.allocations.values() if a.kind == "temp"}
    once = {a for a in temps if readers[a] == 1}
    constants = {a.index for a in program.allocations.values() if a.kind == "constant"}

    def may_call(sums: _Sum) -> set[str]:
        return often if _lie_side_by_side(sums, lanes or 1, constants) else set()

    fused = replace(program, thunks=_fused(uncopied.thunks, once, may_call))
    before, after = (
        {name for step in one.steps() for name in kernels_of(step)} for one in (program, fused)
    )
    touched = {
        where.allocation
        for step in fused.steps()
        for slices in reads_and_writes(step)
        for where in slices
    }
    gone = before - after
    return replace(
        fused,
        allocations={
            index: a
            for index, a in program.allocations.items()
            if index in touched or index not in temps
        },
        kernels={name: text for name, text in program.kernels.items() if name not in gone},
    )


def _called_often(program: Program) -> set[str]:
    """The opcodes of MATH that more than one step has."""
    texts = [
        "".join(program.kernels[kernel] for kernel in kernels_of(step)) for step in program.steps()
    ]
    return {
        opcode
        for opcode, name in MATH.items()
        if sum(bool(re.search(rf"@(xla|llvm)\.{name}\.", text)) for text in texts) > 1
    }


def _fused(
    thunks: tuple[Thunk, ...], once: set[int], may_call: Callable[[_Sum], set[str]]
) -> tuple[Thunk, ...]:
    """once: the temporaries that are read by one step. may_call: which opcodes of MATH the epilogue
    of a step may have.
    """
    within = partial(_fused, once=once, may_call=may_call)
    found: list[Thunk] = []
    for thunk in thunks:
        if isinstance(thunk, CallThunk):
            thunk = replace(thunk, thunks=within(thunk.thunks))
        elif isinstance(thunk, WhileThunk):
            thunk = replace(thunk, condition=within(thunk.condition), body=within(thunk.body))
        elif isinstance(thunk, ConditionalThunk):
            thunk = replace(thunk, branches=tuple(map(within, thunk.branches)))
        elif isinstance(thunk, ConvolutionThunk):
            thunk = _without_reversal(thunk, found, once)
        place = _place_before(found, thunk)
        last = found[place] if found else None
        if isinstance(last, _Sum) and isinstance(thunk, KernelThunk):
            others = MATH.keys() - may_call(last)
            for computed, behind in _ways(last, thunk, once):
                both = _with_epilogue(last, computed, once)
                if both and not any(o.opcode in others for o in both.epilogue):
                    found[place] = both
                    thunk = behind
                    break
        if thunk:
            found.append(thunk)
    return tuple(found)


def _ways(
    sums: _Sum, kernel: KernelThunk, once: set[int]
) -> Iterator[tuple[KernelThunk, DotThunk | None]]:
    """What may be done with each of the sums, and what is left to be done then."""
    yield kernel, None
    dot = kernel.dot
    if dot is None or sums.out.allocation not in once:
        return
    rhs, (out,) = kernel.arguments[dot.rhs], kernel.results
    if rhs.overlaps(sums.out):
        return  # what is computed takes the place of the sums
    arguments = tuple(kernel.arguments[number] for number in dot.arguments)
    lhs = replace(sums.out, shape=dot.elementwise.shape)
    computed = KernelThunk(kernel.origin, "", arguments, (lhs,), elementwise=dot.elementwise)
    yield (
        computed,
        DotThunk(kernel.origin, lhs, rhs, out, dot.outer, dot.contracting, (), dot.epilogue),
    )


def _place_before(found: list[Thunk], thunk: Thunk) -> int:
    """Of the step that may do it too: the last one that it must follow. Of what lies in registers
    the last one at all: another order is no gain there.
    """
    written = thunk.results if isinstance(thunk, KernelThunk) else ()
    if any(where.shape.nbytes > LOCAL_BYTES for where in written):
        for place in reversed(range(len(found))):
            if must_follow(thunk, found[place]):
                return place
    return len(found) - 1


def _lie_side_by_side(sums: _Sum, lanes: int, constants: set[int]) -> bool:
    """Whether all sums are neighbours of others, and so is what they are made of or, as a constant,
    can be; in groups of so many.
    """

    if isinstance(sums, ReduceThunk):
        return any(
            {a.lhs, a.rhs} == {0, 1} and a.out == 1 and not a.extent % lanes for a in sums.outer
        )

    def is_column(axis: DotAxis, step: int, other: int, where: Slice) -> bool:
        is_movable = isinstance(sums, DotThunk) and where.allocation in constants
        return not other and axis.out == 1 and (step == 1 or is_movable) and not axis.extent % lanes

    return lanes == 1 or any(
        is_column(axis, axis.lhs, axis.rhs, sums.lhs)
        or is_column(axis, axis.rhs, axis.lhs, sums.rhs)
        for axis in sums.outer
    )


def _with_epilogue(sums: _Sum, kernel: KernelThunk, once: set[int]) -> _Sum | None:
    """What does both, if that can be."""
    done = kernel.elementwise
    if done is None or sums.epilogue or len(kernel.results) != 1:
        return None
    if any(step < 0 for steps in done.inputs for step in steps):
        return None
    (out,) = kernel.results
    places = [n for n, where in enumerate(kernel.arguments) if where.overlaps(sums.out)]
    if len(places) != 1 or not done.reads_in_order(places[0]):
        return None
    read = kernel.arguments[places[0]]
    same = read.offset, read.end
    if same != (sums.out.offset, sums.out.end) or sums.out.shape.dtype != done.shape.dtype:
        return None
    in_place = out.has_bytes_of(sums.out)
    if not in_place and sums.out.allocation not in once:
        return None
    inputs = tuple(where for n, where in enumerate(kernel.arguments) if n != places[0])
    if any(where.overlaps(out) for where in (*reads_and_writes(sums)[0], *inputs)):
        return None
    others = [n for n in range(len(kernel.arguments)) if n != places[0]]
    outer = _axes(sums.outer, done, others)
    if outer is None:
        return None
    changes = {
        "out": replace(out, shape=sums.out.shape),
        "outer": outer,
        "inputs": inputs,
        "epilogue": _renumbered(done, places[0]),
    }
    if isinstance(sums, ConvolutionThunk):
        window = _axes(sums.window, done, others)
        if window is None:
            return None
        changes["window"] = window
    return replace(sums, **changes)


def _without_reversal(
    convolution: ConvolutionThunk, before: list[Thunk], once: set[int]
) -> ConvolutionThunk:
    """The same result, of the kernel as it was; the step of `before` that turned it round goes."""
    if convolution.rhs.allocation not in once:
        return convolution
    for place, step in enumerate(before):
        if not isinstance(step, KernelThunk) or not step.results[0].has_bytes_of(convolution.rhs):
            continue
        read = _with_kernel_before(convolution, step)
        behind = [*before[place + 1 :], convolution]
        if read and not any(_writes(later, read.rhs) for later in behind):
            del before[place]
            return read
    return convolution


def _with_kernel_before(
    convolution: ConvolutionThunk, turned: KernelThunk
) -> ConvolutionThunk | None:
    """It reads what the other step does, if that is read forwards or backwards."""
    done = turned.elementwise
    if done is None or done.operations or done.broadcasts(0):
        return None
    step_along = partial(done.step_along, 0)

    def axes(before: tuple[DotAxis, ...]) -> tuple[DotAxis, ...] | None:
        steps = [step_along(axis.extent, axis.rhs) for axis in before]
        if any(step is None or step < 0 for step in steps):
            return None
        return tuple(replace(a, rhs=step or 0) for a, step in zip(before, steps, strict=True))

    window = []
    for axis in convolution.window:
        step = step_along(axis.size, axis.rhs)
        if step is None:
            return None
        window.append(replace(axis, rhs=abs(step), reversed=axis.reversed != (step < 0)))
    outer, contracting = axes(convolution.outer), axes(convolution.contracting)
    if outer is None or contracting is None:
        return None
    return replace(
        convolution,
        rhs=turned.arguments[0],
        outer=outer,
        contracting=contracting,
        window=tuple(window),
    )


def _writes(thunk: Thunk, where: Slice) -> bool:
    """Whether it may."""
    if isinstance(thunk, CallThunk | WhileThunk | ConditionalThunk):
        return True
    return any(written.overlaps(where) for written in reads_and_writes(thunk)[1])


def _axes(axes: tuple, done: Elementwise, inputs: list[int]) -> tuple | None:
    """The same axes, with how far the inputs go on."""
    found: list[DotAxis] = []
    for axis in axes:
        steps = [done.step_along(number, axis.extent, axis.out) for number in inputs]
        if None in steps:
            return None
        found.append(replace(axis, inputs=tuple(steps)))
    return tuple(found)


def _renumbered(done: Elementwise, sum_: int) -> tuple[Operation, ...]:
    """With the sum, the input of that number, before all others."""

    def number(old: int) -> int:
        if old == sum_:
            return 0
        return old + 1 if old < sum_ else old

    return tuple(
        replace(operation, operands=tuple(map(number, operation.operands)))
        for operation in done.operations
    )
