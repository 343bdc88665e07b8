# SPDX-License-Identifier: Apache-2.0
"""Program: XLA's schedule and buffer assignment of one function, independent of the target.

An *allocation* is a piece of memory; for the other words of XLA's see thunks.py.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from jax_embedded.ir.dump import Leaf
from jax_embedded.ir.thunk_text import text_of
from jax_embedded.ir.thunks import KernelThunk, Slice, Step, Thunk, steps_of


@dataclass(frozen=True)
class Allocation:
    """A buffer allocation.

    index: XLA's number of it.
    size: bytes.
    kind: "parameter" (the caller's, read only), "constant" (read only), "result" (the caller's),
        "donated" (the caller's, a parameter and in the end a result) or "temp" (ours, undefined
        before the first write).
    parameter: for a parameter or a donated one, its place in Program.parameters.
    data: for a constant, its bytes, little endian.
    """

    index: int
    size: int
    kind: str
    parameter: int | None = None
    data: bytes | None = None


@dataclass(frozen=True)
class Program:
    """One function, ready to be linked, once it has passed `verify`.

    name: of the C function.
    parameters, results: in the order of the C function.
    result_slices: where each result lies.
    allocations: by index.
    thunks: the schedule.
    kernels: LLVM IR by the name of the kernel's function.
    """

    name: str
    parameters: tuple[Leaf, ...]
    results: tuple[Leaf, ...]
    result_slices: tuple[Slice, ...]
    allocations: Mapping[int, Allocation]
    thunks: tuple[Thunk, ...]
    kernels: Mapping[str, str] = field(default_factory=dict)

    def steps(self) -> Iterator[Step]:
        """All steps in the order of the program text: a loop's condition, its test, its body."""
        return steps_of(self.thunks)

    def kernel_thunks(self) -> Iterator[KernelThunk]:
        """The steps that call a kernel."""
        return (step for step in self.steps() if isinstance(step, KernelThunk))

    def __str__(self) -> str:
        lines = [f"program {self.name}"]
        for index, leaf in enumerate(self.parameters):
            lines.append(f"  parameter {index} {leaf.name}: {leaf.shape}  // {leaf.path}")
        for leaf, where in zip(self.results, self.result_slices, strict=True):
            lines.append(f"  result {leaf.name}: {where}  // {leaf.path}")
        for a in sorted(self.allocations.values(), key=lambda a: a.index):
            detail = "" if a.parameter is None else f" {a.parameter}"
            if a.data is not None:
                detail = f" 0x{a.data[:16].hex()}" + ("..." if len(a.data) > 16 else "")
            lines.append(f"  allocation %{a.index} {a.size} bytes {a.kind}{detail}")
        lines += text_of(self.thunks, "  ")
        return "\n".join(lines) + "\n"
