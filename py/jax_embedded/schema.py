# SPDX-License-Identifier: Apache-2.0
"""The protobuf schemas of XLA, read out of the jaxlib that is installed.

jaxlib ships no .proto files, but protobuf's C++ code keeps every file's descriptor in the shared
library as a serialised FileDescriptorProto; they are found there by the file's name.
"""

import contextlib
import functools
import hashlib
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError, Message

from jax_embedded.errors import InternalError

EXECUTABLE = "xla.cpu.CompilationResultProto"
ENVELOPE = "xla.ExecutableAndOptionsProto"
# The linker puts the descriptors side by side. Bytes.
_NEIGHBOURHOOD = 16 << 20
FILES = ("xla/service/cpu/executable.proto", "xla/pjrt/proto/compile_options.proto")


class Schema:
    """The message classes of one jaxlib.

    descriptors: a serialised google.protobuf.FileDescriptorSet; imported files come first.
    """

    def __init__(self, descriptors: bytes):
        self.descriptors = descriptors
        self._pool = descriptor_pool.DescriptorPool()
        try:
            files = descriptor_pb2.FileDescriptorSet.FromString(descriptors)
            for file in files.file:
                self._pool.Add(file)
        except (DecodeError, TypeError) as error:
            raise InternalError(f"schema: expected file descriptors, found {error}") from error

    def decode(self, message: str, data: bytes) -> Any:
        """Reads `data` as a message; `message` is the full name of its type.

        Errors: InternalError if it is none.
        """
        try:
            kind = message_factory.GetMessageClass(self._pool.FindMessageTypeByName(message))
            return kind.FromString(data)
        except (DecodeError, KeyError) as error:
            raise InternalError(f"expected a {message}, found {error}") from error

    def fingerprints(self) -> dict[str, str]:
        """The first 16 hex digits of the SHA-256 of each file's descriptor, by file name."""
        files = descriptor_pb2.FileDescriptorSet.FromString(self.descriptors)
        return {f.name: hashlib.sha256(encode(f)).hexdigest()[:16] for f in files.file}


def encode(message: Message) -> bytes:
    """The message in bytes: the same bytes for equal messages."""
    return message.SerializeToString(deterministic=True)


@functools.cache
def read_schema(library: Path) -> Schema:
    """Finds FILES and all that they import in jaxlib's shared library, once in a process and its
    forks.

    Errors: InternalError if one of them is not there.
    """
    with library.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as image:
        found: dict[str, descriptor_pb2.FileDescriptorProto] = {}
        near = 0
        for name in FILES:
            near = _collect(image, name, near, found)
    return Schema(encode(descriptor_pb2.FileDescriptorSet(file=found.values())))


def _collect(image: mmap.mmap, name: str, near: int, found: dict) -> int:
    """Returns about where the file's descriptor is. near: where another one is."""
    if name in found:
        return near
    descriptor, near = _find(image, name, near)
    for dependency in descriptor.dependency:
        near = _collect(image, dependency, near, found)
    found[name] = descriptor
    return near


def _find(image: mmap.mmap, name: str, near: int) -> tuple[descriptor_pb2.FileDescriptorProto, int]:
    """And where it begins."""
    # Field 1 (the name), then field 2 (the package): text that merely mentions the file lacks them.
    head = b"\x0a" + bytes([len(name)]) + name.encode() + b"\x12"
    for start in _places(image, head, near):
        end = start
        with contextlib.suppress(IndexError):  # the image ends here
            for field_end in _field_ends(image, start):
                end = field_end
        with contextlib.suppress(DecodeError):
            descriptor = descriptor_pb2.FileDescriptorProto.FromString(image[start:end])
            if descriptor.name == name and descriptor.package:
                return descriptor, start
    raise InternalError(f"jaxlib: expected the descriptor of {name}, found none")


def _places(image: mmap.mmap, head: bytes, near: int) -> Iterator[int]:
    """Where the bytes are: first those places in the neighbourhood, where mostly it is one."""
    neighbourhood = max(0, near - _NEIGHBOURHOOD), near + _NEIGHBOURHOOD
    for first, last in (neighbourhood, (0, len(image))):
        start = image.find(head, first, last)
        while start >= 0:
            yield start
            start = image.find(head, start + 1, last)


def _field_ends(image: mmap.mmap, start: int) -> Iterator[int]:
    """Where each field of the FileDescriptorProto at `start` ends.

    The descriptor carries no length of its own; what follows it is padding or another descriptor.
    """
    repeated = {3, 4, 5, 6, 7, 10, 11, 15}
    seen = set()
    at = start
    while True:
        tag, at = _varint(image, at)
        number, wire_type = tag >> 3, tag & 7
        if not 1 <= number <= 15 or (number in seen and number not in repeated):
            return
        seen.add(number)
        if wire_type == 2:
            length, at = _varint(image, at)
            at += length
        elif wire_type == 0:
            _, at = _varint(image, at)
        else:
            return
        yield at


def _varint(image: mmap.mmap | bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = image[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80 or shift > 63:
            return value, at


def split_envelope(data: bytes) -> bytes:
    """Drops what runtime_executable().serialize() writes first: a length and that much metadata."""
    try:
        length, at = _varint(data, 0)
    except IndexError as error:
        raise InternalError("executable: expected a length, found the end") from error
    if at + length > len(data):
        raise InternalError(f"executable: expected {length} bytes of metadata, found fewer")
    return data[at + length :]
