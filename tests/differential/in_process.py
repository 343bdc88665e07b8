# SPDX-License-Identifier: Apache-2.0
"""Calls compiled functions in this process."""

import ctypes
from collections.abc import Sequence

import llvmlite.binding as llvm
import numpy as np

from jax_embedded.ir.c_function import CFunction

_BY_VALUE = {
    "bool": ctypes.c_bool,
    "int8": ctypes.c_int8,
    "int16": ctypes.c_int16,
    "int32": ctypes.c_int32,
    "int64": ctypes.c_int64,
    "uint8": ctypes.c_uint8,
    "uint16": ctypes.c_uint16,
    "uint32": ctypes.c_uint32,
    "uint64": ctypes.c_uint64,
    "float16": ctypes.c_uint16,
    "bfloat16": ctypes.c_uint16,
    "float32": ctypes.c_float,
    "float64": ctypes.c_double,
}
_FILL = 0x55  # what memory for results holds before the call


def call(
    code: bytes, function: CFunction, inputs: Sequence[np.ndarray], results: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Runs machine code of the host; call it in a process of its own.

    code: an object file that defines `function`: no structs, nothing donated, a static workspace.
    inputs: in the order of the function's arguments.
    results: arrays of the shapes and dtypes of the results; their values are not read.
    """
    llvm.load_library_permanently("libgcc_s.so.1")  # conversions of 16-bit floats
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    address = engine.get_function_address(function.name)

    got = [np.full(r.nbytes, _FILL, np.uint8).view(r.dtype).reshape(r.shape) for r in results]
    arguments, types, memory = [], [], []
    for parameter in function.parameters:
        (field,) = parameter.fields
        if parameter.by_value:
            types.append(_type(inputs[field.argument]))
            arguments.append(_bits(inputs[field.argument]).item())
            continue
        memory.append(inputs[field.argument].copy() if field.result is None else got[field.result])
        types.append(ctypes.c_void_p)
        arguments.append(memory[-1].ctypes.data)
    returned = function.returned
    result = None if returned is None else _type(got[returned.result])
    value = ctypes.CFUNCTYPE(result, *types)(address)(*arguments)
    if returned is not None:
        _bits(got[returned.result])[...] = value
    return got


def _type(array: np.ndarray) -> type:
    return _BY_VALUE[array.dtype.name]


def _bits(array: np.ndarray) -> np.ndarray:
    """16-bit floats are passed as their bits."""
    return array.view(np.uint16) if _type(array) is ctypes.c_uint16 else array
