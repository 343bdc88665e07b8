# SPDX-License-Identifier: Apache-2.0
"""Element types and shapes, as JAX prints them: f32[8,16], i32[], bool[3]."""

import math
import re
from dataclasses import dataclass

from jax_embedded.errors import ExportError


@dataclass(frozen=True)
class DType:
    """An element type.

    name: JAX's short name.
    numpy: numpy's name.
    xla: the name in XLA's PrimitiveType.
    itemsize: bytes of an element in memory.
    c: the type in a C header, of each of its `parts`: uint16_t holds the bits of f16 and bf16.
    llvm: the LLVM type of a value passed by value; empty if it never is.
    extension: the attribute that a parameter or result smaller than a word needs, from the
        AAPCS and the x86-64 psABI as GCC reads them: the caller extends, the callee relies on it.
    """

    name: str
    numpy: str
    xla: str
    itemsize: int
    c: str
    llvm: str
    extension: str = ""

    @property
    def by_value(self) -> bool:
        """Whether a scalar is passed and returned by value."""
        return bool(self.llvm)

    @property
    def parts(self) -> int:
        """C elements of one element: a complex number has two, real and imaginary."""
        return 1 if self.by_value else 2

    @property
    def align(self) -> int:
        """Alignment of an element in C, in bytes."""
        return self.itemsize // self.parts


DTYPES = {
    d.name: d
    for d in [
        DType("bool", "bool", "PRED", 1, "bool", "i8", "zeroext"),
        DType("i8", "int8", "S8", 1, "int8_t", "i8", "signext"),
        DType("i16", "int16", "S16", 2, "int16_t", "i16", "signext"),
        DType("i32", "int32", "S32", 4, "int32_t", "i32"),
        DType("i64", "int64", "S64", 8, "int64_t", "i64"),
        DType("u8", "uint8", "U8", 1, "uint8_t", "i8", "zeroext"),
        DType("u16", "uint16", "U16", 2, "uint16_t", "i16", "zeroext"),
        DType("u32", "uint32", "U32", 4, "uint32_t", "i32"),
        DType("u64", "uint64", "U64", 8, "uint64_t", "i64"),
        DType("f16", "float16", "F16", 2, "uint16_t", "i16", "zeroext"),
        DType("bf16", "bfloat16", "BF16", 2, "uint16_t", "i16", "zeroext"),
        DType("f32", "float32", "F32", 4, "float", "float"),
        DType("f64", "float64", "F64", 8, "double", "double"),
        DType("c64", "complex64", "C64", 8, "float", ""),
        DType("c128", "complex128", "C128", 16, "double", ""),
    ]
}
BY_NUMPY = {d.numpy: d for d in DTYPES.values()}
BY_XLA = {d.xla: d for d in DTYPES.values()}
LARGEST = 1 << 30  # bytes of an array, or of memory for several; the largest region of a Cortex-M
WIDE = frozenset({"i64", "u64", "f64", "c128"})  # what JAX narrows unless jax_enable_x64 is set


@dataclass(frozen=True)
class Shape:
    """A dense array in row-major order.

    dtype: JAX's short name, a key of DTYPES.
    dims: the extents, outermost first; () is a scalar.
    """

    dtype: str
    dims: tuple[int, ...] = ()

    @property
    def elements(self) -> int:
        return math.prod(self.dims)

    @property
    def strides(self) -> tuple[int, ...]:
        """By how many elements the next one along each dimension lies further on."""
        return tuple(math.prod(self.dims[i + 1 :]) for i in range(len(self.dims)))

    @property
    def nbytes(self) -> int:
        return self.elements * DTYPES[self.dtype].itemsize

    def __str__(self) -> str:
        return f"{self.dtype}[{','.join(map(str, self.dims))}]"


def parse_shape(text: str, argument: str) -> Shape:
    """Reads "f32[8,16]".

    argument: whose shape it is, for the message.
    Errors: ExportError for an unknown dtype, a dimension that is not a number, or other text.
    """
    match = re.fullmatch(r"\s*(\w+)\s*\[([^\[\]]*)\]\s*", text, re.ASCII)
    if not match:
        raise ExportError(
            "shape-text",
            f'argument {argument}: expected a dtype and dimensions like "f32[8,16]" or "i32[]",'
            f' found "{text}"',
            f'write the shape of {argument} as JAX prints it, such as "f32[3]"',
        )
    dtype, dims = match[1], match[2].strip()
    if dtype not in DTYPES:
        raise ExportError(
            "dtype-text",
            f'argument {argument}: expected a dtype of {", ".join(DTYPES)}; found "{dtype}"',
            f"use {_similar_dtype(dtype)}",
        )
    parts = [part.strip() for part in dims.split(",")] if dims else []
    for part in parts:
        if re.fullmatch(r"[A-Za-z_?*]\w*|-\d+|None", part):
            raise ExportError(
                "dynamic-shape",
                f'argument {argument}: expected fixed dimensions, found "{part}" in "{text}"',
                "give every dimension as a number: C functions of jax_embedded have static shapes",
            )
        if not re.fullmatch(r"\d{1,9}", part, re.ASCII):
            raise ExportError(
                "shape-text",
                f'argument {argument}: expected a number as dimension, found "{part}" in "{text}"',
                f'write the shape of {argument} as JAX prints it, such as "f32[8,16]"',
            )
    return Shape(dtype, tuple(int(part) for part in parts))


def _similar_dtype(text: str) -> str:
    if text in BY_NUMPY:
        return BY_NUMPY[text].name
    synonyms = {"s8": "i8", "s16": "i16", "s32": "i32", "s64": "i64", "pred": "bool"}
    return synonyms.get(text, "f32 for float, i32 for int")
