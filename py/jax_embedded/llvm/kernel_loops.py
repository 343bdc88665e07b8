# SPDX-License-Identifier: Apache-2.0
"""The loops of XLA's kernels: which elements they go through, each of them by itself.

XLA's loop emitter writes a kernel as a function NAME_wrapped with a pointer for each array and the
id of the workgroup, whose loops count from 0 to an extent. What is not of this form is left alone.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

from jax_embedded.errors import InternalError

_VALUE = r"%[-\w.$]+"
_INTEGER = r"i(?:32|64)"
_HEAD = re.compile(r"define internal void @(\S+)_wrapped\((.*)\)[^()]*\{")
_LABEL = re.compile(r"([^\s:]+):")
_COUNTER = (
    rf"  (?P<counter>{_VALUE}) = phi (?P<type>{_INTEGER})"
    rf" \[ {_VALUE}, %(?P<latch>\S+) \], \[ 0, {_VALUE} \]\n"
)
_BRANCH = (
    rf"  (?P<going>{_VALUE}) = icmp slt {_INTEGER} (?P=counter), (?P<extent>\d+)\n"
    r"  br i1 (?P=going), label %(?P<body>\S+), label %(?P<exit>\S+)"
)
_ACCUMULATOR = (
    rf"  {_VALUE} = phi float \[ (?P<sum>{_VALUE}), %(?P=latch) \], \[ \S+, {_VALUE} \]\n"
)
_LOOP = re.compile(_COUNTER + _BRANCH)
_LOOP_WITH_SUM = re.compile(_COUNTER + _ACCUMULATOR + _BRANCH)
_ANY_COUNTER = re.compile(rf"  ({_VALUE}) = phi {_INTEGER} ")
_SUM = re.compile(rf"  ({_VALUE}) = (add|mul)(?: n[us]w)* {_INTEGER} (\S+), (\S+)")
_ADDRESS = re.compile(
    rf"  {_VALUE} = getelementptr inbounds \[\d+ x ([^\]]+)\], ptr ({_VALUE}),"
    rf" {_INTEGER} 0, {_INTEGER} (\S+)"
)
_ACCESS = re.compile(rf"  (?:{_VALUE} = load (.+?)|store (.+?) \S+), ptr ({_VALUE}), align \d+")
_MOST_LOOPS = 3  # a workgroup's id has so many numbers

_LEAST_ROLLED = 8  # iterations: with fewer, two or more of vectors of 4, a loop is no gain

# Of so many iterations in all LLVM unrolls loops inside of each other, but not one loop of vectors.
_FEW = 16

# By how many elements a place goes on with each loop, the outermost first.
Steps = tuple[int, ...]


@dataclass(frozen=True)
class Place:
    """Where an array is read or written in each iteration. kind: LLVM's type of an element."""

    kind: str
    steps: Steps


@dataclass(frozen=True)
class KernelLoops:
    """extents: of the loops, each with nothing but the next one inside.

    places: for each array; None if it is not at one such place.
    in_line: for each loop but the innermost, whether its next iteration goes on where the last one
        of the loop inside ends, in all arrays.
    """

    extents: tuple[int, ...]
    places: tuple[Place | None, ...]
    in_line: tuple[bool, ...] = ()

    def in_order(self, array: int) -> bool:
        """Whether each iteration is at the next element."""
        place = self.places[array]
        strides = tuple(prod(self.extents[n + 1 :]) for n in range(len(self.extents)))
        return place is not None and place.steps == strides


def collapsed(
    extents: Sequence[int], in_line: Sequence[bool], *, size: bool = False
) -> tuple[int, ...]:
    """Those of the same iterations where a loop that is in line with the next one has but one.

    size: whether short code is preferred; else loops of few iterations stay as they are.
    """
    found = list(extents)
    if prod(extents) <= _FEW and not size:
        return tuple(found)
    for number, is_in_line in enumerate(in_line):
        if is_in_line:
            found[number], found[number + 1] = 1, found[number] * found[number + 1]
    return tuple(found)


def loops_of(text: str) -> KernelLoops | None:
    """text: a module of one kernel, cleaned. None if it is not of the form."""
    function = _Function.read(text)
    loops = function.nest() if function else []
    if not function or not 1 <= len(loops) <= _MOST_LOOPS:
        return None
    extents = tuple(int(loop["extent"]) for loop in loops)
    if 0 in extents:
        return None
    places = function.places([loop["counter"] for loop in loops])
    return KernelLoops(extents, places, function.in_line(loops))


def element_kernel(text: str, name: str) -> str:
    """The kernel by another name, which does the element whose place is the workgroup's id."""
    function = _Function.read(text)
    loops = function.nest() if function else []
    if not function or not loops:
        raise InternalError(f"kernel {name}: expected loops over its elements, found others")
    for loop, id_ in zip(reversed(loops), function.ids, strict=False):
        narrow = loop["type"] == "i32"
        counter = f"trunc i64 {id_} to i32" if narrow else f"add i64 {id_}, 0"
        [head] = [label for label, block in function.blocks.items() if block == loop[0]]
        function.blocks[head] = f"  {loop['counter']} = {counter}\n  br label %{loop['body']}"
        latch = function.blocks[loop["latch"]]
        function.blocks[loop["latch"]] = (
            latch.removesuffix(f"br label %{head}") + f"br label %{loop['exit']}"
        )
    return re.sub(rf"@{re.escape(function.kernel)}(?=(_wrapped)?\()", f"@{name}", function.text())


def with_collapsed_loops(text: str, *, size: bool) -> str:
    """The module, in which loops over elements that lie in line are one, and those around it have
    one iteration. size: see `collapsed`.
    """
    function = _Function.read(text)
    loops = function.nest() if function else []
    if not function or len(loops) < 2:
        return text
    extents = [int(loop["extent"]) for loop in loops]
    whole = collapsed(extents, function.in_line(loops), size=size)
    for loop, extent in zip(loops, whole, strict=True):
        [head] = [label for label, block in function.blocks.items() if block == loop[0]]
        begin, end = (at - loop.start() for at in loop.span("extent"))
        function.blocks[head] = f"{loop[0][:begin]}{extent}{loop[0][end:]}"
    return function.text()


def with_rolled_loops(text: str) -> str:
    """The module, of whose loops over elements LLVM unrolls none: it can make vectors of them then.

    Those in which there is more than the next loop are left alone.
    """
    function = _Function.read(text)
    loops = function.nest() if function else []
    if not function or sum(b.count(" = phi ") for b in function.blocks.values()) > len(loops):
        return text
    return function.rolled([loop["latch"] for loop in loops[-1:]])


def with_rolled_inner_loops(text: str) -> str:
    """The same for loops over neighbouring elements inside of others, and for sums of such."""
    function = _Function.read(text)
    return function.rolled(function.latches_of_inner_loops()) if function else text


class _Function:
    """before, head, blocks, after: the lines of the module. kernel: its name.

    pointers, ids: the parameters.
    """

    def __init__(self, before: str, head: str, blocks: dict[str, str], after: str):
        self.before, self.head, self.blocks, self.after = before, head, blocks, after
        found = _HEAD.fullmatch(head)
        assert found
        self.kernel = found[1]
        self.pointers = re.findall(rf"ptr [^,]*({_VALUE})", found[2])
        self.ids = re.findall(rf"i64 ({_VALUE})", found[2])

    @staticmethod
    def read(text: str) -> "_Function | None":
        heads = [line for line in text.splitlines() if _HEAD.fullmatch(line)]
        if len(heads) != 1 or text.count("\ndefine ") > 2:
            return None
        before, _, rest = text.partition(heads[0] + "\n")
        body, _, after = rest.partition("\n}\n")
        blocks = {"": []}
        label = ""
        for line in body.splitlines():
            found = _LABEL.fullmatch(line)
            if found:
                label = found[1]
                blocks[label] = []
            else:
                blocks[label].append(line)
        joined = {label: "\n".join(lines) for label, lines in blocks.items()}
        function = _Function(before, heads[0], joined, after)
        return function if len(function.ids) == _MOST_LOOPS else None

    def text(self) -> str:
        lines = [f"{label}:\n{block}" if label else block for label, block in self.blocks.items()]
        return "\n".join([self.before + self.head, *lines, "}\n" + self.after])

    @property
    def lines(self) -> list[str]:
        return [line for block in self.blocks.values() for line in block.splitlines()]

    @property
    def counters(self) -> list[str]:
        """Of all loops."""
        return [found[1] for line in self.lines if (found := _ANY_COUNTER.match(line))]

    def nest(self) -> list[re.Match[str]]:
        """The loops, the outermost first."""
        found: list[re.Match[str]] = []
        label = ""
        while True:
            *before, jump = self.blocks.get(label, "").splitlines() or [""]
            head = jump.removeprefix("  br label %")
            loop = _LOOP.fullmatch(self.blocks.get(head, ""))
            if not loop or not self.blocks.get(loop["latch"], "").endswith(f"  br label %{head}"):
                return found
            if not found and self.blocks.get(loop["exit"]) != "  ret void":
                return found
            if found and not (
                loop["exit"] == found[-1]["latch"]
                and all(map(_SUM.fullmatch, before))
                and all(map(_SUM.fullmatch, self.blocks[loop["exit"]].splitlines()[:-1]))
            ):
                return found
            found.append(loop)
            label = loop["body"]

    def rolled(self, latches: list[str]) -> str:
        notes = []
        for number, latch in enumerate(latches, 1):
            self.blocks[latch] += f", !llvm.loop !{number}"
            notes.append(f"!{number} = distinct !{{!{number}, !0}}\n")
        if notes:
            notes.append('!0 = !{!"llvm.loop.unroll.disable"}\n')
        return self.text() + "".join(notes)

    def latches_of_inner_loops(self) -> list[str]:
        """Of those with a single block that are not of the nest."""
        counters = self.counters
        nest = [loop["latch"] for loop in self.nest()]
        found = []
        for head, block in self.blocks.items():
            loop = _LOOP_WITH_SUM.fullmatch(block) or _LOOP.fullmatch(block)
            if not loop or loop["latch"] in nest or loop["body"] != loop["latch"]:
                continue
            body = self.blocks.get(loop["body"], "")
            sums = re.findall(r"  (\S+) = fadd .*\breassoc\b.* float ", body)
            if not body.endswith(f"  br label %{head}") or (
                loop.re is _LOOP_WITH_SUM and loop["sum"] not in sums
            ):
                continue
            at = counters.index(loop["counter"])
            steps = [place.steps[at] if place else None for place in self.places(counters)]
            if int(loop["extent"]) >= _LEAST_ROLLED and {*steps} <= {0, 1}:
                found.append(loop["latch"])
        return found

    def in_line(self, loops: list[re.Match[str]]) -> tuple[bool, ...]:
        """See KernelLoops. Nothing but addresses may be made of the counters."""
        counters = self.counters
        known = _forms(self.lines, counters)
        at = [counters.index(loop["counter"]) for loop in loops]
        of_loops = {name for name, (_, steps) in known.items() if any(steps[n] for n in at)}
        control = {line for loop in loops for line in loop[0].splitlines()}
        found = [True] * (len(loops) - 1)
        for line in self.lines:
            used = of_loops.intersection(re.findall(_VALUE, line))
            sum_, address = _SUM.fullmatch(line), _ADDRESS.fullmatch(line)
            if not used or line in control or (sum_ and sum_[1] in known):
                continue
            if not address:
                return (False,) * (len(loops) - 1)
            steps = [known[address[3]][1][n] for n in at]
            for n, (outer, inner) in enumerate(pairwise(steps)):
                found[n] &= outer == inner * int(loops[n + 1]["extent"])
        return tuple(found)

    def places(self, counters: list[str]) -> tuple[Place | None, ...]:
        """Of the pointers."""
        zero = (0,) * len(counters)
        known = _forms(self.lines, counters)
        found: dict[str, set[Place | None]] = {pointer: set() for pointer in self.pointers}
        for line in self.lines:
            address, access = _ADDRESS.fullmatch(line), _ACCESS.fullmatch(line)
            if address and address[2] in found:
                start, steps = _form(known, address[3], zero) or (1, zero)
                found[address[2]].add(Place(address[1], steps) if start == 0 else None)
            elif access and access[3] in found:
                found[access[3]].add(Place(access[1] or access[2], zero))
            else:
                for pointer in self.pointers:
                    if re.search(rf"{re.escape(pointer)}(?![-\w.$])", line):
                        found[pointer].add(None)
        return tuple(
            next(iter(found[pointer])) if len(found[pointer]) == 1 else None
            for pointer in self.pointers
        )


_Form = tuple[int, Steps]


def _forms(lines: Sequence[str], counters: Sequence[str]) -> dict[str, _Form]:
    """Of what is added and multiplied of the counters of loops and of numbers."""
    zero = (0,) * len(counters)
    known = {counter: (0, (*zero[:n], 1, *zero[n + 1 :])) for n, counter in enumerate(counters)}
    for line in lines:
        if sum_ := _SUM.fullmatch(line):
            one, other = (_form(known, operand, zero) for operand in sum_.groups()[2:])
            value = _combined(sum_[2], one, other)
            if value:
                known[sum_[1]] = value
    return known


def _form(known: Mapping[str, _Form], operand: str, zero: Steps) -> _Form | None:
    """A value as a number and so much for each loop's counter."""
    if re.fullmatch(r"-?\d+", operand):
        return int(operand), zero
    return known.get(operand)


def _combined(operation: str, one: _Form | None, other: _Form | None) -> _Form | None:
    if not one or not other:
        return None
    if operation == "add":
        return one[0] + other[0], tuple(map(sum, zip(one[1], other[1], strict=True)))
    if any(one[1]):
        one, other = other, one
    if any(one[1]):
        return None
    return one[0] * other[0], tuple(one[0] * step for step in other[1])
