# SPDX-License-Identifier: Apache-2.0
"""Definitions of the math functions that XLA's kernels call and LLVM or the C library lack.

The elementary functions of f32 are ours, see math_functions.py: the same bits on every processor,
but for fused multiply-add, which they use where the processor has it and the program may, and for
some that are then others on a core with MVE.
Those of f16 and bf16 go through f32; those of f64 are the C library's, one call per lane.
A function of more lanes than the processor has is a loop over as many as it has. A processor
without vectors has one function for all places that need it, if LLVM finds it too large to inline;
elsewhere all are inlined, or LLVM could not put loops that call them into vectors.

llvm.maximum and llvm.minimum become comparisons: no C library for Cortex-M has fmaximumf, and on
some cores LLVM cannot select them at all. Both return a NaN if either operand is one, and order -0
below +0. llvm.roundeven becomes an addition that rounds: no C library for Cortex-M has roundevenf.
xla.fptrunc to bf16 becomes integer operations: no compiler runtime for Cortex-M has __truncsfbf2.

A power of 1/2 or -1/2 of f32 becomes a root. XLA makes one of it only where it sees that no operand
is negative.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from jax_embedded.llvm import math_functions
from jax_embedded.llvm.ir_expression import Body, Value

# All that is ours is called so.
PREFIX = "jxe."

_KINDS = {"f16": "half", "bf16": "bfloat", "f32": "float", "f64": "double"}
_EXTREMA = ("maximum", "minimum", "maximum_of_variables", "minimum_of_variables")
_BINARY = ("atan2", "pow", "root", "reciprocal_root", *_EXTREMA)
_ELEMENTARY = {
    "atan": math_functions.atan,
    "atan2": math_functions.atan2,
    "cbrt": math_functions.cbrt,
    "cos": math_functions.cos,
    "erf": math_functions.erf,
    "exp": math_functions.exp,
    "expm1": math_functions.expm1,
    "log": math_functions.log,
    "log1p": math_functions.log1p,
    "pow": math_functions.pow,
    "sin": math_functions.sin,
    "tan": math_functions.tan,
    "tanh": math_functions.tanh,
    "tanh_in_vectors": math_functions.tanh_in_vectors,
}
# In place of a function, on a core with MVE that may fuse.
_IN_MVE = {"tanh": "tanh_in_vectors"}
# From here on every number of the type is an integer.
_INTEGERS_FROM = {"half": 2.0**10, "float": 2.0**23, "double": 2.0**52}

_OURS = re.compile(
    r"@(?:"
    r"(?P<c>atan2|cbrt)f(?=\()"
    r"|(?:"
    r"xla\.(?P<truncate>fptrunc)\.(?:v\d+)?f32\.to"
    rf"|xla\.(?P<xla>rsqrt|{'|'.join(_ELEMENTARY)})"
    r"|llvm\.(?P<llvm>maximum|minimum|roundeven)"
    r"|llvm\.(?P<elementary>exp|log|sin|cos|tan|pow|atan2)(?!\.(?:v\d+)?f64)"
    r")\.(?:v(?P<lanes>\d+))?(?P<type>bf16|f16|f32|f64)\b)"
)
_RENAMED = re.compile(rf"@({re.escape(PREFIX)}\w+\.(?:v\d+)?b?f\d+)\b")
_VARIABLES = "_of_variables"
# Where one is a constant, comparisons are shorter than what knows of any two.
_OF_VARIABLES = re.compile(
    rf"(@{re.escape(PREFIX)}(?:maximum|minimum))"
    r"(?=\.(?:v\d+)?f32\((?:[^,%()]+ %[^,()]+(?:, |\))){2})"
)
_HALF = r"(?:5\.0+e-01|0x3FE0{13})"
_MINUS_HALF = r"(?:-5\.0+e-01|0xBFE0{13})"
_POWER = (
    rf"(@{re.escape(PREFIX)})pow"
    r"(?=\.(?:v\d+)?f32\([^,%()]+ %[^,()]+, (?:float |<\d+ x float> splat \(float )"
)
_ROOTS = {
    "root": re.compile(rf"{_POWER}{_HALF}\))"),
    "reciprocal_root": re.compile(rf"{_POWER}{_MINUS_HALF}\))"),
}


def rename_math(text: str) -> tuple[str, frozenset[str]]:
    """Redirects the calls to definitions of ours. Returns the text and the names to define."""
    lines = [
        line
        for line in text.splitlines()
        if not (line.startswith("declare ") and _OURS.search(line))
    ]
    renamed = _OURS.sub(lambda match: "@" + _ours(match), "\n".join(lines) + "\n")
    renamed = _OF_VARIABLES.sub(rf"\1{_VARIABLES}", renamed)
    for root, power in _ROOTS.items():
        renamed = power.sub(rf"\1{root}", renamed)
    found = frozenset(_RENAMED.findall(renamed))
    declarations = [_Function.named(name).declaration() + "\n" for name in sorted(found)]
    return renamed + "".join(declarations), found


def elementary_functions(names: Iterable[str]) -> set[str]:
    """Of functions to be defined, such as "tanh"."""
    return {_Function.named(name).operation for name in names} & _ELEMENTARY.keys()


def function_of_f32(operation: str, lanes: int = 0) -> str:
    """The name of one to be defined. operation: such as "tanh". lanes: 0 for scalars."""
    return _Function(operation, lanes, "f32").name


def define_math(
    names: frozenset[str], float_lanes: int, *, fused: bool = False, has_maxnm: bool = False
) -> str:
    """A module with a definition of each name, of `rename_math` or `function_of_f32`, and what it
    calls.

    float_lanes, has_maxnm: see Target. fused: whether to use a fused multiply-add.
    """
    definitions: dict[str, str] = {}
    externals: set[str] = set()
    wanted = sorted(names)
    while wanted:
        name = wanted.pop()
        if name in definitions:
            continue
        if name == math_functions.FAR_ANGLE:
            definitions[name], called = _far_angle()
        else:
            definitions[name], called = _Function.named(name).definition(
                float_lanes, fused=fused, has_maxnm=has_maxnm
            )
        for declaration in called:
            match = re.search(rf"@({re.escape(PREFIX)}[\w.]+)", declaration)
            if match:
                wanted.append(match[1])
            else:
                externals.add(declaration)
    texts = [definitions[name] for name in sorted(definitions)]
    return "\n".join([*sorted(externals), *texts, _NOT_UNROLLED if texts else ""])


def _ours(match: re.Match[str]) -> str:
    operation = (
        match["c"] or match["truncate"] or match["xla"] or match["llvm"] or match["elementary"]
    )
    return _Function(operation, int(match["lanes"] or 0), match["type"] or "f32").name


@dataclass(frozen=True)
class _Function:
    """operation: such as "tanh". lanes: 0 for scalars. type: of the value, "f16" and so on."""

    operation: str
    lanes: int
    type: str

    @staticmethod
    def named(name: str) -> "_Function":
        match = re.fullmatch(rf"{re.escape(PREFIX)}(\w+)\.(?:v(\d+))?(b?f\d+)", name)
        assert match
        return _Function(match[1], int(match[2] or 0), match[3])

    @property
    def name(self) -> str:
        return f"{PREFIX}{self.operation}.{f'v{self.lanes}' if self.lanes else ''}{self.type}"

    @property
    def kind(self) -> str:
        return _KINDS[self.type]

    @property
    def operand_kind(self) -> str:
        return "float" if self.operation == "fptrunc" else self.kind

    def _head(self, names: tuple[str, ...]) -> str:
        """names: of the parameters, which may be left out."""
        body = Body(self.lanes)
        operand = body.type(self.operand_kind)
        parameters = (f"{operand}{name}" for name in names)
        return f"{body.type(self.kind)} @{self.name}({', '.join(parameters)})"

    def declaration(self) -> str:
        return "declare " + self._head(("", "") if self.operation in _BINARY else ("",))

    def definition(self, float_lanes: int, *, fused: bool, has_maxnm: bool) -> tuple[str, set[str]]:
        """The text, and the declarations of what it calls."""
        names = ("%a", "%b") if self.operation in _BINARY else ("%a",)
        attributes = "alwaysinline nounwind"
        # Where LLVM makes no vectors of it, branches cost nothing else.
        branches = float_lanes == 1 and not self.lanes
        body = Body(self.lanes, branches=branches, fused=fused, has_maxnm=has_maxnm)
        operands = [body.parameter(self.operand_kind, name) for name in names]
        if self.operation in _ELEMENTARY and self.type == "f32":
            if float_lanes == 1 and 0 < self.lanes <= _MOST_CALLS and len(operands) == 1:
                smaller = _Function(self.operation, 0, self.type).name
                result = body.call_by_lane(smaller, self.kind, *operands)
                body.lines.append(f"ret {body.type(self.kind)} {result.name}")
                return self._text(body, names, attributes)
            if self.lanes != _part(self.lanes, float_lanes):
                self._by_parts(body, operands, _part(self.lanes, float_lanes), float_lanes)
                return self._text(body, names, attributes)
            if float_lanes == 1 or self.operation == "cbrt":  # which XLA calls lane by lane
                attributes = _INLINED_ONCE
        written = self
        is_mve = float_lanes > 1 and has_maxnm
        if self.type == "f32" and fused and is_mve:
            written = replace(self, operation=_IN_MVE.get(self.operation, self.operation))
        result = written._value(body, operands)
        body.lines.append(f"ret {body.type(self.kind)} {result.name}")
        return self._text(body, names, attributes)

    def _value(self, body: Body, operands: list[Value]) -> Value:
        if self.operation == "fptrunc":
            return _truncate_to_bf16(body, *operands)
        if self.operation in _EXTREMA:
            extremum = self.operation.removesuffix(_VARIABLES)
            if extremum != self.operation:
                return _extremum_of_variables(body, extremum, *operands)
            return _extremum(body, extremum, *operands)
        if self.operation == "roundeven":
            return _round_even(body, *operands)
        if self.operation == "root":
            return _root(body, operands[0])
        if self.operation == "reciprocal_root":
            return 1.0 / _root(body, operands[0])
        if self.operation == "rsqrt":
            return 1.0 / body.call("sqrt", *operands)
        if self.type == "f32":
            return _ELEMENTARY[self.operation](body, *operands)
        if self.type == "f64":
            return body.call_by_lane(self.operation, self.kind, *operands)
        wide = _Function(self.operation, self.lanes, "f32").name
        extended = [operand.convert("fpext", "float") for operand in operands]
        value = body.call_function(wide, "float", *extended)
        if self.type == "bf16":
            return body.call_function(
                _Function("fptrunc", self.lanes, "bf16").name, self.kind, value
            )
        return value.convert("fptrunc", self.kind)

    def _by_parts(self, body: Body, operands: list[Value], part: int, float_lanes: int) -> None:
        """A loop through memory over `part` lanes at once."""
        smaller = _Function(self.operation, part, self.type)
        kind = Body(part).type(self.kind)
        head, loaded = [], []
        for operand in operands:
            memory, at = f"%memory.{operand.name[1:]}", f"%at.{operand.name[1:]}"
            body.lines += [
                f"{memory} = alloca {body.type(self.kind)}, align 8",
                f"store {body.type(self.kind)} {operand.name}, ptr {memory}, align 8",
            ]
            loaded.append(f"%part.{operand.name[1:]}")
            head += [
                f"{at} = getelementptr inbounds {kind}, ptr {memory}, i32 %i",
                f"{loaded[-1]} = load {kind}, ptr {at}, align 4",
            ]
        given = ", ".join(f"{kind} {name}" for name in loaded)
        body.externals.add(smaller.declaration())
        # Without vectors as many copies as there are lanes would be a waste.
        metadata = ", !llvm.loop !0" if float_lanes == 1 else ""
        body.lines += [
            "br label %loop",
            "loop:",
            "%i = phi i32 [ 0, %entry ], [ %next, %loop ]",
            *head,
            f"%value = call {kind} @{smaller.name}({given})",
            f"store {kind} %value, ptr %at.a, align 4",
            "%next = add nuw nsw i32 %i, 1",
            f"%more = icmp ult i32 %next, {self.lanes // max(part, 1)}",
            f"br i1 %more, label %loop, label %done{metadata}",
            "done:",
            f"%result = load {body.type(self.kind)}, ptr %memory.a, align 8",
            f"ret {body.type(self.kind)} %result",
        ]

    def _text(self, body: Body, names: tuple[str, ...], attributes: str) -> tuple[str, set[str]]:
        head = self._head(tuple(f" {name}" for name in names))
        return _define(f"{head} {attributes}", body), body.externals


# LLVM's limit of what a copy may cost; where there is one call there is no copy.
_INLINED_ONCE = 'nounwind "function-inline-threshold"="0"'
_NOT_UNROLLED = '!0 = distinct !{!0, !1}\n!1 = !{!"llvm.loop.unroll.disable"}\n'


_MOST_CALLS = 8  # without a loop: as many values as are kept in registers meanwhile


def _part(lanes: int, float_lanes: int) -> int:
    """How many lanes of a function to compute at once; 0 for scalars."""
    part = math.gcd(lanes, float_lanes)
    return part if lanes and part > 1 else 0


def _define(head: str, body: Body) -> str:
    lines = (line if line.endswith(":") else "  " + line for line in ("entry:", *body.lines))
    return "\n".join([f"define {head} {{", *lines, "}"])


def _far_angle() -> tuple[str, set[str]]:
    body = Body(0)
    result = math_functions.far_angle(body, body.parameter("i32", "%a"))
    body.lines.append(f"ret i64 {result.name}")
    # Not inlined, or LLVM could not put the loops that call it into vectors.
    head = f"i64 @{math_functions.FAR_ANGLE}(i32 %a) noinline nounwind willreturn memory(none)"
    return f"{math_functions.far_angle_table()}\n{_define(head, body)}", body.externals


def _extremum(body: Body, operation: str, a: Value, b: Value) -> Value:
    """In an order of which little is left where b is a constant."""
    if operation == "maximum":
        number, zeros = body.where(a < b, b, a), a.bits() & b.bits()
    else:
        number, zeros = body.where(a > b, b, a), a.bits() | b.bits()
    # Equal: the same number, or zeros whose signs decide. A NaN in a is there already.
    number = body.where(a.equals(b), zeros.of_bits(a.kind), number)
    return body.where(b.unordered(b), b, number)


def _extremum_of_variables(body: Body, operation: str, a: Value, b: Value) -> Value:
    if body.has_maxnm:  # which prefers numbers to NaNs; the sum is a NaN if one of them is
        number = body.call("maxnum" if operation == "maximum" else "minnum", a, b)
        return body.where(a.unordered(b), a + b, number)
    if body.branches:  # in a reduction, a is mostly beyond b
        is_beyond = a > b if operation == "maximum" else a < b
        return body.either(is_beyond, lambda: a, lambda: _extremum(body, operation, a, b))
    return _extremum(body, operation, a, b)


def _root(body: Body, a: Value) -> Value:
    """a^(1/2), which is 0 for -0 and infinite for both infinities."""
    minus_infinity = a.bits().equals(0xFF800000)
    return body.where(minus_infinity, float("inf"), body.call("fabs", body.call("sqrt", a)))


def _round_even(body: Body, a: Value) -> Value:
    """Adding the number from which on there are integers only rounds to one."""
    limit = _INTEGERS_FROM[a.kind]
    size = body.call("fabs", a)
    signed = body.call("copysign", (size + limit) - limit, a)
    return body.where(size < limit, signed, a)


def _truncate_to_bf16(body: Body, a: Value) -> Value:
    """To the nearest, ties to even; a NaN stays one."""
    bits = a.bits()
    high = bits.logical_shift(16)
    rounded = (bits + ((high & 1) + 0x7FFF)).logical_shift(16)
    chosen = body.where(a.unordered(a), high | 0x40, rounded)
    return chosen.truncated("i16").of_bits("bfloat")
