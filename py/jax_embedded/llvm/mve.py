# SPDX-License-Identifier: Apache-2.0
"""Comparisons of floating-point vectors that LLVM's back end for MVE gets right.

LLVM 22 takes a >= b for the opposite of a < b when it generates code for MVE, which is wrong where
one of them is a NaN. A comparison is left alone if nothing can ask for its opposite: a < b, a > b,
a == b or a != b that only chooses between values. All others are made on integers, where opposites
are right.
"""

import re
from collections import Counter

_COMPARISON = re.compile(
    r"(?P<indent>\s*)(?P<name>%\S+) = fcmp (?:[a-z]+ )*(?P<predicate>[a-z]+)"
    r" <(?P<lanes>\d+) x (?P<scalar>float|half)> (?P<operands>[^!]*?)(?:, ![^<].*)?"
)
_NAME = re.compile(r'%(?:"[^"]*"|[-\w.$]+)')
_WITHOUT_OPPOSITE = {"olt", "ogt", "oeq", "une"}
_INTEGER = {"float": ("i32", 0x7FFFFFFF, 0x7F800000, 31), "half": ("i16", 0x7FFF, 0x7C00, 15)}
_ORDER = {"eq": "eq", "ne": "ne", "lt": "slt", "le": "sle", "gt": "sgt", "ge": "sge"}


def safe_comparisons(llvm_ir: str) -> str:
    """llvm_ir: of a module, after optimisation."""
    lines = llvm_ir.splitlines()
    uses = Counter(name for line in lines for name in set(_NAME.findall(line.partition("=")[2])))
    choices = Counter(match for line in lines for match in _choice(line))
    safe = []
    for number, line in enumerate(lines):
        match = _COMPARISON.fullmatch(line) if "fcmp" in line else None
        if match is None or (
            match["predicate"] in _WITHOUT_OPPOSITE
            and uses[match["name"]] == choices[match["name"]]
        ):
            safe.append(line)
        else:
            safe += [match["indent"] + made for made in _on_integers(match, f"%mve.{number}")]
    return "\n".join(safe) + "\n"


def _choice(line: str) -> list[str]:
    """The condition of a select of values, if the line is one and has it nowhere else."""
    match = re.search(r"= select (?:[a-z]+ )*<\d+ x i1> (%\S+), (<\d+ x (?!i1>).*)", line)
    return [match[1]] if match and match[1] not in _NAME.findall(match[2]) else []


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
