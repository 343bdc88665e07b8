# SPDX-License-Identifier: Apache-2.0
"""Which values stay in the FPU's registers in a function without branches that has more of them
than fit.

Of those that have to go, the one goes that is used last (Belady, A study of replacement algorithms
for a virtual-storage computer, 1966). What was read from an input is read again; any other one
waits in a result that is yet to be written, or on the stack. LLVM reads nothing twice, and has the
stack alone.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal, NamedTuple

import llvmlite.binding as llvm

from jax_embedded.llvm.emitters.tile_choice import AS_GOOD
from jax_embedded.llvm.named_values import NAME, with_names

_RESULT = re.compile(rf"  ({NAME.pattern}) = ")
_POINTER = re.compile(rf"\bptr ({NAME.pattern})(?=[,)]|$)")
_STEP = re.compile(rf" = getelementptr [\w ]*i8, ptr {NAME.pattern}, i32 (\d+)$")
_ALIGN = re.compile(r", align (\d+)")
_VECTOR = re.compile(r"<(\d+) x (\w+)>$")
_BITS = {"half": 16, "bfloat": 16, "i8": 8, "i16": 16, "i32": 32, "float": 32, "double": 64}
# Loads that stand together, of which all but the first one take one cycle less; and how far away
# others are looked for.
_TOGETHER = 8
_AHEAD = 64  # events
# Each of them may be what takes the fewest loads and stores.
_RELUCTANCES = (0.5, 1, 2, 4, 8)


class _Value(NamedTuple):
    """kind: LLVM's type. bits: of it. registers: of 32 bits, that it takes."""

    kind: str
    bits: int
    registers: int


@dataclass(frozen=True)
class _Step:
    """An instruction. result: a name, or nothing. operands: names of values.

    stored: bits; 0 if it is no store, or of something else.
    """

    text: str
    opcode: str
    result: str
    operands: tuple[str, ...]
    stored: int = 0

    @property
    def reaches_memory(self) -> bool:
        """Whether it matters when it is done."""
        if self.opcode == "call":
            return "ptr " in self.text or not self.result
        return self.opcode in ("store", "load", "ret")


class _Event(NamedTuple):
    """value: a name; of what is done, that of the result."""

    what: Literal["do", "read", "store", "load"]
    value: str
    step: _Step | None = None


class _Place(NamedTuple):
    """Where a value may wait, until the event of this number.

    pointer, align: LLVM IR.
    """

    pointer: str
    align: str
    bits: int
    until: float


def with_fewer_kept(
    llvm_ir: str, name: str, machine: llvm.TargetMachine, registers: int
) -> str | None:
    """The same, with a function of this name in which no more values are kept than fit. It is to be
    compiled in the order of the text, for which some of its accesses to memory are volatile. None
    if all fit already, or if it has branches.

    registers: of 32 bits, for values.
    """
    text = with_names(llvm_ir, machine)
    module = llvm.parse_assembly(text)
    if len(list(module.get_function(name).blocks)) != 1:
        return None
    lines = text.splitlines()
    begin = next(i for i, line in enumerate(lines) if re.match(rf"define .*@{name}\(", line))
    end = lines.index("}", begin)
    function = _Function(module.get_function(name), lines[begin + 2 : end])
    found = _fewest_events(function, function.steps, registers)
    if _all_fit(found):
        return None
    other = _fewest_events(function, _followed_at_once(function), registers)
    if len(other) * (1 + AS_GOOD) <= len(found):
        found = other
    events = _together(function, found, registers)
    define = lines[begin].replace(" writeonly", "")  # values wait there
    body = _written(function, events)
    return "\n".join([*lines[:begin], define, lines[begin + 1], *body, *lines[end:], ""])


class _Function:
    """values: by name, what is kept in registers. readable: of these, what can be read again.

    addresses: lines.
    """

    def __init__(self, function: llvm.ValueRef, lines: Sequence[str]):
        self.values: dict[str, _Value] = {}
        self.parameters = set[str]()
        self.addresses: list[str] = []
        self.steps: list[_Step] = []
        self.readable: dict[str, _Step] = {}
        self._places: dict[str, tuple[str, int | None]] = {}  # of pointers: base and offset
        self._unchanging, self._results = set[str](), set[str]()
        for argument in function.arguments:
            self._argument(argument)
        instructions = list(next(iter(function.blocks)).instructions)
        for line, instruction in zip(lines, instructions, strict=True):
            self._instruction(line, instruction)

    def _argument(self, argument: llvm.ValueRef) -> None:
        name = f"%{argument.name}"
        attributes = {attribute.decode() for attribute in argument.attributes}
        if str(argument.type) != "ptr":
            self._define(name, str(argument.type))
            self.parameters.add(name)
            return
        self._places[name] = name, 0
        if {"noalias", "readonly"} <= attributes:
            self._unchanging.add(name)
        if {"noalias", "writeonly"} <= attributes:
            self._results.add(name)

    def _instruction(self, line: str, instruction: llvm.ValueRef) -> None:
        found = _RESULT.match(line)
        result = found[1] if found else ""
        names = [name for name in dict.fromkeys(NAME.findall(line)) if name != result]
        operands = tuple(name for name in names if name in self.values)
        opcode = str(instruction.opcode)
        stored = _bits(next(iter(instruction.operands)).type) if opcode == "store" else 0
        step = _Step(line, opcode, result, operands, stored)
        pointer = _POINTER.search(line)
        base, offset = self._places.get(pointer[1], ("", None)) if pointer else ("", None)
        if step.opcode == "alloca":
            self._places[result] = result, 0
        elif step.opcode == "getelementptr":
            further = _STEP.search(line)
            known = further is not None and offset is not None
            self._places[result] = base, offset + int(further[1]) if known else None
            if known and base in self._unchanging | self._results:
                self.addresses.append(line)
                return
        elif result and not _is_splat(line, step.opcode):
            self._define(result, str(instruction.type))
            unchanging = step.opcode == "load" and base in self._unchanging and offset is not None
            if unchanging and result in self.values and " volatile " not in line:
                self.readable[result] = step
                return
        self.steps.append(step)

    def _define(self, name: str, kind: str) -> None:
        bits = _bits(kind)
        if bits and not kind.startswith("i"):
            self.values[name] = _Value(kind, bits, -(-bits // 32))

    def places(self, events: Sequence[_Event]) -> list[_Place]:
        """In results, until they are written; the first ones first."""
        found, written = [], []
        for number, event in enumerate(events):
            step = event.step
            if event.what != "do" or not step or step.opcode not in ("store", "call"):
                continue
            if step.opcode == "call":
                if "ptr " in step.text and "@llvm.lifetime." not in step.text:
                    return []  # it may write anywhere
                continue
            pointer, align = _POINTER.search(step.text), _ALIGN.search(step.text)
            base, offset = self._places.get(pointer[1], ("", None)) if pointer else ("", None)
            if pointer and base in self._results and offset is not None and align and step.stored:
                written.append((base, range(offset, offset + step.stored // 8)))
                found.append(_Place(pointer[1], align[1], step.stored, number))
            elif not base or base in self._results:
                return []
        return [
            place
            for place, (base, here) in zip(found, written, strict=True)
            if sum(base == other and _overlap(here, there) for other, there in written) == 1
        ]


def _bits(kind: object) -> int:
    """Of one of LLVM's types; 0 if it is none of numbers."""
    found = _VECTOR.match(str(kind))
    return int(found[1]) * _BITS.get(found[2], 0) if found else _BITS.get(str(kind), 0)


def _overlap(one: range, other: range) -> bool:
    return max(one.start, other.start) < min(one.stop, other.stop)


def _is_splat(line: str, opcode: str) -> bool:
    """Whether all lanes are the same number, which an instruction takes out of a core register."""
    if opcode == "shufflevector":
        return line.endswith("zeroinitializer")
    return opcode == "insertelement" and " poison," in line


def _followed_at_once(function: _Function) -> list[_Step]:
    """The steps in another order: what needs no register more than those of values that it is the
    last to use comes as soon as it can.
    """
    steps = function.steps
    before = _before(steps)
    users = defaultdict[str, list[int]](list)
    for number, step in enumerate(steps):
        for name in step.operands:
            users[name].append(number)
    left = {name: len(numbers) for name, numbers in users.items()}
    done = dict[int, None]()  # in order

    def may_follow(number: int) -> bool:
        """At once, without one register more."""
        step = steps[number]
        if number in done or not before[number] <= done.keys():
            return False
        ended = sum(left[name] == 1 for name in step.operands)
        return ended >= (step.result in function.values)

    def do(number: int) -> Iterator[int]:
        """Gives those that may follow."""
        step = steps[number]
        done[number] = None
        for name in step.operands:
            left[name] -= 1
        for name in (step.result, *step.operands):
            yield from filter(may_follow, users[name])

    for number in range(len(steps)):
        path = [do(number)] if number not in done else []
        while path:
            follower = next(path[-1], None)
            if follower is None:
                path.pop()
            else:
                path.append(do(follower))
    return [steps[number] for number in done]


def _before(steps: Sequence[_Step]) -> list[set[int]]:
    """Of each step, which others have to be done first."""
    found: list[set[int]] = []
    makers: dict[str, int] = {}
    of_memory = -1  # the last of those whose order matters
    for number, step in enumerate(steps):
        names = NAME.findall(step.text)
        found.append({makers[name] for name in names if name in makers})
        if step.reaches_memory:
            found[-1] |= {of_memory} - {-1}
            of_memory = number
        if step.result:
            makers[step.result] = number
    return found


def _fewest_events(function: _Function, steps: Sequence[_Step], registers: int) -> list[_Event]:
    ways = (list(_events(function, steps, registers, reluctance)) for reluctance in _RELUCTANCES)
    return min(ways, key=len)


def _events(
    function: _Function, steps: Sequence[_Step], registers: int, reluctance: float
) -> Iterator[_Event]:
    """In which not more registers are in use than there are.

    reluctance: how many times as far the next use of what can be read again counts, beside that of
        what would have to be stored.
    """
    values, readable = function.values, function.readable
    uses = _uses(steps)
    kept = {name for name in uses if name in function.parameters}
    waiting = set[str]()

    def size(names: Iterable[str]) -> int:
        return sum(values[name].registers for name in names)

    def make_room(now: int, needed: int) -> Iterator[_Event]:
        def distance(name: str) -> tuple[float, str]:
            far = uses[name][-1] - now
            return (far * reluctance if name in readable else far), name

        room = registers - size(kept)
        while room < needed and kept:
            gone = max(kept, key=distance)
            kept.remove(gone)
            room += values[gone].registers
            if gone not in readable and gone not in waiting:
                waiting.add(gone)
                yield _Event("store", gone)

    for now, step in enumerate(steps):
        missing = [name for name in step.operands if name not in kept]
        yield from make_room(now, size(missing))
        for name in missing:
            yield _Event("read" if name in readable else "load", name)
        kept.update(missing)
        for name in step.operands:
            uses[name].pop()
            if not uses[name]:
                kept.discard(name)  # it has had to go if the step alone needs more than there are
        if step.result in uses:
            yield from make_room(now, values[step.result].registers)
            kept.add(step.result)
        yield _Event("do", step.result, step)


def _uses(steps: Sequence[_Step]) -> dict[str, list[int]]:
    """Of each value, the numbers of the steps that use it, the first one last."""
    found = defaultdict[str, list[int]](list)
    for number in reversed(range(len(steps))):
        for name in steps[number].operands:
            found[name].append(number)
    return found


def _together(function: _Function, events: Sequence[_Event], registers: int) -> list[_Event]:
    """Some of the loads earlier, behind others, as long as there are registers."""
    kept = _kept_behind(events)
    used = [sum(function.values[name].registers for name in names) for names in kept]
    found: list[_Event] = []
    earlier = set[int]()
    for number, event in enumerate(events):
        if number in earlier:
            continue
        found.append(event)
        if event.what not in ("read", "load"):
            continue
        count = 1
        for behind in range(number + 1, min(number + _AHEAD, len(events))):
            here = range(number, behind)
            room = registers - max(used[i] for i in here)
            if room <= 0 or count == _TOGETHER:
                break
            what, value, _ = events[behind]
            if what not in ("read", "load") or behind in earlier:
                continue
            size = function.values[value].registers
            if size <= room and not any(value in kept[i] for i in here):
                found.append(events[behind])
                earlier.add(behind)
                count += 1
                for i in here:
                    kept[i].add(value)
                    used[i] += size
    return found


def _kept_behind(events: Sequence[_Event]) -> list[set[str]]:
    """Of each event, which values are used afterwards, but not loaded before."""
    found: list[set[str]] = []
    kept = set[str]()
    for what, value, step in reversed(events):
        found.append(set(kept))
        if what == "store":
            kept.add(value)
        else:
            kept.discard(value)
        kept.update(step.operands if step else ())
    return found[::-1]


def _all_fit(events: Sequence[_Event]) -> bool:
    """Whether none is stored, or read again."""
    read = [event.value for event in events if event.what == "read"]
    return len(read) == len(set(read)) and all(event.what != "store" for event in events)


def _waiting(function: _Function, events: Sequence[_Event]) -> dict[str, _Place]:
    """Where each value waits that has to. What has no number waits on the stack."""
    spans: dict[str, range] = {}
    for number, (what, value, _) in enumerate(events):
        if what == "store":
            spans[value] = range(number, number + 1)
        elif what == "load":
            spans[value] = range(spans[value].start, number)
    free = function.places(events)
    taken = defaultdict[_Place, list[range]](list)
    found: dict[str, _Place] = {}
    for value, span in spans.items():
        bits = function.values[value].bits
        fits = (
            place
            for place in free
            if place.bits == bits
            and span.stop <= place.until
            and not any(_overlap(span, other) for other in taken[place])
        )
        place = next(fits, None)
        if not place:
            place = _Place(f"%waiting.{len(free)}", str(min(bits // 8, 4)), bits, inf)
            free.append(place)
        taken[place].append(span)
        found[value] = place
    return found


def _written(function: _Function, events: Sequence[_Event]) -> list[str]:
    """Lines."""
    waiting = _waiting(function, events)
    on_stack = {place: None for place in waiting.values() if place.until == inf}
    lines = [
        f"  {place.pointer} = alloca [{place.bits // 8} x i8], align {place.align}"
        for place in on_stack
    ]
    lines += function.addresses
    now: dict[str, str] = {}  # what a value is called
    count = 0
    for what, value, step in events:
        if what in ("read", "load"):
            before = now.get(value)
            count += before is not None or what == "load"
            now[value] = f"%again.{count}" if before is not None or what == "load" else value
        if what == "read":
            text = function.readable[value].text.replace(" = load ", " = load volatile ", 1)
            lines.append(text.replace(value, now[value], 1))
        elif what == "do" and step:
            lines.append(_renamed(step, now))
        else:
            kind, place = function.values[value].kind, waiting[value]
            access = f"ptr {place.pointer}, align {place.align}"
            if what == "store":
                lines.append(f"  store volatile {kind} {now.get(value, value)}, {access}")
            else:
                lines.append(f"  {now[value]} = load volatile {kind}, {access}")
    return lines


def _renamed(step: _Step, now: Mapping[str, str]) -> str:
    """What it defines has no other name."""
    return NAME.sub(lambda name: now.get(name[0], name[0]), step.text)
