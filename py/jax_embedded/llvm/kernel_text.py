# SPDX-License-Identifier: Apache-2.0
"""Makes the text of XLA's kernels fit our LLVM, and true outside of XLA's runtime.

XLA writes its LLVM IR for one kernel called by its own runtime on the host. Linked into one
function, some of what it says is false (a temporary is not invariant, a pointer of the caller is
not aligned to 64 bytes), and some is newer than the LLVM that reads it. What remains unknown is
left as it is: LLVM's parser refuses it with the line.
"""

import functools
import re
import struct
from fractions import Fraction

from jax_embedded.errors import InternalError
from jax_embedded.llvm.kernel_erf import with_erf

_WIDTH = {"i1": 1, "i8": 1, "i16": 2, "half": 2, "bfloat": 2, "i32": 4, "float": 4, "ptr": 4}

_DROPPED_LINE = re.compile(
    r"^(;|source_filename|target (datalayout|triple)|attributes #|!)|"
    r"call void @llvm\.(assume|experimental\.noalias\.scope\.decl)\("
)
_ATTACHMENT = re.compile(r",? ![\w.]+ !(\d+|\{\})")
_ATTRIBUTE_GROUP = re.compile(r" #\d+")
_PARAMETER_ATTRIBUTE = re.compile(
    r" (noundef|nonnull|nocapture|readonly|writeonly|readnone|returned|immarg|nofree|writable|"
    r"dead_on_unwind|(dereferenceable|dereferenceable_or_null|captures|nofpclass|range)\([^()]*\)|"
    r"initializes\(\([^()]*\)\)|align \d+)(?=[ ,)])"
)
_NOALIAS = re.compile(r" noalias(?=[ ,)])")
_ALIGN = re.compile(r", align (\d+)")
_ACCESS = re.compile(r"\b(?:load|store) (.*?), ptr ")
_SCALAR_TYPE = re.compile(r"(?<![\w.%@$-])(i\d+|half|bfloat|float|double|ptr)(?![\w.$-])")
_QUOTED = re.compile(r'"[^"]*"')
_ALLOCA_ALIGN = 8
_ARITHMETIC = re.compile(r"= f(add|sub|mul) ")

# What a module defines; a name or, kept apart from names, a string; a label is a name without %.
_DEFINED = re.compile(r'^(?:define [^@]*)?(@(?:"[^"]*"|[-\w.$]+))(?: =|\()', re.MULTILINE)
_NAME = re.compile(
    r'c"[^"]*"|[%@](?:"[^"]*"|[-\w.$]+)|^(?P<label>"[^"]*"|[-\w.$]+)(?=:)', re.MULTILINE
)

_NUMBER = re.compile(
    r"(?<![\w.%@#-])("
    r"[+-]?\d+\.\d+(?:e[+-]?\d+)?|f0x[0-9A-Fa-f]+|[+-]?inf\b|[+-]?[qs]?nan(?:\(0x[0-9A-Fa-f]+\))?)"
    r"(?![\w.(])"
)
_FLOAT_TYPE = re.compile(r"(?<![\w.%@$-])(half|bfloat|float|double)(?![\w.$-])")
# name -> (exponent bits, fraction bits)
_FORMATS = {"half": (5, 10), "bfloat": (8, 7), "float": (8, 23), "double": (11, 52)}


def clean_kernel(text: str, *, keep_noalias: bool, contract: bool) -> str:
    """The module without everything that is about XLA's runtime or the host.

    keep_noalias: keep XLA's claims that the buffers of a kernel do not overlap.
    contract: allow LLVM to fuse multiplications and additions, as XLA does when it generates code.
    Errors: InternalError for a floating-point number that cannot be read.
    """
    lines = (_clean_line(line, keep_noalias, contract) for line in text.splitlines())
    return with_erf("\n".join(line for line in lines if line) + "\n")


def canonical_kernel(text: str) -> str:
    """The cleaned module with numbers for its own names: the same for the same code."""
    own = frozenset(_DEFINED.findall(text))
    numbers: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        name = match[0]
        if match["label"]:
            name = "%" + name
        elif name[0] not in "%@" or (name[0] == "@" and name not in own):
            return name
        return numbers.setdefault(name, f"{name[0]}{len(numbers)}")

    return _NAME.sub(number, text)


@functools.lru_cache(maxsize=1 << 16)  # kernels have most lines in common
def _clean_line(line: str, keep_noalias: bool, contract: bool) -> str:
    """The line, or nothing."""
    if not line.strip() or _DROPPED_LINE.search(line):
        return ""
    line = _ATTACHMENT.sub("", _ATTRIBUTE_GROUP.sub("", line.split(" ; preds")[0].rstrip()))
    if re.match(r"(define|declare) |.*\bcall ", line):
        line = _PARAMETER_ATTRIBUTE.sub("", line)
        if not keep_noalias or not line.startswith("define"):
            line = _NOALIAS.sub("", line)
    if line.startswith("define "):
        # All of XLA's functions end up in the one exported function.
        line = re.sub(r"\)[^()]*\{$", ") alwaysinline nounwind {", line)
    line = _true_alignment(line)
    if contract:
        line = _ARITHMETIC.sub(r"= f\1 contract ", line)
    return rewrite_numbers(line)


def _true_alignment(line: str) -> str:
    """A kernel knows no more of a pointer than that it is aligned to the element."""
    if " = alloca " in line:
        return _ALIGN.sub(lambda m: f", align {min(int(m[1]), _ALLOCA_ALIGN)}", line)
    access = _ACCESS.search(line)
    if not access:
        return line
    width = min((_WIDTH.get(t, 8) for t in _SCALAR_TYPE.findall(access[1])), default=1)
    return _ALIGN.sub(lambda m: f", align {min(int(m[1]), width)}", line)


def rewrite_numbers(line: str) -> str:
    """Writes every floating-point number as LLVM's hexadecimal, which all releases read alike.

    Newer LLVM writes `+inf`, `f0x3C23D70A` and decimals that are not exact, ours refuses them. The
    type of a number is the last one named to the left of it.
    """

    if line.startswith(("define", "declare")):
        return line
    unquoted = _QUOTED.sub(lambda quoted: "_" * len(quoted[0]), line)
    pieces = []
    done = 0
    for number in _NUMBER.finditer(unquoted):
        types = _FLOAT_TYPE.findall(unquoted, 0, number.start())
        if types:
            pieces += [line[done : number.start()], _hexadecimal(number[1], types[-1])]
            done = number.end()
    return "".join([*pieces, line[done:]])


def _hexadecimal(text: str, kind: str) -> str:
    exponent_bits, fraction_bits = _FORMATS[kind]
    bits = _bits(text, kind, exponent_bits, fraction_bits)
    if kind == "half":
        return f"0xH{bits:04X}"
    if kind == "bfloat":
        return f"0xR{bits:04X}"
    if kind == "float":
        bits = _float_as_double(bits)
    return f"0x{bits:016X}"


def _bits(text: str, kind: str, exponent_bits: int, fraction_bits: int) -> int:
    infinity = ((1 << exponent_bits) - 1) << fraction_bits
    sign = (1 << (exponent_bits + fraction_bits)) if text.startswith("-") else 0
    body = text.lstrip("+-")
    if body.startswith("f0x"):
        return int(body[3:], 16)
    if body == "inf":
        return sign | infinity
    if "nan" in body:
        payload = re.search(r"\(0x([0-9A-Fa-f]+)\)", body)
        quiet = 0 if body.startswith("snan") else 1 << (fraction_bits - 1)
        return sign | infinity | quiet | (int(payload[1], 16) if payload else 0)
    bits = _nearest(Fraction(body), exponent_bits, fraction_bits)
    if bits >= infinity:
        raise InternalError(f"LLVM IR: expected a number of type {kind}, found {text}")
    return sign | bits


def _nearest(value: Fraction, exponent_bits: int, fraction_bits: int) -> int:
    """The bits of the number nearest to `value`, which is not negative; ties go to even."""
    if value == 0:
        return 0
    bias = (1 << (exponent_bits - 1)) - 1
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    if value < Fraction(2) ** exponent:
        exponent -= 1
    exponent = max(exponent, 1 - bias)  # subnormals share the least exponent
    significand = round(value / Fraction(2) ** (exponent - fraction_bits))
    return ((exponent + bias - 1) << fraction_bits) + significand


def _float_as_double(bits: int) -> int:
    """The bits of the double that a float extends to, NaN payloads included."""
    sign, exponent, fraction = bits >> 31, bits >> 23 & 0xFF, bits & 0x7FFFFF
    if exponent == 0xFF:
        return sign << 63 | 0x7FF << 52 | fraction << 29
    value = struct.unpack("<f", struct.pack("<I", bits))[0]
    return struct.unpack("<Q", struct.pack("<d", value))[0]
