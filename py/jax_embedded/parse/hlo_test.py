# SPDX-License-Identifier: Apache-2.0
import importlib.util
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jax_embedded.errors import ExportError, InternalError
from jax_embedded.ir.thunks import Origin
from jax_embedded.parse.hlo import Hlo, is_row_major
from jax_embedded.schema import read_schema
from jax_embedded.shape import DTYPES, Shape

JAXLIB = importlib.util.find_spec("jaxlib")
assert JAXLIB
assert JAXLIB.origin
SCHEMA = read_schema(Path(JAXLIB.origin).parent / "libjax_common.so")


class Module:
    """An xla.HloModuleProto in the making."""

    def __init__(self):
        self.proto = SCHEMA.decode("xla.HloModuleProto", b"")
        self.proto.entry_computation_id = 1
        self.computation = self.add_computation(1)

    def add_computation(self, number: int) -> Any:
        self.computation = self.proto.computations.add(id=number, name=f"computation.{number}")
        return self.computation

    def add(self, number: int, opcode: str, *operands: int, **fields: Any) -> Any:
        """The last instruction added is the root."""
        self.computation.root_id = number
        return self.computation.instructions.add(
            id=number, opcode=opcode, name=f"{opcode}.{number}", operand_ids=operands, **fields
        )

    def hlo(self) -> Hlo:
        return Hlo(self.proto)


def set_shape(
    shape: Any, text_type: str, dims: tuple[int, ...], layout: tuple[int, ...] | None = None
) -> None:
    types = shape.DESCRIPTOR.file.pool.FindEnumTypeByName("xla.PrimitiveType")
    shape.element_type = types.values_by_name[text_type].number
    shape.dimensions[:] = dims
    shape.layout.minor_to_major[:] = tuple(reversed(range(len(dims)))) if layout is None else layout


def constant(
    dtype: str, dims: tuple[int, ...], layout: tuple[int, ...] | None = None
) -> tuple[Hlo, Any]:
    module = Module()
    instruction = module.add(1, "constant")
    for shape in (instruction.shape, instruction.literal.shape):
        set_shape(shape, DTYPES[dtype].xla, dims, layout)
    return module.hlo(), instruction


# LiteralProto's fields: bytes for what has no protobuf type, else numbers.
BYTES_FIELDS = {
    "i8": "s8s",
    "i16": "s16s",
    "u8": "u8s",
    "u16": "u16s",
    "f16": "f16s",
    "bf16": "bf16s",
}
NUMBER_FIELDS = {
    "bool": "preds",
    "i32": "s32s",
    "i64": "s64s",
    "u32": "u32s",
    "u64": "u64s",
    "f32": "f32s",
    "f64": "f64s",
    "c64": "c64s",
    "c128": "c128s",
}


def values(dtype: str) -> np.ndarray:
    if dtype == "bool":
        return np.array([True, False, True])
    kind = np.dtype("uint16" if dtype == "bf16" else DTYPES[dtype].numpy)
    if kind.kind in "iu":
        info = np.iinfo(kind)
        return np.array([info.min, info.max, 3], kind)
    if kind.kind == "c":
        return np.array([1 - 2j, complex(np.inf, -0.0), 1e-30j], kind)
    return np.array([-0.0, np.finfo(kind).smallest_subnormal, -np.inf], kind)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("dims", [(3,), (1, 3)])
def test_literal_bytes(dtype, dims):
    hlo, instruction = constant(dtype, dims)
    array = values(dtype)
    if dtype in BYTES_FIELDS:
        setattr(instruction.literal, BYTES_FIELDS[dtype], array.tobytes())
    else:
        parts = array.view(array.real.dtype) if array.dtype.kind == "c" else array
        getattr(instruction.literal, NUMBER_FIELDS[dtype])[:] = parts.tolist()
    assert hlo.literal_bytes(instruction) == array.tobytes()


def test_scalar_literal_keeps_nan_bits():
    hlo, instruction = constant("f32", ())
    instruction.literal.f32s[:] = [float("nan")]
    assert np.isnan(np.frombuffer(hlo.literal_bytes(instruction), np.float32)[0])


@pytest.mark.parametrize("count", [0, 2, 4])
def test_literal_with_another_number_of_elements(count):
    hlo, instruction = constant("f32", (3,))
    instruction.literal.f32s[:] = [0.0] * count
    with pytest.raises(InternalError) as caught:
        hlo.literal_bytes(instruction)
    assert caught.value.what == f"constant constant.1: expected 12 bytes, found {4 * count}"


def test_literal_is_in_its_layout():
    hlo, instruction = constant("u8", (2, 3), layout=(0, 1))
    instruction.literal.u8s = bytes(range(6))
    assert hlo.literal_bytes(instruction) == bytes(range(6))


def test_literal_in_another_layout_than_its_instruction():
    hlo, instruction = constant("u8", (2, 3), layout=(0, 1))
    instruction.literal.u8s = bytes(6)
    instruction.shape.layout.minor_to_major[:] = (1, 0)
    with pytest.raises(InternalError, match="expected a literal in its layout, found another"):
        hlo.literal_bytes(instruction)


def test_literal_of_another_instruction():
    module = Module()
    with pytest.raises(InternalError, match=r"constant iota\.1: expected a constant, found iota"):
        module.hlo().literal_bytes(module.add(1, "iota"))


def test_shape_of_what_is_no_array():
    hlo, instruction = constant("f32", ())
    set_shape(instruction.shape, "TOKEN", (2,))
    with pytest.raises(InternalError, match="owner: expected an array, found TOKEN"):
        hlo.shape(instruction.shape, "owner")


@pytest.mark.parametrize("name", ["S4", "U2", "F8E5M2", "F4E2M1FN"])
def test_shape_of_numbers_that_have_no_type_in_c(name):
    hlo, instruction = constant("f32", ())
    set_shape(instruction.shape, name, (2,))
    with pytest.raises(ExportError, match=f"owner: expected an array of .*; found one of {name}"):
        hlo.shape(instruction.shape, "owner")


@pytest.mark.parametrize("dtype", DTYPES)
def test_shape(dtype):
    hlo, instruction = constant(dtype, (2, 5))
    assert hlo.shape(instruction.literal.shape, "owner") == Shape(dtype, (2, 5))
    assert hlo.type_name(instruction.literal.shape) == DTYPES[dtype].xla


@pytest.mark.parametrize(
    ("dims", "layout", "expected"),
    [
        ((), (), True),
        ((3,), (0,), True),
        ((2, 3), (1, 0), True),
        ((2, 3), (0, 1), False),
        ((2, 3, 4), (2, 1, 0), True),
        ((2, 3, 4), (2, 0, 1), False),
        ((2, 3), (), False),
    ],
)
def test_is_row_major(dims, layout, expected):
    _, instruction = constant("f32", dims, layout)
    assert is_row_major(instruction.literal.shape) is expected


def definitions(module: Module, index: tuple[int, ...] = ()) -> list:
    hlo = module.hlo()
    return list(hlo.definitions(hlo.entry_root, index))


def test_definition_of_an_operation_is_itself():
    module = Module()
    module.add(1, "parameter")
    module.add(2, "add", 1, 1)
    assert definitions(module) == [(2, ())]


@pytest.mark.parametrize("opcode", ["bitcast", "while", "optimization-barrier", "add-dependency"])
def test_definition_through_what_passes_its_operand_on(opcode):
    module = Module()
    module.add(1, "add")
    module.add(2, opcode, 1)
    assert definitions(module, (1,)) == [(2, (1,)), (1, (1,))]


def test_definition_through_nested_tuples():
    module = Module()
    module.add(1, "add")
    module.add(2, "multiply")
    module.add(3, "tuple", 1, 2)
    module.add(4, "tuple", 2, 3)
    module.add(5, "get-tuple-element", 4, tuple_index=1)
    assert definitions(module, (0,)) == [(5, (0,)), (4, (1, 0)), (3, (0,)), (1, ())]
    assert definitions(module, (1,))[-1] == (2, ())


def test_definition_of_a_whole_tuple_is_the_tuple():
    module = Module()
    module.add(1, "add")
    module.add(2, "tuple", 1)
    assert definitions(module) == [(2, ())]


def test_definition_through_a_while_loop():
    module = Module()
    module.add(1, "copy")
    module.add(2, "tuple", 1, 1)
    module.add(3, "while", 2)
    module.add(4, "get-tuple-element", 3, tuple_index=1)
    module.add(5, "bitcast", 4)
    assert definitions(module) == [(5, ()), (4, ()), (3, (1,)), (2, (1,)), (1, ())]


@pytest.mark.parametrize("opcode", ["call", "conditional"])
def test_definition_in_a_called_computation(opcode):
    module = Module()
    module.add(1, opcode, called_computation_ids=[2, 3])
    module.add_computation(2)
    module.add(10, "negate")
    module.add(11, "tuple", 10)
    module.add_computation(3)
    module.add(20, "tuple", 20)
    assert definitions(module, (0,)) == [(1, (0,)), (11, (0,)), (10, ())]


@pytest.mark.parametrize("operand", [1, 2])
def test_a_cycle_is_a_bug_and_not_a_hang(operand):
    module = Module()
    module.add(2, "bitcast", 1)
    module.add(1, "bitcast", operand)
    hlo = module.hlo()
    with pytest.raises(InternalError):
        list(itertools.islice(hlo.definitions(hlo.entry_root, ()), 1000))


def located(op_name: str = "", **metadata: Any) -> Origin:
    module = Module()
    instruction = module.add(1, "add")
    instruction.metadata.op_name = op_name
    for name, value in metadata.items():
        setattr(instruction.metadata, name, value)
    table = module.proto.stack_frame_index
    table.file_names[:] = ["/home/u/mlp.py", "other.py"]
    table.file_locations.add(file_name_id=2, line=3)
    table.file_locations.add(file_name_id=1, line=41)
    table.stack_frames.add(file_location_id=2)
    table.stack_frames.add(file_location_id=7)
    return module.hlo().origin("add.1")


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({}, Origin("add.1", "add", "")),
        ({"op_name": "jit(f)/jit(main)/tanh"}, Origin("add.1", "tanh", "")),
        ({"op_name": "tanh", "stack_frame_id": 1}, Origin("add.1", "add", "/home/u/mlp.py:41")),
        ({"stack_frame_id": 2}, Origin("add.1", "add", "")),
        ({"stack_frame_id": 9}, Origin("add.1", "add", "")),
        ({"source_file": "/home/u/mlp.py", "source_line": 5}, Origin("add.1", "add", "mlp.py:5")),
    ],
)
def test_origin(metadata, expected):
    assert located(**metadata) == expected


def test_origin_of_an_unknown_instruction():
    assert Module().hlo().origin("gone.1") == Origin("gone.1", "gone.1", "")
