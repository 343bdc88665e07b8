# SPDX-License-Identifier: Apache-2.0
"""Comparisons of floating-point vectors that LLVM's back end for MVE gets right.

LLVM 22 takes a >= b for the opposite of a < b when it generates code for MVE, which is wrong where
one of them is a NaN. A comparison is left alone if nothing can ask for its opposite: a < b, a > b,
a == b or a != b that only chooses between values. Others that only choose are made of these: the
opposite chooses the other way round, and a <= b is a < b or a == b, chosen twice. All that remain
are made on integers, where opposites are right.
"""

import re
from collections import Counter

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
    "ole": (("olt", "oeq"), False),
    "oge": (("ogt", "oeq"), False),
    "one": (("olt", "ogt"), False),
    "ult": (("ogt", "oeq"), True),
    "ugt": (("olt", "oeq"), True),
    "ule": (("ogt",), True),
    "uge": (("olt",), True),
    "ueq": (("olt", "ogt"), True),
}
_INTEGER = {"float": ("i32", 0x7FFFFFFF, 0x7F800000, 31), "half": ("i16", 0x7FFF, 0x7C00, 15)}
_ORDER = {"eq": "eq", "ne": "ne", "lt": "slt", "le": "sle", "gt": "sgt", "ge": "sge"}


def safe_comparisons(llvm_ir: str) -> str:
    """llvm_ir: of a module, after optimisation."""
    lines = llvm_ir.splitlines()
    uses = Counter(name for line in lines for name in set(_NAME.findall(line.partition("=")[2])))
    selects = {number: _choice(line) for number, line in enumerate(lines)}
    choices = Counter(select["condition"] for select in selects.values() if select)
    comparisons = {
        number: match
        for number, line in enumerate(lines)
        if "fcmp" in line and (match := _COMPARISON.fullmatch(line))
    }
    only_choose = {
        match["name"]: _CHOOSING[match["predicate"]]
        for match in comparisons.values()
        if uses[match["name"]] == choices[match["name"]] and match["predicate"] in _CHOOSING
    }
    safe = []
    for number, line in enumerate(lines):
        match, select = comparisons.get(number), selects[number]
        if match and match["name"] in only_choose:
            kind = f"<{match['lanes']} x {match['scalar']}> {match['operands']}"
            predicates, _ = only_choose[match["name"]]
            names = _names(match["name"], predicates)
            safe += [
                f"{match['indent']}{name} = fcmp {predicate} {kind}"
                for name, predicate in zip(names, predicates, strict=True)
            ]
        elif match:
            safe += [match["indent"] + made for made in _on_integers(match, f"%mve.{number}")]
        elif select and select["condition"] in only_choose:
            safe += _chosen(select, *only_choose[select["condition"]], f"%mve.{number}")
        else:
            safe.append(line)
    return "\n".join(safe) + "\n"


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
