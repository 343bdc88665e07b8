# SPDX-License-Identifier: Apache-2.0
"""How far apart the elements are that a copy, a dot or a convolution goes through: from XLA's
dimension numbers and layouts.
"""

from typing import Any, Protocol

from jax_embedded.errors import InternalError
from jax_embedded.ir.thunks import DotAxis, WindowAxis


class Strided(Protocol):
    """dims, steps: extents, and how many elements the next one along each dimension is away."""

    @property
    def dims(self) -> tuple[int, ...]: ...

    @property
    def steps(self) -> tuple[int, ...]: ...


def copy_strides(source: Any, destination: Any) -> tuple[int, ...]:
    order = list(destination.layout.minor_to_major)
    if list(source.layout.minor_to_major) == order:
        return ()
    source_step = layout_steps(source)
    return tuple(source_step[dimension] for dimension in reversed(order))


def layout_steps(shape: Any) -> tuple[int, ...]:
    """By how many elements the next one along each dimension lies further on."""
    step = 1
    steps = [0] * len(shape.dimensions)
    for dimension in shape.layout.minor_to_major:
        steps[dimension] = step
        step *= shape.dimensions[dimension]
    return tuple(steps)


def dot_axes(
    numbers: Any, lhs: Strided, rhs: Strided, out: tuple[int, ...]
) -> tuple[tuple[DotAxis, ...], tuple[DotAxis, ...]]:
    """out: the steps of the result.

    Source: StableHLO's dot_general: the dimensions of out are the batch dimensions, then what is
    left of lhs, then what is left of rhs.
    """
    batch = list(zip(numbers.lhs_batch_dimensions, numbers.rhs_batch_dimensions, strict=True))
    contracted = zip(
        numbers.lhs_contracting_dimensions, numbers.rhs_contracting_dimensions, strict=True
    )
    contracting = list(contracted)
    lhs_used = {x for x, _ in batch + contracting}
    rhs_used = {y for _, y in batch + contracting}
    outer = [(lhs.dims[x], lhs.steps[x], rhs.steps[y]) for x, y in batch]
    outer += [(n, lhs.steps[x], 0) for x, n in enumerate(lhs.dims) if x not in lhs_used]
    outer += [(n, 0, rhs.steps[y]) for y, n in enumerate(rhs.dims) if y not in rhs_used]
    axes = [DotAxis(*axis, out[number]) for number, axis in enumerate(outer)]
    return tuple(axes), tuple(
        DotAxis(lhs.dims[x], lhs.steps[x], rhs.steps[y], 0) for x, y in contracting
    )


def convolution_axes(
    thunk: Any, lhs: Any, rhs: Any, out: Any
) -> tuple[tuple[DotAxis, ...], tuple[DotAxis, ...], tuple[WindowAxis, ...]]:
    """Outer, contracting, window.

    Source: StableHLO's convolution. The output features are those of the first group, then those of
    the second one, and so on; a group has its own input features.
    """
    numbers = thunk.dimension_numbers
    lhs_steps, rhs_steps, out_steps = layout_steps(lhs), layout_steps(rhs), layout_steps(out)
    groups = thunk.feature_group_count
    if groups < 1:
        raise InternalError(f"convolution: expected at least one feature group, found {groups}")
    batch, feature = numbers.input_batch_dimension, numbers.input_feature_dimension
    input_features = rhs.dimensions[numbers.kernel_input_feature_dimension]
    output_features = rhs.dimensions[numbers.kernel_output_feature_dimension] // groups
    lhs_step = lhs_steps[feature]
    rhs_step = rhs_steps[numbers.kernel_output_feature_dimension]
    out_step = out_steps[numbers.output_feature_dimension]
    outer = (
        DotAxis(
            lhs.dimensions[batch], lhs_steps[batch], 0, out_steps[numbers.output_batch_dimension]
        ),
        DotAxis(
            groups,
            input_features * lhs_step,
            output_features * rhs_step,
            output_features * out_step,
        ),
        DotAxis(output_features, 0, rhs_step, out_step),
    )
    contracting = DotAxis(
        input_features, lhs_step, rhs_steps[numbers.kernel_input_feature_dimension], 0
    )
    places = zip(
        numbers.input_spatial_dimensions,
        numbers.kernel_spatial_dimensions,
        numbers.output_spatial_dimensions,
        thunk.window.dimensions,
        strict=True,
    )
    window = tuple(
        WindowAxis(
            extent=out.dimensions[o],
            size=rhs.dimensions[k],
            input=lhs.dimensions[i],
            lhs=lhs_steps[i],
            rhs=rhs_steps[k],
            out=out_steps[o],
            stride=dimension.stride,
            dilation=dimension.window_dilation,
            base_dilation=dimension.base_dilation,
            padding=dimension.padding_low,
            reversed=dimension.window_reversal,
        )
        for i, k, o, dimension in places
    )
    return outer, (contracting,), window
