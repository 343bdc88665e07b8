# SPDX-License-Identifier: Apache-2.0
import hashlib
import random

import pytest
from google.protobuf import descriptor_pb2

from jax_embedded.errors import InternalError
from jax_embedded.schema import FILES, Schema, encode, read_schema, split_envelope

TYPES = descriptor_pb2.FieldDescriptorProto


def file_of(
    name: str, package: str, message: str, *dependencies: str
) -> descriptor_pb2.FileDescriptorProto:
    """A file with one message: {int64 number = 1; string text = 2; repeated message again = 3}."""
    file = descriptor_pb2.FileDescriptorProto(
        name=name, package=package, syntax="proto3", dependency=dependencies
    )
    file.options.cc_enable_arenas = True
    kind = file.message_type.add(name=message)
    kind.field.add(name="number", number=1, type=TYPES.TYPE_INT64, label=TYPES.LABEL_OPTIONAL)
    kind.field.add(name="text", number=2, type=TYPES.TYPE_STRING, label=TYPES.LABEL_OPTIONAL)
    kind.field.add(
        name="again",
        number=3,
        type=TYPES.TYPE_MESSAGE,
        label=TYPES.LABEL_REPEATED,
        type_name=f".{package}.{message}",
    )
    return file


SHARED = file_of("xla/xla_data.proto", "xla", "Shared")
FIRST = file_of(FILES[0], "xla.cpu", "CompilationResultProto", SHARED.name)
SECOND = file_of(FILES[1], "xla", "CompileOptionsProto", SHARED.name, FIRST.name)
SCHEMA = Schema(encode(descriptor_pb2.FileDescriptorSet(file=[SHARED, FIRST, SECOND])))
MESSAGE = "xla.cpu.CompilationResultProto"
GOOD = b"\x08\x05\x12\x02ab\x1a\x02\x08\x07\x1a\x06\x12\x04wxyz"

NAME = FILES[0].encode()
HEAD = b"\x0a" + bytes([len(NAME)]) + NAME


def image(tmp_path, data: bytes):
    path = tmp_path / "library.so"
    path.write_bytes(data)
    return path


def descriptors(schema: Schema) -> list[descriptor_pb2.FileDescriptorProto]:
    return list(descriptor_pb2.FileDescriptorSet.FromString(schema.descriptors).file)


@pytest.mark.parametrize(
    "layout",
    [
        (b"\x7fELF", FIRST, b"\0" * 7, SECOND, b"\0\0", SHARED, b"\0" * 16),
        (SHARED, SECOND, FIRST, b"\0" * 8),
        (SHARED, b"\0text\0", FIRST, FIRST, SECOND, b"\0"),
        (SECOND, b"\x80\x80\x80", SHARED, b"\x0f\x0f", FIRST, b"\xff\xff\xff"),
    ],
)
def test_descriptors_are_found_wherever_they_lie(layout, tmp_path):
    data = b"".join(part if isinstance(part, bytes) else encode(part) for part in layout)
    schema = read_schema(image(tmp_path, data))
    assert descriptors(schema) == [SHARED, FIRST, SECOND]
    assert schema.descriptors == SCHEMA.descriptors


@pytest.mark.parametrize(
    "decoy",
    [
        NAME,
        NAME + b"\0",
        HEAD + b"\0",
        HEAD + b"\x1a\x03abc",
        HEAD + b"\x12\xff\xff\xff\xff\x0f" + b"x" * 40,
        HEAD + b"\x12\x02\xff\xff\x22\x10garbage",
    ],
)
def test_decoys_before_the_descriptor(decoy, tmp_path):
    data = (
        decoy
        + b"\0" * 50
        + encode(FIRST)
        + b"\0" * 4
        + encode(SHARED)
        + b"\0"
        + encode(SECOND)
        + b"\0"
    )
    assert descriptors(read_schema(image(tmp_path, data))) == [SHARED, FIRST, SECOND]


@pytest.mark.parametrize(
    "rest",
    [
        b"\0",
        NAME + b"\0",
        HEAD + b"\0",
        HEAD,
        HEAD + b"\x12",
        HEAD + b"\x12\x7f",
        HEAD + b"\x12\x03xl",
    ],
)
def test_no_descriptor_is_a_bug_that_names_the_file(rest, tmp_path):
    with pytest.raises(InternalError) as caught:
        read_schema(image(tmp_path, encode(SHARED) + b"\0" + encode(SECOND) + b"\0" + rest))
    assert caught.value.what == f"jaxlib: expected the descriptor of {FILES[0]}, found none"


def test_a_descriptor_at_the_very_end(tmp_path):
    data = encode(SHARED) + b"\0" + encode(FIRST) + b"\0" + encode(SECOND)
    assert descriptors(read_schema(image(tmp_path, data))) == [SHARED, FIRST, SECOND]


def test_a_missing_dependency_is_named(tmp_path):
    with pytest.raises(
        InternalError, match=r"expected the descriptor of xla/xla_data\.proto, found none"
    ):
        read_schema(image(tmp_path, encode(FIRST) + b"\0" + encode(SECOND) + b"\0"))


def test_decode_and_encode():
    message = SCHEMA.decode(MESSAGE, GOOD)
    assert (message.number, message.text) == (5, "ab")
    assert [(m.number, m.text) for m in message.again] == [(7, ""), (0, "wxyz")]
    assert encode(message) == GOOD
    assert Schema(SCHEMA.descriptors).decode(MESSAGE, b"").number == 0


def test_two_schemas_do_not_share_a_pool():
    other = file_of(FILES[0], "xla.cpu", "CompilationResultProto")
    del other.message_type[0].field[1:]
    schema = Schema(encode(descriptor_pb2.FileDescriptorSet(file=[other])))
    assert not hasattr(schema.decode(MESSAGE, GOOD), "text")
    assert SCHEMA.decode(MESSAGE, GOOD).text == "ab"


def test_unknown_message_type():
    with pytest.raises(InternalError, match=r"expected a xla\.Nothing, found "):
        SCHEMA.decode("xla.Nothing", b"")


@pytest.mark.parametrize(
    "data", [b"\x08", b"\x12\x05ab", b"\x0f", b"\x1a\x02\x08", b"\x12\x01\xff"]
)
def test_bytes_that_are_no_message(data):
    with pytest.raises(InternalError, match=f"expected a {MESSAGE}, found "):
        SCHEMA.decode(MESSAGE, data)


def test_every_truncation_gives_a_message_or_a_bug():
    whole = 0
    for end in range(len(GOOD)):
        try:
            whole += encode(SCHEMA.decode(MESSAGE, GOOD[:end])) == GOOD[:end]
        except InternalError:
            continue
    assert whole == 4  # the ends of the fields, and the empty message


def damaged(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    if rng.random() < 0.3:
        del changed[rng.randrange(len(changed)) :]
    return bytes(changed)


def test_damaged_messages_give_a_message_or_a_bug():
    rng = random.Random(2)
    outcomes = set()
    for number in range(4000):
        data = damaged(rng, GOOD) if number % 2 else rng.randbytes(rng.randrange(40))
        try:
            outcomes.add(type(SCHEMA.decode(MESSAGE, data)).__name__)
        except InternalError:
            outcomes.add("InternalError")
    assert outcomes == {"CompilationResultProto", "InternalError"}


def test_damaged_descriptors_give_a_schema_or_a_bug():
    rng = random.Random(3)
    outcomes = set()
    for _ in range(2000):
        try:
            schema = Schema(damaged(rng, SCHEMA.descriptors))
            schema.fingerprints()
            schema.decode(MESSAGE, GOOD)
            outcomes.add("decoded")
        except InternalError:
            outcomes.add("InternalError")
    assert outcomes == {"decoded", "InternalError"}


def test_fingerprints():
    assert SCHEMA.fingerprints() == {
        file.name: hashlib.sha256(file.SerializeToString(deterministic=True)).hexdigest()[:16]
        for file in (SHARED, FIRST, SECOND)
    }


@pytest.mark.parametrize(
    ("data", "rest"),
    [
        (b"\x00abc", b"abc"),
        (b"\x03xyzabc", b"abc"),
        (b"\x03xyz", b""),
        (b"\x80\x01" + b"m" * 128 + b"abc", b"abc"),
    ],
)
def test_split_envelope(data, rest):
    assert split_envelope(data) == rest


@pytest.mark.parametrize(
    "data", [b"", b"\x80", b"\x03xy", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"]
)
def test_split_envelope_of_something_else(data):
    with pytest.raises(InternalError, match="executable: expected "):
        split_envelope(data)
