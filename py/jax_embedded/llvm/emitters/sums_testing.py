# SPDX-License-Identifier: Apache-2.0
"""For tests: runs the loops of a dot on this machine."""

import ctypes
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir

from jax_embedded.ir.program import Allocation, Program
from jax_embedded.ir.thunks import DotAxis, DotThunk, Origin, Slice
from jax_embedded.llvm.emitters.code import Code, Numbers
from jax_embedded.llvm.emitters.pairs import with_freeze
from jax_embedded.llvm.targets import target_machine
from jax_embedded.shape import Shape
from jax_embedded.target import TARGETS

HOST = TARGETS["host"]
GUARD = np.float32(12345.0)
CONSTANT, INPUT, OUT = 0, 1, 2  # allocations


def compiled(
    write: Callable[[Code], None],
    pointers: int = 3,
    functions: Mapping[str, Any] | None = None,
    numbers: Numbers | None = None,
) -> tuple[Callable, object]:
    """A function of pointers, and what must stay alive meanwhile.

    functions: of ctypes, that it may call, by name.
    numbers: see Code.
    """
    module = ir.Module()
    code = Code(module, "f", pointers, inline=False, numbers=numbers)
    pointers += numbers is not None
    write(code)
    code.end()
    text = re.sub(r"\{d(\d+)\}", r"{xmm\1}", with_freeze(str(module)))  # which this machine has
    lines = [line for line in text.splitlines() if not line.startswith("target ")]
    parsed = llvm.parse_assembly("\n".join(lines))
    parsed.get_function("f").linkage = "external"
    parsed.verify()
    machine = target_machine(HOST)
    passes = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=3))
    passes.getModulePassManager().run(parsed, passes)
    builder = llvm.JITLibraryBuilder().add_object_img(machine.emit_object(parsed))
    for name, function in (functions or {}).items():
        builder.import_symbol(name, ctypes.cast(function, ctypes.c_void_p).value)
    library = (
        builder.add_current_process()
        .export_symbol("f")
        .link(llvm.create_lljit_compiler(use_jit_link=True), "f")
    )
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * pointers)(library["f"]), library


def called(
    write: Callable[[Code], None],
    lhs: np.ndarray,
    rhs: np.ndarray | None,
    dims: tuple[int, ...],
    *inputs: np.ndarray,
) -> np.ndarray:
    """rhs: None for a reduction of one array."""
    arrays = (lhs, rhs, *inputs)
    read = [np.ascontiguousarray(array) for array in arrays if array is not None]
    function, _alive = compiled(write, len(read) + 1)
    size = int(np.prod(dims))
    out = np.full(size + 32, GUARD.astype(lhs.dtype))
    function(*(array.ctypes.data for array in read), out[16:].ctypes.data)
    assert (out[:16] == GUARD.astype(lhs.dtype)).all()
    assert (out[16 + size :] == GUARD.astype(lhs.dtype)).all()
    return out[16 : 16 + size].reshape(dims)


def slice_of(array: np.ndarray | tuple[int, ...], dtype: str = "f32") -> Slice:
    dims = array if isinstance(array, tuple) else array.shape
    return Slice(0, 0, Shape(dtype, tuple(dims)))


def thunk_of(subscripts: str, lhs: np.ndarray, rhs: np.ndarray, dtype: str = "f32") -> DotThunk:
    """As einsum has it: each side's dimensions, and those of the result."""
    sides, result = subscripts.split("->")
    names = [*sides.split(","), result]
    extents = dict(zip(names[0], lhs.shape, strict=True)) | dict(
        zip(names[1], rhs.shape, strict=True)
    )

    def step(name: str, side: str) -> int:
        at = side.find(name)
        return int(np.prod([extents[n] for n in side[at + 1 :]])) if at >= 0 else 0

    def axis(name: str) -> DotAxis:
        lhs_step, rhs_step, out_step = (step(name, side) for side in names)
        return DotAxis(extents[name], lhs_step, rhs_step, out_step)

    contracting = [n for n in extents if n not in result]
    dims = tuple(extents[name] for name in result)
    return DotThunk(
        Origin("i", "op"),
        slice_of(lhs, dtype),
        slice_of(rhs, dtype),
        slice_of(dims, dtype),
        tuple(axis(name) for name in result),
        tuple(axis(name) for name in contracting),
    )


def program_of(thunks: list, weights: np.ndarray, size: int) -> Program:
    return Program(
        name="f",
        parameters=(),
        results=(),
        result_slices=(),
        allocations={
            CONSTANT: Allocation(CONSTANT, weights.nbytes, "constant", data=weights.tobytes()),
            INPUT: Allocation(INPUT, size, "temp"),
            OUT: Allocation(OUT, size, "temp"),
        },
        thunks=tuple(thunks),
    )


def placed(thunk: DotThunk, weights: str) -> DotThunk:
    """With the weights, "lhs" or "rhs", in the constant."""
    other = "rhs" if weights == "lhs" else "lhs"
    places = {weights: CONSTANT, other: INPUT, "out": OUT}
    slices = {
        side: Slice(allocation, 0, getattr(thunk, side).shape)
        for side, allocation in places.items()
    }
    return replace(thunk, **slices)


def close(got: np.ndarray, expected: np.ndarray, terms: int) -> bool:
    scale = max(float(np.sqrt(np.mean(expected**2))), 1e-30)
    return bool((abs(got - expected) <= 1e-6 * scale * max(1, terms) ** 0.5).all())
