# SPDX-License-Identifier: Apache-2.0
"""Definitions of the math functions that XLA's kernels call and LLVM or the C library lack.

XLA's own names (xla.tanh.f32) become calls of the C library, one per lane. llvm.maximum and
llvm.minimum become comparisons: no C library for Cortex-M has fmaximumf, and on some cores LLVM
cannot select them at all. Both return a NaN if either operand is one, and order -0 below +0.
llvm.roundeven becomes an addition that rounds: no C library for Cortex-M has roundevenf.
xla.fptrunc to bf16 becomes integer operations: no compiler runtime for Cortex-M has __truncsfbf2.
"""

import re

_LIBM = {"atan": "atan", "tanh": "tanh", "erf": "erf", "log1p": "log1p", "expm1": "expm1"}
# LLVM's type, the suffix of the C library's functions, the integer of the same size.
_TYPES = {
    "f16": ("half", "", "i16"),
    "bf16": ("bfloat", "", "i16"),
    "f32": ("float", "f", "i32"),
    "f64": ("double", "", "i64"),
}
# From here on every number of the type is an integer.
_INTEGERS_FROM = {"f16": "1024.0", "f32": "8388608.0", "f64": "4503599627370496.0"}

_OURS = re.compile(
    r"@(?:"
    r"xla\.(?P<truncate>fptrunc)\.(?:v\d+)?f32\.to"
    r"|xla\.(?P<xla>atan|tanh|erf|log1p|expm1|rsqrt)"
    r"|llvm\.(?P<llvm>maximum|minimum|roundeven)"
    r")\.(?:v(?P<lanes>\d+))?(?P<type>bf16|f16|f32|f64)\b"
)


def rename_math(text: str) -> tuple[str, frozenset[str]]:
    """Redirects the calls to definitions of ours. Returns the text and the names to define."""
    found = frozenset(_ours(match) for match in _OURS.finditer(text))
    lines = [
        line
        for line in text.splitlines()
        if not (line.startswith("declare ") and _OURS.search(line))
    ]
    renamed = _OURS.sub(lambda match: "@" + _ours(match), "\n".join(lines) + "\n")
    declarations = [_declaration(name) + "\n" for name in sorted(found)]
    return renamed + "".join(declarations), found


def define_math(names: frozenset[str]) -> str:
    """A module with a definition of each name that `rename_math` returned, and what it calls."""
    bodies: list[str] = []
    externals: set[str] = set()
    for name in sorted(names):
        operation, lanes, kind = _split(name)
        bodies.append(_definition(name, operation, lanes, kind, externals))
    return "\n".join([*sorted(externals), *bodies]) + "\n"


def _ours(match: re.Match[str]) -> str:
    operation = match["truncate"] or match["xla"] or match["llvm"]
    lanes = f"v{match['lanes']}" if match["lanes"] else ""
    return f"jxe.{operation}.{lanes}{match['type']}"


def _split(name: str) -> tuple[str, int, str]:
    _, operation, kind = name.split(".")
    match = re.fullmatch(r"(?:v(\d+))?(b?f\d+)", kind)
    assert match
    return operation, int(match[1] or 0), match[2]


def _type(lanes: int, scalar: str) -> str:
    return f"<{lanes} x {scalar}>" if lanes else scalar


def _signature(name: str) -> tuple[str, str, list[str]]:
    """The type of the value, that of the operands, and their names."""
    operation, lanes, kind = _split(name)
    value = _type(lanes, _TYPES[kind][0])
    operand = _type(lanes, "float") if operation == "fptrunc" else value
    count = 2 if operation in ("maximum", "minimum") else 1
    return value, operand, ["%a", "%b"][:count]


def _declaration(name: str) -> str:
    value, operand, operands = _signature(name)
    return f"declare {value} @{name}({', '.join([operand] * len(operands))})"


def _definition(name: str, operation: str, lanes: int, kind: str, externals: set[str]) -> str:
    value, operand, operands = _signature(name)
    scalar, suffix, integer = _TYPES[kind]
    if operation in ("maximum", "minimum"):
        body = _extremum(operation, value, _type(lanes, integer), _type(lanes, "i1"))
        if scalar in ("half", "bfloat"):  # an addition would call the compiler runtime
            quiet = f"%nan = select {_type(lanes, 'i1')} %a.isnan, {value} %a, {value} %b"
            body[-2:-1] = [f"%a.isnan = fcmp uno {value} %a, %a", quiet]
    elif operation == "fptrunc":
        body = _truncate_to_bf16(lanes)
    elif operation == "roundeven":
        body = _round_even(value, lanes, scalar, kind, externals)
    elif operation == "rsqrt":
        root = f"llvm.sqrt.{f'v{lanes}' if lanes else ''}{kind}"
        externals.add(f"declare {value} @{root}({value})")
        one = _splat(lanes, scalar, "1.0")
        body = [f"%root = call {value} @{root}({value} %a)", f"%r = fdiv {value} {one}, %root"]
    else:
        callee = _LIBM[operation] + suffix
        externals.add(f"declare {scalar} @{callee}({scalar}) nounwind memory(none)")
        body = _per_lane(value, lanes, scalar, callee)
    parameters = ", ".join(f"{operand} {register}" for register in operands)
    lines = "\n".join("  " + line for line in body)
    head = f"define {value} @{name}({parameters}) alwaysinline nounwind"
    return f"{head} {{\n{lines}\n  ret {value} %r\n}}"


def _splat(lanes: int, scalar: str, number: str) -> str:
    return f"<{', '.join([f'{scalar} {number}'] * lanes)}>" if lanes else number


def _per_lane(value: str, lanes: int, scalar: str, callee: str) -> list[str]:
    if not lanes:
        return [f"%r = call {scalar} @{callee}({scalar} %a)"]
    lines = []
    previous = "poison"
    for lane in range(lanes):
        result = "%r" if lane == lanes - 1 else f"%v{lane}"
        lines += [
            f"%x{lane} = extractelement {value} %a, i32 {lane}",
            f"%y{lane} = call {scalar} @{callee}({scalar} %x{lane})",
            f"{result} = insertelement {value} {previous}, {scalar} %y{lane}, i32 {lane}",
        ]
        previous = result
    return lines


def _extremum(operation: str, value: str, integer: str, boolean: str) -> list[str]:
    order, zeros = ("ogt", "and") if operation == "maximum" else ("olt", "or")
    return [
        f"%first = fcmp {order} {value} %a, %b",
        f"%ordered = select {boolean} %first, {value} %a, {value} %b",
        # Equal: the same number, or zeros whose signs decide.
        f"%ai = bitcast {value} %a to {integer}",
        f"%bi = bitcast {value} %b to {integer}",
        f"%zi = {zeros} {integer} %ai, %bi",
        f"%z = bitcast {integer} %zi to {value}",
        f"%equal = fcmp oeq {value} %a, %b",
        f"%number = select {boolean} %equal, {value} %z, {value} %ordered",
        f"%isnan = fcmp uno {value} %a, %b",
        f"%nan = fadd {value} %a, %b",
        f"%r = select {boolean} %isnan, {value} %nan, {value} %number",
    ]


def _round_even(value: str, lanes: int, scalar: str, kind: str, externals: set[str]) -> list[str]:
    """Adding the number from which on there are integers only rounds to one."""
    vector = f"v{lanes}" if lanes else ""
    externals.add(f"declare {value} @llvm.fabs.{vector}{kind}({value})")
    externals.add(f"declare {value} @llvm.copysign.{vector}{kind}({value}, {value})")
    limit = _splat(lanes, scalar, _INTEGERS_FROM[kind])
    return [
        f"%size = call {value} @llvm.fabs.{vector}{kind}({value} %a)",
        f"%sum = fadd {value} %size, {limit}",
        f"%rounded = fsub {value} %sum, {limit}",
        f"%signed = call {value} @llvm.copysign.{vector}{kind}({value} %rounded, {value} %a)",
        f"%small = fcmp olt {value} %size, {limit}",
        f"%r = select {_type(lanes, 'i1')} %small, {value} %signed, {value} %a",
    ]


def _truncate_to_bf16(lanes: int) -> list[str]:
    """To the nearest, ties to even; a NaN stays one."""
    wide, narrow, boolean = (_type(lanes, name) for name in ("i32", "i16", "i1"))
    sixteen, one, half, quiet = (
        _splat(lanes, "i32", number) for number in ("16", "1", "32767", "64")
    )
    return [
        f"%bits = bitcast {_type(lanes, 'float')} %a to {wide}",
        f"%high = lshr {wide} %bits, {sixteen}",
        f"%odd = and {wide} %high, {one}",
        f"%bias = add {wide} %odd, {half}",
        f"%sum = add {wide} %bits, %bias",
        f"%rounded = lshr {wide} %sum, {sixteen}",
        f"%nan = or {wide} %high, {quiet}",
        f"%isnan = fcmp uno {_type(lanes, 'float')} %a, %a",
        f"%chosen = select {boolean} %isnan, {wide} %nan, {wide} %rounded",
        f"%short = trunc {wide} %chosen to {narrow}",
        f"%r = bitcast {narrow} %short to {_type(lanes, 'bfloat')}",
    ]
