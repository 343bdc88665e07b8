# SPDX-License-Identifier: Apache-2.0
"""Comparisons of floating-point vectors that LLVM's back end for MVE gets right.

An instruction of MVE that compares takes a scalar as its second operand alone, and its conditions
"lt" and "le" hold for NaNs. Where it is the first operand that has the same number in all lanes,
LLVM 22 swaps them, and with them "gt" and "ge" for "lt" and "le". Here the operands of a comparison
that only chooses between values are put in an order that LLVM does not swap, with their signs
changed where the other operand has to be the first one. All others, also those of whose operands
nothing is known, are made on integers.
"""

import re
from collections import Counter
from collections.abc import Sequence

_COMPARISON = re.compile(
    r"(?P<indent>\s*)(?P<name>%\S+) = fcmp (?:[a-z]+ )*(?P<predicate>[a-z]+)"
    r" <(?P<lanes>\d+) x (?P<scalar>float|half)> (?P<operands>[^!]*?)(?:, ![^<].*)?"
)
_NAME = re.compile(r'%(?:"[^"]*"|[-\w.$]+)')
_SELECT = re.compile(
    r"(?P<head>\s*%\S+ = select) (?P<flags>(?:[a-z]+ )*)(?P<bits><\d+ x i1>) (?P<condition>%\S+), "
    r"(?P<values><\d+ x (?!i1>)[^!]*?)(?:, ![^<].*)?"
)
# What chooses as a predicate does, and whether the other way round.
_CHOOSING = {
    "olt": (("olt",), False),
    "ogt": (("ogt",), False),
    "oeq": (("oeq",), False),
    "une": (("une",), False),
    "ole": (("ole",), False),
    "oge": (("oge",), False),
    "one": (("olt", "ogt"), False),
    "ult": (("oge",), True),
    "ugt": (("ole",), True),
    "ule": (("ogt",), True),
    "uge": (("olt",), True),
    "ueq": (("olt", "ogt"), True),
}
_GREATER = {"olt": "ogt", "ole": "oge"}
# Of two vectors, one of which is not one number in all lanes, they do not make one that is.
_LANE_BY_LANE = frozenset(
    "add and ashr bitcast call fadd fdiv fmul fneg fpext fptrunc fsub lshr mul or select shl sitofp"
    " sub uitofp xor".split()
)
_INTEGER = {"float": ("i32", 0x7FFFFFFF, 0x7F800000, 31), "half": ("i16", 0x7FFF, 0x7C00, 15)}
_ORDER = {"eq": "eq", "ne": "ne", "lt": "slt", "le": "sle", "gt": "sgt", "ge": "sge"}


def safe_comparisons(llvm_ir: str) -> str:
    """llvm_ir: of a module, after optimisation."""
    safe: list[str] = []
    function: list[str] = []
    for line in llvm_ir.splitlines():
        function.append(line)
        if line == "}" or not function[0].startswith("define "):
            safe += _safe(function)
            function = []
    return "\n".join(safe) + "\n"


def _safe(lines: Sequence[str]) -> list[str]:
    """The lines of a function, whose names are its own."""
    uses = Counter(name for line in lines for name in set(_NAME.findall(line.partition("=")[2])))
    selects = {number: _choice(line) for number, line in enumerate(lines)}
    choices = Counter(select["condition"] for select in selects.values() if select)
    comparisons = {
        number: match
        for number, line in enumerate(lines)
        if "fcmp" in line and (match := _COMPARISON.fullmatch(line))
    }
    registers = _Registers(lines)
    only_choose = {}
    for number, match in comparisons.items():
        name, predicate = match["name"], match["predicate"]
        if uses[name] == choices[name] and predicate in _CHOOSING:
            made = _in_order(match, _CHOOSING[predicate][0], registers, f"%mve.{number}")
            if made:
                only_choose[name] = made, *_CHOOSING[predicate]
    safe = []
    for number, line in enumerate(lines):
        match, select = comparisons.get(number), selects[number]
        if match and match["name"] in only_choose:
            safe += [match["indent"] + made for made in only_choose[match["name"]][0]]
        elif match:
            safe += [match["indent"] + made for made in _on_integers(match, f"%mve.{number}")]
        elif select and select["condition"] in only_choose:
            _, predicates, swapped = only_choose[select["condition"]]
            safe += _chosen(select, predicates, swapped, f"%mve.{number}")
        else:
            safe.append(line)
    return safe


class _Registers:
    """Which vectors of a function are surely not one number in all lanes to LLVM."""

    def __init__(self, lines: Sequence[str]):
        self._made_by = {
            name.strip(): value
            for name, equals, value in (line.partition(" = ") for line in lines)
            if equals
        }
        self._found: dict[str, bool] = {}

    def has(self, operand: str) -> bool:
        if not operand.startswith("%"):
            return operand.startswith("<") and "poison" not in operand and "undef" not in operand
        if operand not in self._found:
            self._found[operand] = self._has_name(operand)
        return self._found[operand]

    def _has_name(self, name: str) -> bool:
        value = self._made_by.get(name)
        if value is None:  # an argument
            return True
        opcode = value.removeprefix("tail ").partition(" ")[0]
        if opcode in ("load", "phi") or "@llvm.masked.load." in value:
            return True
        return opcode in _LANE_BY_LANE and any(map(self.has, _NAME.findall(value)))


def _in_order(
    match: re.Match[str], predicates: tuple[str, ...], registers: _Registers, prefix: str
) -> list[str]:
    """The comparison by each of the predicates; none if that is not known to be safe."""
    kind = f"<{match['lanes']} x {match['scalar']}>"
    a, b = _operands(match["operands"])
    changed: dict[str, str] = {}  # operand -> with the other sign
    compared = []
    for name, predicate in zip(_names(match["name"], predicates), predicates, strict=True):
        first, second = (b, a) if predicate in _GREATER else (a, b)
        if predicate in ("oeq", "une") or registers.has(first):
            compared.append(f"{name} = fcmp {predicate} {kind} {a}, {b}")
            continue
        if not registers.has(second):
            return []
        for operand in (a, b):
            is_zero = operand == "zeroinitializer"  # which both zeros are equal to
            changed[operand] = operand if is_zero else f"{prefix}.{len(changed)}"
        greater = _GREATER.get(predicate, predicate)
        compared.append(f"{name} = fcmp {greater} {kind} {changed[second]}, {changed[first]}")
    signs = [f"{to} = fneg {kind} {of}" for of, to in changed.items() if to != of]
    return [*signs, *compared]


def _choice(line: str) -> re.Match[str] | None:
    """A select of values that does not have its condition among them."""
    match = _SELECT.fullmatch(line) if "= select" in line else None
    return match if match and match["condition"] not in _NAME.findall(match["values"]) else None


def _names(comparison: str, predicates: tuple[str, ...]) -> list[str]:
    """The name of the comparison, and others for those that follow."""
    rest = [f"%mve.{predicate}.{comparison[1:]}" for predicate in predicates[1:]]
    return [comparison, *rest]


def _chosen(
    select: re.Match[str], predicates: tuple[str, ...], swapped: bool, prefix: str
) -> list[str]:
    first, *rest = _names(select["condition"], predicates)
    one, other = _operands(select["values"])
    if swapped:
        one, other = other, one
    kind = one[: one.index(">") + 1]
    lines = []
    for condition in rest:
        lines.append(
            f"  {prefix} = select {select['flags']}{select['bits']} {condition}, {one}, {other}"
        )
        other = f"{kind} {prefix}"
    head = f"{select['head']} {select['flags']}{select['bits']}"
    return [*lines, f"{head} {first}, {one}, {other}"]


def _on_integers(match: re.Match[str], prefix: str) -> list[str]:
    scalar, predicate = match["scalar"], match["predicate"]
    integer, magnitude, infinity, shift = _INTEGER[scalar]
    lanes = match["lanes"]
    kind, bits = f"<{lanes} x {integer}>", f"<{lanes} x i1>"
    zero = f"{kind} zeroinitializer"

    def splat(value: int) -> str:
        return f"splat ({integer} {value})"

    made = []
    for side, operand in zip("ab", _operands(match["operands"]), strict=True):
        value = f"{prefix}.{side}"
        made += [
            f"{value} = bitcast <{lanes} x {scalar}> {operand} to {kind}",
            f"{value}.size = and {kind} {value}, {splat(magnitude)}",
            f"{value}.nan = icmp ugt {kind} {value}.size, {splat(infinity)}",
            # In the order of the numbers; both zeros are 0.
            f"{value}.iszero = icmp eq {kind} {value}.size, zeroinitializer",
            f"{value}.signed = select {bits} {value}.iszero, {zero}, {kind} {value}",
            f"{value}.sign = ashr {kind} {value}.signed, {splat(shift)}",
            f"{value}.flip = and {kind} {value}.sign, {splat(magnitude)}",
            f"{value}.order = xor {kind} {value}.signed, {value}.flip",
        ]
    made.append(f"{prefix}.uno = or {bits} {prefix}.a.nan, {prefix}.b.nan")
    made.append(f"{prefix}.ord = xor {bits} {prefix}.uno, splat (i1 true)")
    if predicate in ("uno", "ord"):
        return [*made, f"{match['name']} = or {bits} {prefix}.{predicate}, zeroinitializer"]
    order = _ORDER[predicate[1:]]
    made.append(f"{prefix}.c = icmp {order} {kind} {prefix}.a.order, {prefix}.b.order")
    combine = "and" if predicate[0] == "o" else "or"
    other = f"{prefix}.ord" if predicate[0] == "o" else f"{prefix}.uno"
    return [*made, f"{match['name']} = {combine} {bits} {prefix}.c, {other}"]


def _operands(text: str) -> list[str]:
    """The two operands; constants have commas inside brackets."""
    depth = 0
    for at, character in enumerate(text):
        depth += (character in "<([{") - (character in ">)]}")
        if character == "," and depth == 0:
            return [text[:at], text[at + 2 :]]
    raise ValueError(text)
