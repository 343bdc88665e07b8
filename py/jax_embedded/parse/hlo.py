# SPDX-License-Identifier: Apache-2.0
"""The HLO module of an executable: literals, origins, and where a value is defined."""

import struct
from pathlib import PurePath
from typing import Any

from jax_embedded.errors import ExportError, InternalError
from jax_embedded.ir.thunks import Origin
from jax_embedded.shape import BY_NUMPY, BY_XLA, Shape

# LiteralProto's field for each type: a bytes field, or a repeated one with the struct code.
_LITERAL_FIELDS = {
    "bool": ("preds", "?"),
    "i8": ("s8s", ""),
    "i16": ("s16s", ""),
    "i32": ("s32s", "i"),
    "i64": ("s64s", "q"),
    "u8": ("u8s", ""),
    "u16": ("u16s", ""),
    "u32": ("u32s", "I"),
    "u64": ("u64s", "Q"),
    "f16": ("f16s", ""),
    "bf16": ("bf16s", ""),
    "f32": ("f32s", "f"),
    "f64": ("f64s", "d"),
    "c64": ("c64s", "f"),
    "c128": ("c128s", "d"),
}


class Hlo:
    """Look-ups in an xla.HloModuleProto."""

    def __init__(self, module: Any):
        self._module = module
        self.computations = {c.id: c for c in module.computations}
        self.instructions = {i.id: i for c in module.computations for i in c.instructions}
        self._by_name = {i.name: i for i in self.instructions.values()}
        self._type_names = module.DESCRIPTOR.file.pool.FindEnumTypeByName("xla.PrimitiveType")

    @property
    def entry_root(self) -> Any:
        entry = self.computations[self._module.entry_computation_id]
        return self.instructions[entry.root_id]

    @property
    def entry_parameters(self) -> frozenset[int]:
        """Ids of the entry computation's parameters."""
        entry = self.computations[self._module.entry_computation_id]
        return frozenset(i.id for i in entry.instructions if i.opcode == "parameter")

    def shape(self, shape: Any, owner: str) -> Shape:
        """owner: for messages.

        Errors: ExportError for numbers that have no type in C, such as int4; InternalError for what
        is no array, such as a token.
        """
        name = self.type_name(shape)
        if name in ("S4", "U4", "S2", "U2", "S1", "U1") or name.startswith(("F8", "F4")):
            known = ", ".join(BY_NUMPY)
            raise ExportError(
                "dtype",
                f"{owner}: expected an array of {known}; found one of {name}",
                "convert it where it is used, so that it is not kept in memory: an int4 constant"
                " may become int8 or float32 at once",
            )
        if name not in BY_XLA:
            raise InternalError(f"{owner}: expected an array, found {name}")
        found = Shape(BY_XLA[name].name, tuple(shape.dimensions))
        if min(found.dims, default=0) < 0:
            raise InternalError(f"{owner}: expected dimensions of 0 or more, found {found}")
        return found

    def type_name(self, shape: Any) -> str:
        """The PrimitiveType of whatever message has an element_type."""
        return self._type_names.values_by_number[shape.element_type].name

    def called_root(self, instruction: Any) -> Any:
        """The last instruction of the computation that a fusion, a call or a reduction calls."""
        called = self.computations[instruction.called_computation_ids[0]]
        return self.instructions[called.root_id]

    def operand(self, instruction: Any, number: int) -> Any:
        return self.instructions[instruction.operand_ids[number]]

    def without_bitcasts(self, instruction: Any) -> Any:
        """The row-major array whose memory it is, by other dimensions or not."""
        while instruction.opcode == "bitcast" and is_row_major(instruction.shape):
            instruction = self.operand(instruction, 0)
        return instruction

    def definitions(self, instruction: Any, index: tuple[int, ...]):
        """(instruction id, shape index) where the value may be defined, nearest first."""
        visited = set()
        while True:
            if (instruction.id, index) in visited:
                raise InternalError(f"{instruction.name}: expected a definition, found a cycle")
            visited.add((instruction.id, index))
            yield instruction.id, index
            opcode = instruction.opcode
            operands = [self.instructions[i] for i in instruction.operand_ids]
            if opcode == "tuple" and index:
                instruction, index = operands[index[0]], index[1:]
            elif opcode == "get-tuple-element":
                instruction, index = operands[0], (instruction.tuple_index, *index)
            elif opcode in ("bitcast", "while", "optimization-barrier", "add-dependency"):
                instruction = operands[0]
            elif opcode in ("call", "conditional"):
                instruction = self.called_root(instruction)
            else:
                return

    def named(self, name: str) -> Any | None:
        """The instruction of that name."""
        return self._by_name.get(name)

    def origin(self, instruction_name: str) -> Origin:
        instruction = self.named(instruction_name)
        if instruction is None:
            return Origin(instruction_name, instruction_name)
        jit, _, traced = instruction.metadata.op_name.rpartition("/")
        return Origin(
            instruction_name,
            traced if jit else instruction.opcode,
            self._location(instruction.metadata),
        )

    def _location(self, metadata: Any) -> str:
        if metadata.source_file:
            return f"{PurePath(metadata.source_file).name}:{metadata.source_line}"
        if not metadata.stack_frame_id:
            return ""
        table = self._module.stack_frame_index
        try:
            frame = table.stack_frames[metadata.stack_frame_id - 1]
            location = table.file_locations[frame.file_location_id - 1]
            return f"{table.file_names[location.file_name_id - 1]}:{location.line}"
        except IndexError:
            return ""

    def literal_bytes(self, instruction: Any) -> bytes:
        """The bytes of a constant, little endian, in the layout of its shape."""
        owner = f"constant {instruction.name}"
        if instruction.opcode != "constant":
            raise InternalError(f"{owner}: expected a constant, found {instruction.opcode}")
        literal = instruction.literal
        shape = self.shape(literal.shape, owner)
        field, code = _LITERAL_FIELDS[shape.dtype]
        values = getattr(literal, field)
        data = values if not code else struct.pack(f"<{len(values)}{code}", *values)
        if len(data) != shape.nbytes:
            raise InternalError(f"{owner}: expected {shape.nbytes} bytes, found {len(data)}")
        if literal.shape.layout.minor_to_major != instruction.shape.layout.minor_to_major:
            raise InternalError(f"{owner}: expected a literal in its layout, found another")
        return bytes(data)


def is_row_major(shape: Any) -> bool:
    layout = list(shape.layout.minor_to_major)
    return layout == list(reversed(range(len(shape.dimensions))))
