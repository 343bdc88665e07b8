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
from math import inf
from typing import Literal, NamedTuple

import llvmlite.binding as llvm

from jax_embedded.llvm.emitters.tile_choice import AS_GOOD
from jax_embedded.llvm.named_values import NAME, with_names
from jax_embedded.llvm.straight_line import POINTER, Step, StraightLine

_ALIGN = re.compile(r", align (\d+)")
# Loads that stand together, of which all but the first one take one cycle less; and how far away
# others are looked for.
_TOGETHER = 8
_AHEAD = 64  # events
# Each of them may be what takes the fewest loads and stores.
_RELUCTANCES = (0.5, 1, 2, 4, 8)


class _Event(NamedTuple):
    """value: a name; of what is done, that of the result."""

    what: Literal["do", "read", "store", "load"]
    value: str
    step: Step | None = None


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
    function = StraightLine(module.get_function(name), lines[begin + 2 : end])
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


def _followed_at_once(function: StraightLine) -> list[Step]:
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


def _before(steps: Sequence[Step]) -> list[set[int]]:
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


def _fewest_events(function: StraightLine, steps: Sequence[Step], registers: int) -> list[_Event]:
    ways = (list(_events(function, steps, registers, reluctance)) for reluctance in _RELUCTANCES)
    return min(ways, key=len)


def _events(
    function: StraightLine, steps: Sequence[Step], registers: int, reluctance: float
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


def _uses(steps: Sequence[Step]) -> dict[str, list[int]]:
    """Of each value, the numbers of the steps that use it, the first one last."""
    found = defaultdict[str, list[int]](list)
    for number in reversed(range(len(steps))):
        for name in steps[number].operands:
            found[name].append(number)
    return found


def _together(function: StraightLine, events: Sequence[_Event], registers: int) -> list[_Event]:
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


def _places_in_results(function: StraightLine, events: Sequence[_Event]) -> list[_Place]:
    """Until they are written; the first ones first."""
    found, written = [], []
    for number, event in enumerate(events):
        step = event.step
        if event.what != "do" or not step or step.opcode not in ("store", "call"):
            continue
        if step.opcode == "call":
            if "ptr " in step.text and "@llvm.lifetime." not in step.text:
                return []  # it may write anywhere
            continue
        pointer, align = POINTER.search(step.text), _ALIGN.search(step.text)
        base, offset = function.places.get(pointer[1], ("", None)) if pointer else ("", None)
        if pointer and base in function.results and offset is not None and align and step.stored:
            written.append((base, range(offset, offset + step.stored // 8)))
            found.append(_Place(pointer[1], align[1], step.stored, number))
        elif not base or base in function.results:
            return []
    return [
        place
        for place, (base, here) in zip(found, written, strict=True)
        if sum(base == other and _overlap(here, there) for other, there in written) == 1
    ]


def _overlap(one: range, other: range) -> bool:
    return max(one.start, other.start) < min(one.stop, other.stop)


def _waiting(function: StraightLine, events: Sequence[_Event]) -> dict[str, _Place]:
    """Where each value waits that has to. What has no number waits on the stack."""
    spans: dict[str, range] = {}
    for number, (what, value, _) in enumerate(events):
        if what == "store":
            spans[value] = range(number, number + 1)
        elif what == "load":
            spans[value] = range(spans[value].start, number)
    free = _places_in_results(function, events)
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


def _written(function: StraightLine, events: Sequence[_Event]) -> list[str]:
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


def _renamed(step: Step, now: Mapping[str, str]) -> str:
    """What it defines has no other name."""
    return NAME.sub(lambda name: now.get(name[0], name[0]), step.text)
