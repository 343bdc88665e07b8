# SPDX-License-Identifier: Apache-2.0
"""Thunks as text, for readers."""

from jax_embedded.ir.thunks import (
    BakedDotThunk,
    CallThunk,
    ConditionalThunk,
    ConvolutionThunk,
    CopyThunk,
    DotAxis,
    DotThunk,
    FftThunk,
    KernelThunk,
    Origin,
    ReduceThunk,
    SortThunk,
    Thunk,
    TopKThunk,
    WhileThunk,
    WindowAxis,
    reads_and_writes,
)


def text_of(thunks: tuple[Thunk, ...], indent: str) -> list[str]:
    """Its lines. indent: before each."""
    lines = []
    for thunk in thunks:
        lines.append(f"{indent}{_head(thunk)}  // {_comment(thunk.origin)}")
        inner = indent + "  "
        if isinstance(thunk, CallThunk):
            lines += text_of(thunk.thunks, inner)
            continue
        reads, writes = reads_and_writes(thunk)
        lines += [f"{inner}reads  {s}" for s in reads]
        lines += [f"{inner}writes {s}" for s in writes]
        if isinstance(thunk, WhileThunk):
            if thunk.condition:
                lines += [f"{inner}condition", *text_of(thunk.condition, inner + "  ")]
            lines += [f"{inner}body", *text_of(thunk.body, inner + "  ")]
        if isinstance(thunk, ConditionalThunk):
            for number, branch in enumerate(thunk.branches):
                lines += [f"{inner}branch {number}", *text_of(branch, inner + "  ")]
    return lines


def _head(thunk: Thunk) -> str:
    if isinstance(thunk, KernelThunk):
        groups = thunk.workgroups
        loop = f" in loop {thunk.loop}" if thunk.loop else ""
        return f"kernel {thunk.kernel}" + (f" x{groups}" if groups != (1, 1, 1) else "") + loop
    if isinstance(thunk, CopyThunk):
        return "copy" + (f" strides {thunk.strides}" if thunk.strides else "")
    if isinstance(thunk, DotThunk):
        return f"dot {_extents(thunk.outer)} over {_extents(thunk.contracting)}{_epilogue(thunk)}"
    if isinstance(thunk, ReduceThunk):
        how = f"reduce by {thunk.operation}"
        extents = f"{_extents(thunk.outer)} over {_extents(thunk.reduced)}"
        return f"{how} {extents}{_prologue(thunk)}{_epilogue(thunk)}"
    if isinstance(thunk, BakedDotThunk):
        return f"baked dot {len(thunk.results)} over {len(thunk.terms)}{_epilogue(thunk)}"
    if isinstance(thunk, ConvolutionThunk):
        window = " ".join(_window(axis) for axis in thunk.window)
        return (
            f"convolution {_extents(thunk.outer)} over {_extents(thunk.contracting)},"
            f" window {window or 1}{_epilogue(thunk)}"
        )
    if isinstance(thunk, SortThunk):
        return f"sort by {thunk.comparator} along {thunk.dimension}"
    if isinstance(thunk, TopKThunk):
        return f"top-k {thunk.out.shape.dims[-1]}"
    if isinstance(thunk, FftThunk):
        return f"{thunk.kind} {'x'.join(map(str, thunk.lengths))}"
    if isinstance(thunk, WhileThunk):
        return "while" if thunk.trip_count is None else f"while {thunk.trip_count} times"
    return "conditional" if isinstance(thunk, ConditionalThunk) else "call"


def _prologue(thunk: ReduceThunk) -> str:
    """Such as " of (%1 = abs(%0))": %0 is an element of the source."""
    values = enumerate(thunk.prologue, len(thunk.sources))
    text = ", ".join(f"%{n} = {operation}" for n, operation in values)
    return f" of ({text})" if text else ""


def _epilogue(thunk: DotThunk | BakedDotThunk | ConvolutionThunk | ReduceThunk) -> str:
    """Such as ", %2 = add(%0, %1)": %0 is the sum, the next ones are what is read."""
    first = 1 + len(thunk.inputs)
    if isinstance(thunk, BakedDotThunk):
        first += len(thunk.constants)
    return "".join(f", %{n} = {operation}" for n, operation in enumerate(thunk.epilogue, first))


def _extents(axes: tuple[DotAxis, ...]) -> str:
    return "x".join(str(axis.extent) for axis in axes) or "1"


def _window(axis: WindowAxis) -> str:
    """Such as "8<-8:3/2*1-1": extents of output, input and kernel, /stride *dilation -padding."""
    text = f"{axis.extent}<-{axis.input}:{axis.size}/{axis.stride}*{axis.dilation}-{axis.padding}"
    if axis.base_dilation > 1:
        text += f"|{axis.base_dilation}"
    return text + (" reversed" if axis.reversed else "")


def _comment(origin: Origin) -> str:
    return " ".join(filter(None, [origin.operation, origin.location]))
