# SPDX-License-Identifier: Apache-2.0
"""The kernels of a program, ready to be linked, the same code only once."""

from dataclasses import dataclass

from jax_embedded.ir.program import Program
from jax_embedded.llvm.kernel_calls import called_kernels, element_name
from jax_embedded.llvm.kernel_indices import narrow_indices
from jax_embedded.llvm.kernel_loops import (
    element_kernel,
    with_collapsed_loops,
    with_rolled_inner_loops,
    with_rolled_loops,
)
from jax_embedded.llvm.kernel_text import canonical_kernel, clean_kernel
from jax_embedded.llvm.math import rename_math


@dataclass(frozen=True)
class KernelModule:
    """text: LLVM IR of one kernel or more. math: the names of `define_math` that it calls."""

    text: str
    math: frozenset[str]


class Kernels:
    """modules: what defines a kernel, by its name; a module of equal code in place of its own.

    same_code: for a kernel whose code another one has, the name of that other.
    """

    def __init__(
        self, program: Program, *, contract: bool, vectors: bool = False, size: bool = False
    ):
        """contract: see `clean_kernel`. vectors: whether loops become loops of vectors.

        size: whether short code is preferred.
        """
        self.contract = contract
        self.modules: dict[str, KernelModule] = {}
        self.same_code: dict[str, str] = {}
        in_place = {program.kernels[t.kernel] for t in program.kernel_thunks() if t.in_place}
        called = {name for step in program.steps() for name in called_kernels(step)}
        self._first: dict[str, tuple[list[str], KernelModule]] = {}
        for text, names in _names_by_module(program).items():
            elements = [name for name in map(element_name, names) if name in called]
            if called.isdisjoint(names) and not elements:
                continue
            cleaned = clean_kernel(text, keep_noalias=text not in in_place, contract=contract)
            cleaned = narrow_indices(cleaned)
            if vectors:
                cleaned = with_rolled_inner_loops(cleaned)
            if not called.isdisjoint(names):
                whole = with_collapsed_loops(cleaned, size=size)
                self._add(with_rolled_loops(whole) if vectors else whole, names)
            for name in elements:
                self._add(element_kernel(cleaned, name), [name])

    def _add(self, text: str, names: list[str]) -> None:
        """text: of a module, cleaned. names: of the kernels that it defines, in its order."""
        code = canonical_kernel(text)
        if code not in self._first:
            self._first[code] = names, KernelModule(*rename_math(text))
        originals, module = self._first[code]
        self.modules.update(dict.fromkeys(names, module))
        self.same_code.update(zip(names, originals, strict=True))


def _names_by_module(program: Program) -> dict[str, list[str]]:
    """The kernels that a module defines, in its order."""
    names: dict[str, list[str]] = {}
    for kernel, text in program.kernels.items():
        names.setdefault(text, []).append(kernel)
    return names
