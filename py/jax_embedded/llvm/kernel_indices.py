# SPDX-License-Identifier: Apache-2.0
"""Makes the indices of XLA's kernels i32. XLA counts in i64, which takes two registers on a
Cortex-M and keeps LLVM from loops with a hardware counter.

What is an index is known by what is done with it: an index is counted, added and multiplied without
overflow (or for an address alone), compared, and used in an address; no array has 2**31 bytes. What
comes of the counters of loops and of numbers, and is known to be small, may be divided, too, and
may be marked as if it could overflow. An i64 on which anything else is done may be the user's
number and is left alone, with all that it is computed from and with, also where it is handed to one
of the module's own functions.
"""

import re
from collections.abc import Mapping, Sequence
from math import inf
from typing import Literal

from jax_embedded.errors import InternalError

_RESULT = re.compile(r"  (%\S+) = (.*)")
_NAME = re.compile(r"%[-\w.$]+")
_TOKEN = re.compile(r"\bi64 (%[-\w.$]+|-?\d+)")
_OPERAND = r"(%[-\w.$]+|-?\d+)"
_CHOICES = (
    re.compile(rf"select i1 %\S+, i64 {_OPERAND}, i64 {_OPERAND}"),
    re.compile(rf"call i64 @llvm\.[su](?:min|max)\.i64\(i64 {_OPERAND}, i64 {_OPERAND}\)"),
)
_TAKES_PART = (
    re.compile(rf"(?:add|sub|mul)(?: nuw)? nsw i64 {_OPERAND}, {_OPERAND}"),
    re.compile(rf"(?:udiv|urem) i64 {_OPERAND}, {_OPERAND}"),
    re.compile(rf"icmp \w+ i64 {_OPERAND}, {_OPERAND}"),
    *_CHOICES,
)
# Of these, an address takes the lower 32 bits, which do not depend on the upper ones.
_MAY_WRAP = re.compile(rf"(?:add|sub|mul)(?: nuw)? i64 {_OPERAND}, {_OPERAND}")
# Of these, the result has to be small, and what it comes of.
_IF_SMALL = re.compile(rf"(?:add|sub|mul|sdiv|srem)(?: nuw)? i64 {_OPERAND}, {_OPERAND}")
_OPERATION = re.compile(rf"(\w+)(?: \w+)* i64 {_OPERAND}, {_OPERAND}")
# A loop as XLA writes it.
_COUNTER = re.compile(
    r"^  (%\S+) = phi i64 \[ (%\S+), %\S+ \], \[ 0, %\S+ \]\n"
    r"  (%\S+) = icmp slt i64 \1, (\d+)\n"
    r"  br i1 \3, ",
    re.MULTILINE,
)
_SMALL = 2**31
_STEP = re.compile(r"add(?: nuw)? nsw i64 (%\S+), (\d+)")
_PHI = re.compile(r"phi i64 (.*)")
_INCOMING = re.compile(rf"\[ {_OPERAND}, %\S+ \]")
_FROM_NARROW = re.compile(r"[sz]ext i(?:1|8|16) %\S+ to i64")
_FROM_I32 = re.compile(r"sext i32 (%\S+) to i64")
_UNSIGNED = re.compile(r"udiv |urem |uitofp ")
_ENDS_IN = re.compile(r"(?:trunc|[su]itofp) i64 (%\S+) to \w+")
# What may be done with a number of the user's: nothing that could overflow.
_BOUNDS = re.compile(r"icmp |call i64 @llvm\.s(?:min|max)|getelementptr |trunc |sitofp ")
_EXTREMUM = re.compile(r"@llvm\.([su](?:min|max))\.i64")
_GLOBAL = r'@("[^"]*"|[-\w.$]+)'
_DEFINE = re.compile(rf"define (internal )?.*?{_GLOBAL}\((.*)\)")
_CALL = re.compile(rf"(.*\bcall \S+ {_GLOBAL}\()(.*)(\).*)")


def narrow_indices(text: str) -> str:
    """text: of a module, as `clean_kernel` returns it."""
    lines: list[str | _Function] = []
    body: list[str] = []
    for line in text.splitlines():
        if body or line.startswith("define "):
            body.append(line)
        else:
            lines.append(line)
        if body and line == "}":
            lines.append(_Function(body))
            body = []
    functions = [part for part in lines if isinstance(part, _Function)]
    groups = _Groups()
    own = _own_functions(functions)
    for function in functions:
        function.read(groups, own)
    declared = set(re.findall(r"^declare i32 @(\S+)\(", text, re.MULTILINE))
    called: set[str] = set()
    narrowed: list[str] = []
    for part in lines:
        if isinstance(part, str):
            narrowed.append(part)
            continue
        found = part.narrowed(groups, own)
        called |= {name for line in found for name in re.findall(r"@(llvm\.\w+\.i32)\(", line)}
        narrowed += found
    for name in sorted(called - declared):
        if re.fullmatch(r"llvm\.[su](min|max)\.i32", name):
            narrowed.append(f"declare i32 @{name}(i32, i32)")
    return "\n".join([*narrowed, *body]) + "\n"


def _own_functions(functions: Sequence["_Function"]) -> dict[str, "_Function"]:
    """Those that are only called, and by nobody else than these functions, by name."""
    own = {function.name: function for function in functions if function.may_change}
    for function in functions:
        for line in function.lines[1:]:
            for name in re.findall(_GLOBAL, line):
                call = _CALL.fullmatch(line)
                if name in own and not (call and _is_call_of(own[name], call)):
                    own.pop(name)
    return own


def _is_call_of(function: "_Function", call: re.Match[str]) -> bool:
    return call[2] == function.name and len(_listed(call[3])) == len(function.parameters)


def _listed(text: str) -> list[str]:
    return text.split(", ") if text else []


def _parted(line: str) -> tuple[str, str]:
    """The name of the result, or "", and what makes it."""
    result = _RESULT.fullmatch(line)
    return (result[1], result[2]) if result else ("", line)


def _bound_of(done: str, bounds: Mapping[str, float]) -> float:
    """bounds: of what is known to be small."""

    def bound(operand: str) -> float:
        found = bounds.get(operand) if operand.startswith("%") else abs(int(operand))
        return inf if found is None or found >= _SMALL else found

    if _FROM_NARROW.fullmatch(done):
        return 2**16
    for pattern in _CHOICES:
        if choice := pattern.fullmatch(done):
            return max(map(bound, choice.groups()))
    operation = _OPERATION.fullmatch(done)
    if not operation:
        return inf
    one, other = map(bound, operation.group(2, 3))
    match operation[1]:
        case "add" | "sub":
            return one + other
        case "mul":
            return one * other if one and other else 0
        case "sdiv" | "srem":
            return one
        case _:
            return inf


# Refused is what is no index. An index may be negative, or be taken as an unsigned number, whose
# upper bits then count: not both.
_Label = Literal["refused", "negative", "unsigned"]


class _Groups:
    """Values that take part in the same computation are a group, known by one of them."""

    def __init__(self):
        self._parent: dict[str, str] = {}
        self._labels: dict[str, set[_Label]] = {}

    def _find(self, value: str) -> str:
        self._parent.setdefault(value, value)
        while self._parent[value] != value:
            self._parent[value] = self._parent[self._parent[value]]
            value = self._parent[value]
        return value

    def join(self, group: Sequence[str]) -> None:
        """Values and numbers."""
        numbers = [value for value in group if not value.startswith("@")]
        values = [self._find(value) for value in group if value.startswith("@")]
        for value in values:
            self._parent[value] = values[0]
            self.label(values[0], *self._labels.get(value, ()))
        if values and not all(-_SMALL <= int(number) < _SMALL for number in numbers):
            self.label(values[0], "refused")

    def label(self, value: str, *labels: _Label) -> None:
        self._labels.setdefault(self._find(value), set()).update(labels)

    def is_index(self, value: str) -> bool:
        if value not in self._parent:
            return False
        labels = self._labels.get(self._find(value), set())
        return "refused" not in labels and not labels >= {"negative", "unsigned"}


class _Function:
    """lines: from its first to its last. A value is known by `@NAME%VALUE`."""

    def __init__(self, lines: list[str]):
        head = _DEFINE.match(lines[0])
        if not head:
            raise InternalError(f"kernel: expected a function, found {lines[0][:200]}")
        self.lines = lines
        self.name = head[2]
        self.parameters = [parameter.split(" ")[-1] for parameter in _listed(head[3])]
        self.may_change = bool(head[1]) and all(map(_NAME.fullmatch, self.parameters))
        self.users: dict[str, list[tuple[str, str]]] = {}  # of a value: result, and what is done
        for line in lines[1:]:
            result, done = _parted(line)
            for name in _NAME.findall(done):
                self.users.setdefault(name, []).append((result, done))
        self._bounds = self._found_bounds()
        self.for_addresses: set[str] = set()  # sums that nothing but an address is made of
        for line in reversed(lines):
            result, done = _parted(line)
            if _MAY_WRAP.fullmatch(done) and self._is_for_addresses(result):
                self.for_addresses.add(result)

    def value(self, operand: str) -> str:
        return f"@{self.name}{operand}" if operand.startswith("%") else operand

    def read(self, groups: _Groups, own: Mapping[str, "_Function"]) -> None:
        """own: see _own_functions."""
        if self.name not in own:
            for name in self.parameters:
                groups.label(self.value(name), "refused")
        for line in self.lines[1:]:
            if "i64" in line:
                self._read(line, groups, own)

    def _read(self, line: str, groups: _Groups, own: Mapping[str, "_Function"]) -> None:
        name, done = _parted(line)
        operands = self._taking_part(name, done)
        if operands is not None:
            group = operands if done.startswith("icmp") else [name, *operands]
            groups.join([self.value(operand) for operand in group])
            if _IF_SMALL.fullmatch(done) and name not in self.for_addresses:
                groups.label(self.value(name), "negative")
            if _UNSIGNED.match(done):
                groups.label(self.value(name), "unsigned")
        elif ends := _ENDS_IN.fullmatch(done):
            if _UNSIGNED.match(done):
                groups.label(self.value(ends[1]), "unsigned")
        elif _FROM_NARROW.fullmatch(done) or _FROM_I32.fullmatch(done):
            groups.join([self.value(name)])
            if done.startswith("sext"):
                groups.label(self.value(name), "negative")
            uses = [use for _, use in self.users.get(name, [])]
            if _FROM_I32.fullmatch(done) and not all(map(_BOUNDS.match, uses)):
                groups.label(self.value(name), "refused")
        elif handed_over := self._handed_over(done, own):
            for argument, parameter in handed_over:
                passed = _TOKEN.fullmatch(argument)
                if passed:
                    groups.join([self.value(passed[1]), parameter])
                elif argument.startswith("i64 "):
                    groups.label(parameter, "refused")
            groups.label(self.value(name), "refused")
        elif not done.startswith("getelementptr "):
            # Also the result of the function, where it is an i64.
            for other in _NAME.findall(line):
                groups.label(self.value(other), "refused")

    def _taking_part(self, name: str, done: str) -> list[str] | None:
        wraps = _MAY_WRAP.fullmatch(done)
        if wraps and name in self.for_addresses:
            return list(wraps.groups())
        small = _IF_SMALL.fullmatch(done)
        if small and name in self._bounds:
            return list(small.groups())
        for pattern in _TAKES_PART:
            match = pattern.fullmatch(done)
            if match:
                return list(match.groups())
        phi = _PHI.fullmatch(done)
        return _INCOMING.findall(phi[1]) if phi else None

    def _found_bounds(self) -> dict[str, float]:
        """By value: it is not larger, nor less than minus that. Of what is known to be small."""
        results = dict(map(_parted, self.lines))
        counted_to: dict[str, float] = {}
        for counter, counted, _, end in _COUNTER.findall("\n".join(self.lines)):
            step = _STEP.fullmatch(results.get(counted, ""))
            if step and step[1] == counter:
                counted_to[counter] = int(end) + int(step[2])
        bounds: dict[str, float] = {}
        for name, done in results.items():
            if "i64" not in done:
                continue
            bound = counted_to.get(name) or _bound_of(done, bounds)
            if bound < _SMALL:
                bounds[name] = bound
        return bounds

    def _handed_over(self, done: str, own: Mapping[str, "_Function"]) -> list[tuple[str, str]]:
        """The arguments of a call, each with the parameter that it becomes."""
        call = _CALL.fullmatch(done)
        if not call or call[2] not in own:
            return []
        called = own[call[2]]
        parameters = [called.value(name) for name in called.parameters]
        return list(zip(_listed(call[3]), parameters, strict=True))

    def _is_for_addresses(self, name: str) -> bool:
        return all(
            done.startswith("getelementptr ") or result in self.for_addresses
            for result, done in self.users.get(name, [])
        )

    def narrowed(self, groups: _Groups, own: Mapping[str, "_Function"]) -> list[str]:
        return [self._narrowed(line, groups, own) if "i64" in line else line for line in self.lines]

    def _narrowed(self, line: str, groups: _Groups, own: Mapping[str, "_Function"]) -> str:
        def is_index(operand: str) -> bool:
            return groups.is_index(self.value(operand))

        name, done = _parted(line)
        operands = self._taking_part(name, done)
        if operands is not None:
            if any(map(is_index, [name, *operands])):
                return _EXTREMUM.sub(r"@llvm.\1.i32", line).replace("i64", "i32")
            return line
        if _FROM_NARROW.fullmatch(done) and is_index(name):
            return line.replace("to i64", "to i32")
        if (source := _FROM_I32.fullmatch(done)) and is_index(name):
            return f"  {name} = add i32 {source[1]}, 0"
        if (ends := _ENDS_IN.fullmatch(done)) and is_index(ends[1]):
            if done.endswith(" to i32"):
                return f"  {name} = add i32 {ends[1]}, 0"
            return line.replace("i64", "i32")
        if handed_over := self._handed_over(done, own):
            before, after = _CALL.sub(r"\1\n\4", line).split("\n")
            arguments = [
                argument.replace("i64", "i32") if groups.is_index(parameter) else argument
                for argument, parameter in handed_over
            ]
            return before + ", ".join(arguments) + after
        if line is self.lines[0] or done.startswith("getelementptr "):
            return _TOKEN.sub(
                lambda token: f"i32 {token[1]}" if is_index(token[1]) else token[0], line
            )
        return line
