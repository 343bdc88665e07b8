# SPDX-License-Identifier: Apache-2.0
"""Makes the indices of XLA's kernels i32. XLA counts in i64, which takes two registers on a
Cortex-M and keeps LLVM from loops with a hardware counter.

What is an index is known by what is done with it: an index is counted, added and multiplied without
overflow (or for an address alone), compared, and used in an address; no array has 2**31 bytes. An
i64 on which anything else is done may be the user's number and is left alone, with all that it is
computed from and with.
"""

import re

_RESULT = re.compile(r"  (%\S+) = (.*)")
_NAME = re.compile(r"%[-\w.$]+")
_TOKEN = re.compile(r"\bi64 (%[-\w.$]+|-?\d+)")
_OPERAND = r"(%[-\w.$]+|-?\d+)"
_TAKES_PART = (
    re.compile(rf"(?:add|sub|mul)(?: nuw)? nsw i64 {_OPERAND}, {_OPERAND}"),
    re.compile(rf"(?:udiv|urem) i64 {_OPERAND}, {_OPERAND}"),
    re.compile(rf"icmp \w+ i64 {_OPERAND}, {_OPERAND}"),
    re.compile(rf"select i1 %\S+, i64 {_OPERAND}, i64 {_OPERAND}"),
    re.compile(rf"call i64 @llvm\.[su](?:min|max)\.i64\(i64 {_OPERAND}, i64 {_OPERAND}\)"),
)
# Of these, an address takes the lower 32 bits, which do not depend on the upper ones.
_MAY_WRAP = re.compile(rf"(?:add|sub|mul)(?: nuw)? i64 {_OPERAND}, {_OPERAND}")
_PHI = re.compile(r"phi i64 (.*)")
_INCOMING = re.compile(rf"\[ {_OPERAND}, %\S+ \]")
_FROM_NARROW = re.compile(r"[sz]ext i(?:1|8|16) %\S+ to i64")
_FROM_I32 = re.compile(r"sext i32 (%\S+) to i64")
_ENDS_IN = re.compile(r"(?:trunc|[su]itofp) i64 (%\S+) to \w+")
# What may be done with a number of the user's: nothing that could overflow.
_BOUNDS = re.compile(r"icmp |call i64 @llvm\.s(?:min|max)|getelementptr |trunc |sitofp ")
_EXTREMUM = re.compile(r"@llvm\.([su](?:min|max))\.i64")


def narrow_indices(text: str) -> str:
    """text: of a module, as `clean_kernel` returns it."""
    lines: list[str] = []
    function: list[str] = []
    declared = set(re.findall(r"^declare i32 @(\S+)\(", text, re.MULTILINE))
    called: set[str] = set()
    inside = False
    for line in text.splitlines():
        if line.startswith("define "):
            inside = True
        if not inside:
            lines.append(line)
            continue
        function.append(line)
        if line == "}":
            narrowed = _Function(function).narrowed()
            called |= {name for at in narrowed for name in re.findall(r"@(llvm\.\w+\.i32)\(", at)}
            lines += narrowed
            function, inside = [], False
    for name in sorted(called - declared):
        if re.fullmatch(r"llvm\.[su](min|max)\.i32", name):
            lines.append(f"declare i32 @{name}(i32, i32)")
    return "\n".join([*lines, *function]) + "\n"


def _parted(line: str) -> tuple[str, str]:
    """The name of the result, or "", and what makes it."""
    result = _RESULT.fullmatch(line)
    return (result[1], result[2]) if result else ("", line)


class _Function:
    """Values that take part in the same computation are a group, known by one of them."""

    def __init__(self, lines: list[str]):
        self.lines = lines
        self.parent: dict[str, str] = {}
        self.refused: set[str] = set()
        self.users: dict[str, list[tuple[str, str]]] = {}  # of a value: result, and what is done
        for line in lines[1:]:
            result, done = _parted(line)
            for name in _NAME.findall(done):
                self.users.setdefault(name, []).append((result, done))
        self.for_addresses: set[str] = set()  # sums that nothing but an address is made of
        for line in reversed(lines):
            result, done = _parted(line)
            if _MAY_WRAP.fullmatch(done) and self._is_for_addresses(result):
                self.for_addresses.add(result)
        for line in lines:
            if "i64" in line:
                self._read(line)
        self.refused = {self._find(name) for name in self.refused}

    def _find(self, name: str) -> str:
        self.parent.setdefault(name, name)
        while self.parent[name] != name:
            self.parent[name] = self.parent[self.parent[name]]
            name = self.parent[name]
        return name

    def _read(self, line: str) -> None:
        name, done = _parted(line)
        operands = self._taking_part(name, done)
        if operands is not None:
            group = operands if done.startswith("icmp") else [name, *operands]
            self._join(group)
        elif _FROM_NARROW.fullmatch(done):
            self._join([name])
        elif _FROM_I32.fullmatch(done):
            self._join([name])
            if not all(_BOUNDS.match(done) for _, done in self.users.get(name, [])):
                self.refused.add(name)
        elif not (_ENDS_IN.fullmatch(done) or done.startswith("getelementptr ")):
            # Also the parameters of the function, and the result where it is an i64.
            self.refused.update(_NAME.findall(line))

    def _taking_part(self, name: str, done: str) -> list[str] | None:
        wraps = _MAY_WRAP.fullmatch(done)
        if wraps and name in self.for_addresses:
            return list(wraps.groups())
        for pattern in _TAKES_PART:
            match = pattern.fullmatch(done)
            if match:
                return list(match.groups())
        phi = _PHI.fullmatch(done)
        return _INCOMING.findall(phi[1]) if phi else None

    def _is_for_addresses(self, name: str) -> bool:
        return all(
            done.startswith("getelementptr ") or result in self.for_addresses
            for result, done in self.users.get(name, [])
        )

    def _join(self, group: list[str]) -> None:
        names = [value for value in group if value.startswith("%")]
        for name in names:
            self.parent[self._find(name)] = self._find(names[0])
        numbers = [int(value) for value in group if not value.startswith("%")]
        if names and not all(-(2**31) <= number < 2**31 for number in numbers):
            self.refused.add(names[0])

    def _is_index(self, value: str) -> bool:
        return value in self.parent and self._find(value) not in self.refused

    def narrowed(self) -> list[str]:
        return [self._narrowed(line) if "i64" in line else line for line in self.lines]

    def _narrowed(self, line: str) -> str:
        name, done = _parted(line)
        operands = self._taking_part(name, done)
        if operands is not None:
            group = [name, *operands]
            if any(self._is_index(value) for value in group):
                return _EXTREMUM.sub(r"@llvm.\1.i32", line).replace("i64", "i32")
            return line
        if _FROM_NARROW.fullmatch(done) and self._is_index(name):
            return line.replace("to i64", "to i32")
        if (source := _FROM_I32.fullmatch(done)) and self._is_index(name):
            return f"  {name} = add i32 {source[1]}, 0"
        if (ends := _ENDS_IN.fullmatch(done)) and self._is_index(ends[1]):
            if done.endswith(" to i32"):
                return f"  {name} = add i32 {ends[1]}, 0"
            return line.replace("i64", "i32")
        if done.startswith("getelementptr "):
            return _TOKEN.sub(
                lambda token: f"i32 {token[1]}" if self._is_index(token[1]) else token[0], line
            )
        return line
