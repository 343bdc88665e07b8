# SPDX-License-Identifier: Apache-2.0
"""Measures the elementary functions of f32 against float64, as docs/numerics.md states: without and
with fused multiply-add.

The operands are all 2^32 for a function of one, and 2^28 random pairs for a function of two.
"""

import argparse
import ctypes
import functools
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import llvmlite.binding as llvm
import numpy as np
import scipy.special

from jax_embedded.llvm.math import define_math
from jax_embedded.llvm.targets import target_machine
from jax_embedded.target import TARGETS, Target

REFERENCES: dict[str, Callable[..., np.ndarray]] = {
    "atan": np.arctan,
    "atan2": np.arctan2,
    "cbrt": np.cbrt,
    "cos": np.cos,
    "erf": scipy.special.erf,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "pow": np.power,
    "sin": np.sin,
    "tan": np.tan,
    "tanh": np.tanh,
    "tanh_in_vectors": np.tanh,
}
BINARY = ("atan2", "pow")
LEAST_NORMAL = 2.0**-126
CHUNK = 1 << 15


@dataclass(frozen=True)
class Worst:
    """ulp: of the error. operands: where."""

    ulp: float
    operands: tuple[np.float32, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("functions", nargs="*", help="(default: all)")
    for name in parser.parse_args().functions or sorted(REFERENCES):
        found = [
            worst(name, pairs(1 << 28, 0) if name in BINARY else all_floats(), fused=fused)
            for fused in (False, True)
        ]
        sys.stdout.write(row(name, *found) + "\n")
        sys.stdout.flush()


def row(name: str, separate: Worst, fused: Worst) -> str:
    """Of the table in docs/numerics.md."""
    return f"| {name} | {_cells(separate)} | {_cells(fused)} |"


def _cells(found: Worst) -> str:
    where = ", ".join(str(operand) for operand in found.operands)
    return f"{np.ceil(found.ulp * 100) / 100:.2f} | {where}"


def table(text: str) -> dict[str, tuple[Worst, Worst]]:
    """The rows in a text: without and with fused multiply-add."""
    cells = r"\| (\d+\.\d\d) \| (\S+(?:, \S+)?) "

    def found(ulp: str, where: str) -> Worst:
        return Worst(float(ulp), tuple(np.float32(x) for x in where.split(", ")))

    rows = re.findall(rf"^\| (\w+) {cells}{cells}\|$", text, re.MULTILINE)
    return {name: (found(*of[:2]), found(*of[2:])) for name, *of in rows}


def worst(name: str, operands: Iterator[tuple[np.ndarray, ...]], *, fused: bool = False) -> Worst:
    machine = this_processor() if fused else None
    function = compiled(name, TARGETS["host"], machine=machine, fused=fused)
    found = Worst(-1, ())
    for chunk in operands:
        got = function(*chunk)
        with np.errstate(all="ignore"):
            expected = REFERENCES[name](*(operand.astype(np.float64) for operand in chunk))
            rounded = expected.astype(np.float32)
        differs = np.flatnonzero(got.view(np.uint32) != rounded.view(np.uint32))
        if not differs.size:
            continue
        chunk = tuple(operand[differs] for operand in chunk)
        errors = error(got[differs], expected[differs])
        # A subnormal operand may count as a zero.
        with np.errstate(all="ignore"):
            zeros = REFERENCES[name](*(flushed(operand.astype(np.float64)) for operand in chunk))
        errors = np.minimum(errors, error(got[differs], zeros))
        at = int(np.argmax(errors))
        if errors[at] > found.ulp:
            found = Worst(float(errors[at]), tuple(operand[at] for operand in chunk))
    return found


def all_floats() -> Iterator[tuple[np.ndarray]]:
    for start in range(0, 1 << 32, CHUNK):
        yield (np.arange(start, start + CHUNK, dtype=np.uint32).view(np.float32),)


def samples(count: int, seed: int) -> Iterator[tuple[np.ndarray]]:
    """All bit patterns with equal probability, and all edges."""
    random = np.random.default_rng(seed)
    yield (edges(),)
    for _ in range(count // CHUNK):
        yield (random.integers(0, 1 << 32, CHUNK, dtype=np.uint32).view(np.float32),)


def pairs(count: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """All edges; all bit patterns; numbers of like size; for powers, those that are finite."""
    random = np.random.default_rng(seed)
    first, second = np.meshgrid(edges(), edges())
    yield first.ravel(), second.ravel()
    for _ in range(count // CHUNK // 4):
        bits = random.integers(0, 1 << 32, (2, CHUNK), dtype=np.uint32).view(np.float32)
        yield bits[0], bits[1]
        normal = random.normal(size=(2, CHUNK)).astype(np.float32)
        yield normal[0], normal[1]
        with np.errstate(all="ignore"):
            logarithm = random.uniform(-127, 128, CHUNK)
            near_one = np.exp(normal[0] * np.float32(0.3))
            yield near_one, (logarithm / np.log2(near_one, dtype=np.float64)).astype(np.float32)
            base = np.abs(bits[0])
            yield base, (logarithm / np.log2(base, dtype=np.float64)).astype(np.float32)


def edges() -> np.ndarray:
    """Special numbers and their neighbours."""
    exponents = np.exp2(np.arange(-126.0, 128.0))
    others = [0.3, 0.55, 0.93, 1.5, 3.92, 9.1, 17.32868, 87.33655, 88.72283, 400.0, 1e10]
    whole = np.arange(0.0, 20.0)
    near = np.concatenate([exponents, others, whole, np.arange(1, 40) * np.pi / 4]).astype(
        np.float32
    )
    upper, lower = (np.nextafter(near, np.float32(to)) for to in (np.inf, -np.inf))
    special = np.array([0, np.inf, np.nan, np.finfo(np.float32).max], np.float32)
    positive = np.concatenate([near, upper, lower, special])
    return np.concatenate([positive, -positive])


def flushed(values: np.ndarray) -> np.ndarray:
    return np.where(np.abs(values) < LEAST_NORMAL, np.copysign(0.0, values), values)


def unit(expected: np.ndarray) -> np.ndarray:
    """The ulp of a float32; never less than that of the least normal number."""
    exponent = (expected.view(np.uint64) & np.uint64(0x7FF << 52)).view(np.float64)
    return np.maximum(exponent, LEAST_NORMAL) * 2.0**-23


def error(got: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """In ulp of what is expected; inf where a sign, an infinity or a NaN is missing.

    got: float32. expected: float64.
    """
    with np.errstate(all="ignore"):
        rounded = expected.astype(np.float32)
        ulp = np.abs(got - expected) / unit(expected)
    tiny = (np.abs(expected) < LEAST_NORMAL) & (np.abs(got) <= LEAST_NORMAL)
    ulp = np.where(tiny & (np.signbit(got) == np.signbit(expected)), 0.0, ulp)
    same = (got == rounded) | (np.isnan(got) & np.isnan(rounded))
    special = ~(np.isfinite(got) & np.isfinite(rounded))
    ulp = np.where(special, np.where(same, 0.0, np.inf), ulp)
    zero = (rounded == 0) | (got == 0)
    return np.where(zero & (np.signbit(got) != np.signbit(rounded)), np.inf, ulp)


@functools.cache
def this_processor() -> llvm.TargetMachine:
    """With all its instructions, such as fused multiply-add."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_triple(TARGETS["host"].triple).create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        reloc="pic",
        codemodel="small",
    )


@functools.cache
def compiled(
    name: str,
    target: Target,
    *,
    lanes: int = 0,
    machine: llvm.TargetMachine | None = None,
    fused: bool = False,
) -> Callable[..., np.ndarray]:
    """The function for arrays, whose lengths are multiples of `lanes`, in machine code of the host.

    lanes: of the vectors that it is called with; 0 for scalars, in a loop that LLVM may vectorise.
    target: for which the function is written. machine: of what processor, if not of any x86-64.
    fused: whether it uses a fused multiply-add.
    """
    count = 2 if name in BINARY else 1
    kind = f"<{lanes} x float>" if lanes else "float"
    function = f"jxe.{name}.{f'v{lanes}' if lanes else ''}f32"
    taken = ", ".join(f"{kind} %x{i}" for i in range(count))
    loads = [
        f"  %at{i} = getelementptr float, ptr %p{i}, i64 %i\n"
        f"  %x{i} = load {kind}, ptr %at{i}, align 4\n"
        for i in range(count)
    ]
    text = f"""\
declare {kind} @{function}({", ".join([kind] * count)})
define void @run(i64 %count, ptr noalias %r, {", ".join(f"ptr %p{i}" for i in range(count))}) {{
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
{"".join(loads)}\
  %y = call {kind} @{function}({taken})
  %to = getelementptr float, ptr %r, i64 %i
  store {kind} %y, ptr %to, align 4
  %next = add i64 %i, {lanes or 1}
  %more = icmp ult i64 %next, %count
  br i1 %more, label %loop, label %done
done:
  ret void
}}
"""
    module = llvm.parse_assembly(text)
    definition = define_math(frozenset({function}), target.float_lanes, fused=fused)
    module.link_in(llvm.parse_assembly(definition))
    module.verify()
    for defined in module.functions:
        if defined.name != "run" and not defined.is_declaration:
            defined.linkage = "internal"
    machine = machine or target_machine(TARGETS["host"])
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=3))
    builder.getModulePassManager().run(module, builder)
    library = (
        llvm.JITLibraryBuilder()
        .add_object_img(machine.emit_object(module))
        .add_current_process()
        .export_symbol("run")
        .link(llvm.create_lljit_compiler(use_jit_link=True), f"{function}.{id(module)}")
    )
    pointer = ctypes.c_void_p
    run = ctypes.CFUNCTYPE(None, ctypes.c_int64, *[pointer] * (1 + count))(library["run"])

    def on_arrays(*operands: np.ndarray) -> np.ndarray:
        arrays = [np.ascontiguousarray(operand, np.float32) for operand in operands]
        result = np.empty_like(arrays[0])
        run(result.size, result.ctypes.data, *(array.ctypes.data for array in arrays))
        return result

    on_arrays.library = library  # type: ignore[attr-defined]  # keeps the code alive
    return on_arrays


def document() -> str:
    """docs/numerics.md."""
    return (Path(__file__).parents[2] / "docs" / "numerics.md").read_text()


if __name__ == "__main__":
    main()
