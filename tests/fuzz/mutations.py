# SPDX-License-Identifier: Apache-2.0
"""Damage: of bytes, of text, of JSON, and of protobuf messages, field by field."""

import re
from random import Random
from typing import Any

NUMBERS = (-(1 << 63), -(1 << 31), -1, 0, 1, 2, 3, 7, 64, 1 << 16, (1 << 31) - 1, 1 << 40, 1 << 62)
_TOKEN = re.compile(r"[\w.]+|\S|\s+")


def damaged_bytes(rng: Random, data: bytes, other: bytes) -> bytes:
    """Flipped bits, or a piece that is cut out, cut off, doubled or taken from `other`."""
    kind = rng.randrange(5)
    if kind == 0 or not data:
        damaged = bytearray(data or other[:1])
        for _ in range(rng.choice((1, 1, 2, 8))):
            if damaged:
                damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        return bytes(damaged)
    start = rng.randrange(len(data))
    end = min(len(data), start + rng.choice((1, 2, 4, 16, 256)))
    if kind == 1:
        return data[:start]
    if kind == 2:
        return data[:start] + data[end:]
    if kind == 3:
        return data[:end] + data[start:]
    return data[:start] + other[rng.randrange(len(other) + 1) :]


def damaged_text(rng: Random, text: str, words: list[str]) -> str:
    """A token or a line dropped, doubled, exchanged for another one or for one of `words`."""
    if rng.random() < 0.3:
        lines = text.splitlines(keepends=True) or [""]
        return "".join(_rearranged(rng, lines, lines))
    tokens = _TOKEN.findall(text) or [""]
    for _ in range(rng.choice((1, 1, 2, 5))):
        tokens = _rearranged(rng, tokens, words if rng.random() < 0.5 else tokens)
    return "".join(tokens)


def _rearranged(rng: Random, parts: list[str], others: list[str]) -> list[str]:
    at = rng.randrange(len(parts)) if parts else 0
    kind = rng.randrange(4)
    if kind == 0:
        return parts[:at] + parts[at + 1 :]
    if kind == 1:
        return parts[:at] + parts[at : at + 1] * rng.choice((2, 2, 200)) + parts[at + 1 :]
    if kind == 2:
        return [*parts[:at], rng.choice(others or [""]), *parts[at:]]
    return [*parts[:at], rng.choice(others or [""]), *parts[at + 1 :]]


def damaged_json(rng: Random, value: Any) -> Any:
    """The value with one part of it dropped or exchanged for something else."""
    if rng.random() < 0.15 or not isinstance(value, (dict, list)) or not value:
        values = (None, True, -1, 0, 1.5, 1 << 70, "", "x", "f32", "../../x", "\0", [], [[]], {})
        return rng.choice(values)
    if isinstance(value, dict):
        key = rng.choice(sorted(value))
        rest = {k: v for k, v in value.items() if k != key}
        return rest if rng.random() < 0.1 else rest | {key: damaged_json(rng, value[key])}
    at = rng.randrange(len(value))
    if rng.random() < 0.2:
        return value[:at] + value[at + 1 :] if rng.random() < 0.5 else value + value[at:]
    return [*value[:at], damaged_json(rng, value[at]), *value[at + 1 :]]


def damage_message(rng: Random, message: Any) -> None:
    """Changes a field of the message, or of one that it holds, at any depth."""
    fields = [
        (field, value)
        for field, value in message.ListFields()
        if not (field.message_type and field.message_type.GetOptions().map_entry)
    ]
    if not fields or rng.random() < 0.03:
        _set_something(rng, message)
        return
    field, value = rng.choice(fields)
    if rng.random() < 0.05:
        message.ClearField(field.name)
    elif field.is_repeated:
        _damage_repeated(rng, field, value)
    elif field.message_type:
        damage_message(rng, value)
    else:
        _assign(message, field, _number_or_text(rng, field, value))


def _damage_repeated(rng: Random, field: Any, values: Any) -> None:
    at = rng.randrange(len(values))
    kind = rng.random()
    if kind < 0.1:
        del values[at]
    elif kind < 0.2:
        values.append(values[at])
    elif kind < 0.3:
        kept = list(values)
        rng.shuffle(kept)
        del values[:]
        values.extend(kept)
    elif field.message_type:
        damage_message(rng, values[at])
    else:
        new = _number_or_text(rng, field, values[at])
        try:
            values[at] = new
        except (ValueError, TypeError):  # too large for the field
            values[at] = values[rng.randrange(len(values))]


def _set_something(rng: Random, message: Any) -> None:
    """A field that is not set: a thunk of another kind, a shape that is a tuple."""
    fields = message.DESCRIPTOR.fields
    field = rng.choice(fields) if fields else None
    if field is None or (field.message_type and field.message_type.GetOptions().map_entry):
        return
    if field.message_type:
        inner = getattr(message, field.name)
        if field.is_repeated:
            inner.add()
        else:
            inner.SetInParent()
    elif not field.is_repeated:
        _assign(message, field, _number_or_text(rng, field, getattr(message, field.name)))


def _assign(message: Any, field: Any, value: Any) -> None:
    try:
        setattr(message, field.name, value)
    except (ValueError, TypeError):  # too large for the field, or no such enumerator
        message.ClearField(field.name)


def _number_or_text(rng: Random, field: Any, value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, (bytes, str)):
        piece = value[: rng.randrange(len(value) + 1)]
        return piece if rng.random() < 0.5 else value + (value or type(value)())
    if field.enum_type:
        return rng.choice([v.number for v in field.enum_type.values] + [999])
    near = value + rng.choice((-4, -1, 1, 4)) if rng.random() < 0.3 else rng.choice(NUMBERS)
    return float(near) if isinstance(value, float) else near
