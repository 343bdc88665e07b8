# SPDX-License-Identifier: Apache-2.0
"""LLVM IR from expressions in Python: `x * x + 1.0` writes a multiplication and an addition.

The same expression writes a function of scalars or of vectors. No instruction has a fast-math flag,
so each rounds as IEEE 754 says, on every processor alike.
"""

import struct
from collections.abc import Callable, Sequence

# The integer of the same size, of each type of floats.
INTEGER_OF = {"half": "i16", "bfloat": "i16", "float": "i32", "double": "i64"}
_SUFFIX = {"half": "f16", "bfloat": "bf16", "float": "f32", "double": "f64"}


class Body:
    """The instructions of one function.

    lanes: of its vectors; 0 for scalars. lines: so far. externals: declarations of what it calls.
    branches: whether `either` computes one of the two only.
    fused: whether the processor has a fused multiply-add that may be used.
    has_maxnm: see Target.
    """

    def __init__(
        self, lanes: int, *, branches: bool = False, fused: bool = False, has_maxnm: bool = False
    ):
        self.lanes = lanes
        self.has_maxnm = has_maxnm
        self.branches = branches
        self.fused = fused
        self.lines: list[str] = []
        self.externals: set[str] = set()
        self._block = "entry"

    def write(self, kind: str, instruction: str) -> "Value":
        """kind: see Value; of what the instruction makes."""
        value = Value(self, kind, f"%v{len(self.lines)}")
        self.lines.append(f"{value.name} = {instruction}")
        return value

    def type(self, kind: str) -> str:
        return f"<{self.lanes} x {kind}>" if self.lanes else kind

    def parameter(self, kind: str, name: str) -> "Value":
        return Value(self, kind, name)

    def constant(self, kind: str, number: float) -> "Value":
        if kind == "float":
            text = _double_bits(number)
        else:
            text = str(float(number) if kind in INTEGER_OF else _signed(kind, int(number)))
        return Value(self, kind, f"splat ({kind} {text})" if self.lanes else text)

    def call(self, intrinsic: str, *operands: "Value") -> "Value":
        """A function of LLVM's that takes and gives values of one type."""
        kind = operands[0].kind
        lanes = f"v{self.lanes}" if self.lanes else ""
        return self.call_function(
            f"llvm.{intrinsic}.{lanes}{_SUFFIX.get(kind, kind)}", kind, *operands
        )

    def call_function(self, function: str, result: str, *operands: "Value") -> "Value":
        """result: the kind of what it gives; a function of vectors, if this one is."""
        taken = [self.type(operand.kind) for operand in operands]
        self.externals.add(f"declare {self.type(result)} @{function}({', '.join(taken)})")
        given = (f"{kind} {operand.name}" for kind, operand in zip(taken, operands, strict=True))
        return self.write(result, f"call {self.type(result)} @{function}({', '.join(given)})")

    def where(self, condition: "Value", one: "Value | float", other: "Value | float") -> "Value":
        """`one` where the condition holds, else `other`."""
        kind = next((v.kind for v in (one, other) if isinstance(v, Value)), "float")
        one, other = self._value(kind, one), self._value(kind, other)
        return self.write(
            kind,
            f"select {self.type('i1')} {condition.name}, {self.type(kind)} {one.name},"
            f" {self.type(kind)} {other.name}",
        )

    def either(
        self, condition: "Value", one: Callable[[], "Value"], other: Callable[[], "Value"]
    ) -> "Value":
        """What `one` gives where the condition holds, else what `other` gives."""
        if not self.branches:
            rest = other()
            return self.where(condition, one(), rest)
        number = len(self.lines)
        labels = [f"one.{number}", f"other.{number}"]
        join = f"join.{number}"
        self.lines.append(f"br i1 {condition.name}, label %{labels[0]}, label %{labels[1]}")
        sources, kind = [], ""
        for label, arm in zip(labels, (one, other), strict=True):
            self.lines.append(f"{label}:")
            self._block = label
            value = arm()
            kind = value.kind
            sources.append(f"[ {value.name}, %{self._block} ]")
            self.lines.append(f"br label %{join}")
        self.lines.append(f"{join}:")
        self._block = join
        return self.write(kind, f"phi {self.type(kind)} {', '.join(sources)}")

    def replace_where_any(
        self, condition: "Value", n: "Value", r: "Value", function: str, of: "Value", harmless: int
    ) -> tuple["Value", "Value"]:
        """An i32 and a float; where the condition holds, what `function` makes of `of` instead.

        function: of one i32, even for vectors, to an i64: the float's bits, below the i32. It is
        called only if the condition holds; for vectors in any lane, in the others of `harmless`.
        """
        rare, join, before = f"rare.{len(self.lines)}", f"join.{len(self.lines)}", self._block
        any_lane = condition
        if self.lanes:
            whole = f"i{self.lanes}"
            mask = self.write(whole, f"bitcast {self.type('i1')} {condition.name} to {whole}")
            any_lane = self.write("i1", f"icmp ne {whole} {mask.name}, 0")
            of = self.where(condition, of, self.constant(of.kind, harmless))
        self.lines += [f"br i1 {any_lane.name}, label %{rare}, label %{join}", f"{rare}:"]
        both = self.call_by_lane(function, "i64", of)
        rare_n, rare_r = both.logical_shift(32).truncated(), both.truncated().of_bits()
        if self.lanes:
            rare_n, rare_r = self.where(condition, rare_n, n), self.where(condition, rare_r, r)
        self.lines += [f"br label %{join}", f"{join}:"]
        self._block = join

        def joined(usual: Value, other: Value) -> Value:
            sources = f"[ {usual.name}, %{before} ], [ {other.name}, %{rare} ]"
            return self.write(usual.kind, f"phi {self.type(usual.kind)} {sources}")

        return joined(n, rare_n), joined(r, rare_r)

    def call_by_lane(self, function: str, result: str, operand: "Value") -> "Value":
        """Calls a function of scalars for each lane. result: the kind of what it gives."""
        kind = operand.kind
        self.externals.add(f"declare {result} @{function}({kind}) nounwind memory(none)")
        if not self.lanes:
            return self.write(result, f"call {result} @{function}({kind} {operand.name})")
        made = Value(self, result, "poison")
        for lane in range(self.lanes):
            vector = f"{self.type(kind)} {operand.name}"
            x = self.write(kind, f"extractelement {vector}, i32 {lane}")
            y = self.write(result, f"call {result} @{function}({kind} {x.name})")
            vector = f"{self.type(result)} {made.name}"
            made = self.write(result, f"insertelement {vector}, {result} {y.name}, i32 {lane}")
        return made

    def _value(self, kind: str, value: "Value | float") -> "Value":
        return value if isinstance(value, Value) else self.constant(kind, value)


class Value:
    """A value of a function's body.

    kind: LLVM's type of it or, in a function of vectors, of a lane. name: as written in LLVM IR.

    Operators write an instruction. `<` and the like are those of signed integers and, false where
    one is a NaN, of floats.
    """

    def __init__(self, body: Body, kind: str, name: str):
        self.body = body
        self.kind = kind
        self.name = name
        self.is_float = kind in INTEGER_OF

    def _binary(self, integer: str, other: "Value | float", *, swap: bool = False) -> "Value":
        operation = "f" + integer if self.is_float else integer
        a, b = self, self.body._value(self.kind, other)
        if swap:
            a, b = b, a
        return self.body.write(
            self.kind, f"{operation} {self.body.type(self.kind)} {a.name}, {b.name}"
        )

    def _compare(self, predicate: str, other: "Value | float") -> "Value":
        b = self.body._value(self.kind, other)
        return self.body.write(
            "i1", f"{predicate} {self.body.type(self.kind)} {self.name}, {b.name}"
        )

    def __add__(self, other: "Value | float") -> "Value":
        return self._binary("add", other)

    def __radd__(self, other: float) -> "Value":
        return self._binary("add", other, swap=True)

    def __sub__(self, other: "Value | float") -> "Value":
        return self._binary("sub", other)

    def __rsub__(self, other: float) -> "Value":
        return self._binary("sub", other, swap=True)

    def __mul__(self, other: "Value | float") -> "Value":
        return self._binary("mul", other)

    def __rmul__(self, other: float) -> "Value":
        return self._binary("mul", other, swap=True)

    def times(self, other: "Value | float", *, plus: "Value | float") -> "Value":
        """self * other + plus; rounded once, if the body is fused."""
        if not self.body.fused:
            return self * other + plus
        return self.body.call("fma", self, *(self.body._value(self.kind, v) for v in (other, plus)))

    def __truediv__(self, other: "Value | float") -> "Value":
        return self._binary("div", other)

    def __rtruediv__(self, other: float) -> "Value":
        return self._binary("div", other, swap=True)

    def __neg__(self) -> "Value":
        return self.body.write(self.kind, f"fneg {self.body.type(self.kind)} {self.name}")

    def __and__(self, other: "Value | int") -> "Value":
        return self._binary("and", other)

    def __or__(self, other: "Value | int") -> "Value":
        return self._binary("or", other)

    def __xor__(self, other: "Value | int") -> "Value":
        return self._binary("xor", other)

    def __lshift__(self, other: "Value | int") -> "Value":
        return self._binary("shl", other)

    def __rshift__(self, other: "Value | int") -> "Value":
        """Copies the sign."""
        return self._binary("ashr", other)

    def logical_shift(self, other: "Value | int") -> "Value":
        """To the right, zeros in."""
        return self._binary("lshr", other)

    def __lt__(self, other: "Value | float") -> "Value":
        return self._compare("fcmp olt" if self.is_float else "icmp slt", other)

    def __gt__(self, other: "Value | float") -> "Value":
        return self._compare("fcmp ogt" if self.is_float else "icmp sgt", other)

    def above(self, other: "Value | int") -> "Value":
        """As unsigned integers."""
        return self._compare("icmp ugt", other)

    def below(self, other: "Value | int") -> "Value":
        """As unsigned integers."""
        return self._compare("icmp ult", other)

    def equals(self, other: "Value | float") -> "Value":
        return self._compare("fcmp oeq" if self.is_float else "icmp eq", other)

    def unordered(self, other: "Value") -> "Value":
        """Whether one of these floats is a NaN."""
        return self._compare("fcmp uno", other)

    def bits(self) -> "Value":
        """The integer that has the bits of this float."""
        return self.convert("bitcast", INTEGER_OF[self.kind])

    def of_bits(self, kind: str = "float") -> "Value":
        """The float whose bits this integer has."""
        return self.convert("bitcast", kind)

    def to_float(self) -> "Value":
        """The float nearest to this signed integer."""
        return self.convert("sitofp", "float")

    def to_integer(self) -> "Value":
        """Towards zero. Undefined for a float that no i32 is near."""
        return self.convert("fptosi", "i32")

    def extended(self) -> "Value":
        """The i64 of this unsigned integer."""
        return self.convert("zext", "i64")

    def truncated(self, kind: str = "i32") -> "Value":
        """The low bits of this integer."""
        return self.convert("trunc", kind)

    def convert(self, operation: str, kind: str) -> "Value":
        """operation: an instruction of LLVM's."""
        source, target = self.body.type(self.kind), self.body.type(kind)
        return self.body.write(kind, f"{operation} {source} {self.name} to {target}")


def polynomial(x: Value, coefficients: Sequence[Value | float]) -> Value:
    """coefficients[0] + coefficients[1] * x + … by Horner's rule."""
    *rest, last = coefficients
    value = x.body._value(x.kind, last)
    for coefficient in reversed(rest):
        value = value.times(x, plus=coefficient)
    return value


def _double_bits(number: float) -> str:
    """As LLVM writes a float: the bits of the double it equals; rounded to a float first."""
    rounded = struct.unpack("<f", struct.pack("<f", number))[0]
    return f"0x{struct.unpack('<Q', struct.pack('<d', rounded))[0]:016X}"


def _signed(kind: str, number: int) -> int:
    """The signed integer with the same bits."""
    if kind == "i1":
        return number
    half = 1 << (int(kind.removeprefix("i")) - 1)
    return (number + half) % (2 * half) - half
