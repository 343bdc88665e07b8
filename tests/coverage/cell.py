# SPDX-License-Identifier: Apache-2.0
"""Cell: one public function of JAX called with one dtype, as docs/coverage.md has it."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from jax_embedded.shape import DTYPES, WIDE

# The columns of the table.
COLUMNS = ("bool", "i8", "i32", "i64", "u8", "u32", "f16", "bf16", "f32", "f64", "c64")

# What a name in an expression is: an array of the cell's dtype, or of the one that is named.
ARGUMENTS = {
    "x": "[8]",
    "y": "[8]",
    "z": "[8]",
    "s": "[]",
    "v": "[4]",
    "a": "[3,4]",
    "b": "[3,4]",
    "c": "[4,3]",
    "m": "[4,4]",
    "n": "[4,4]",
    "t": "[2,3,4]",
    "image": "[1,6,6,2]",
    "kernel": "[3,3,2,2]",
    "i": "i32[5]",
    "k": "i32[]",
    "p": "bool[8]",
    "q": "bool[3,4]",
    "key": "u32[2]",
    "key4": "u32[4]",
}

_IMPORTS = """\
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax, nn, random
from jax import scipy as jsp
"""
_ALLOWED = ast.parse(Path(__file__).with_name("arguments.py").read_text()).body


@dataclass(frozen=True)
class Cell:
    """module, name: of the public function, "jax.lax" and "add".

    expression: how it is called, Python, in which the names of ARGUMENTS are arguments, and `dtype`
        is the cell's.
    dtype: JAX's short name, one of COLUMNS.
    """

    module: str
    name: str
    expression: str
    dtype: str

    @property
    def label(self) -> str:
        return f"{self.module}.{self.name} {self.dtype}"

    @property
    def x64(self) -> bool:
        return self.dtype in WIDE

    @property
    def size(self) -> bool:
        """Whether the code is made short."""
        return False

    @cached_property
    def inputs(self) -> dict[str, str]:
        """Shape text by argument name, in the order of the function's signature."""
        names = _names(ast.parse(self.expression))
        return {
            name: self.dtype + shape if shape.startswith("[") else shape
            for name, shape in ARGUMENTS.items()
            if name in names
        }

    @cached_property
    def source(self) -> str:
        """A Python file that defines the function `f`."""
        return (
            f"def f({', '.join(self.inputs)}):\n"
            f"    return {self.expression}\n\n\n"
            f"{_IMPORTS}"
            f"{_definitions(_names(ast.parse(self.expression)))}\n"
            f"dtype = jnp.dtype({DTYPES[self.dtype].numpy!r})\n"
        )


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _definitions(used: set[str]) -> str:
    """What arguments.py defines of these names, and of those that their definitions use."""
    chosen: list[ast.stmt] = []
    for statement in reversed(_ALLOWED):  # a definition stands behind those that it uses
        defined = getattr(statement, "name", None) or ast.unparse(statement).split(".")[0]
        if defined in used:
            chosen.append(statement)
            used = used | _names(statement)
    return "\n".join(ast.unparse(statement) for statement in reversed(chosen))


def cells(operations: Mapping[str, Mapping[str, str]]) -> Iterator[Cell]:
    """All of the table, in its order."""
    for module, names in operations.items():
        for name, expression in names.items():
            for dtype in COLUMNS:
                yield Cell(module, name, expression, dtype)
