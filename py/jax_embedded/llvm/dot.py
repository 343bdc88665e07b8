# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of a dot for each dtype, in LLVM IR."""

from dataclasses import dataclass

from jax_embedded.shape import DTYPES


@dataclass(frozen=True)
class DotArithmetic:
    """element: LLVM's type in memory, of each part. sum: of the sum; wider than a half.

    parts: 2 for a complex number, else 1.
    align: of an element in memory, in bytes.
    """

    element: str
    sum: str
    parts: int
    align: int

    @property
    def _number(self) -> str:
        """The type that is computed with."""
        return "float" if self.element in ("half", "bfloat") else self.element

    def load(self, value: str, base: str, index: str) -> list[str]:
        """Defines VALUE.0 and, for complex numbers, VALUE.1."""
        memory = f"[{self.parts} x {self.element}]"
        lines = [f"{value}.at = getelementptr inbounds {memory}, ptr {base}, i32 {index}"]
        for part in range(self.parts):
            at = f"{value}.at.{part}"
            raw = f"{value}.{part}" if self._number == self.element else f"{value}.raw.{part}"
            lines += [
                f"{at} = getelementptr inbounds {self.element}, ptr {value}.at, i32 {part}",
                f"{raw} = load {self.element}, ptr {at}, align {self.align}",
            ]
            if raw != f"{value}.{part}":
                lines.append(f"{value}.{part} = fpext {self.element} {raw} to {self._number}")
        return lines

    def clear(self, sum_: str) -> str:
        return f"store {self.sum} zeroinitializer, ptr {sum_}, align 8"

    def add_product(self, prefix: str, sum_: str) -> list[str]:
        """The sum at SUM_ += PREFIX.lhs * PREFIX.rhs."""
        a, b, c, d = (f"{prefix}.{side}.{part}" for side in ("lhs", "rhs") for part in (0, 1))
        terms = [[("add", a, c)]]
        if self.parts > 1:
            terms = [[("add", a, c), ("sub", b, d)], [("add", a, d), ("add", b, c)]]
        products = []
        for part, factors in enumerate(terms):
            products.append([])
            for number, (operation, x, y) in enumerate(factors):
                name = f"{prefix}.{part}.{number}.product"
                products[part].append((operation, [self._operation("mul", name, x, y)], name))
        return self._update(prefix, sum_, products)

    def add(self, prefix: str, sum_: str, other: str) -> list[str]:
        """The sum at SUM_ += the sum at OTHER."""
        value = f"{prefix}.other"
        lines = [f"{value} = load {self.sum}, ptr {other}, align 8"]
        parts = [value]
        if self.parts > 1:
            parts = [f"{value}.{part}" for part in range(self.parts)]
            lines += [
                f"{name} = extractvalue {self.sum} {value}, {part}"
                for part, name in enumerate(parts)
            ]
        return lines + self._update(prefix, sum_, [[("add", [], part)] for part in parts])

    def _update(self, prefix: str, sum_: str, terms: list) -> list[str]:
        """terms: for each part, what goes into it: operation, instructions first, and value."""
        total = f"{prefix}.before"
        lines = [f"{total} = load {self.sum}, ptr {sum_}, align 8"]
        sums = []
        for part, summands in enumerate(terms):
            value = total
            if self.parts > 1:
                value = f"{total}.{part}"
                lines.append(f"{value} = extractvalue {self.sum} {total}, {part}")
            for number, (operation, made, summand) in enumerate(summands):
                after = f"{prefix}.{part}.{number}.after"
                lines += [*made, self._operation(operation, after, value, summand)]
                value = after
            sums.append(value)
        result = sums[0]
        if self.parts > 1:
            result = f"{prefix}.sum.1"
            number = self._number
            lines += [
                f"{prefix}.sum.0 = insertvalue {self.sum} poison, {number} {sums[0]}, 0",
                f"{result} = insertvalue {self.sum} {prefix}.sum.0, {number} {sums[1]}, 1",
            ]
        return [*lines, f"store {self.sum} {result}, ptr {sum_}, align 8"]

    def store(self, step: str, base: str, index: str) -> list[str]:
        """Writes the sum at STEP.sum as an element."""
        memory = f"[{self.parts} x {self.element}]"
        value = f"{step}.result"
        lines = [f"{value} = load {self.sum}, ptr {step}.sum, align 8"]
        if self._number != self.element:
            lines.append(f"{value}.narrow = fptrunc {self.sum} {value} to {self.element}")
            value += ".narrow"
        kind = self.element if self.parts == 1 else self.sum
        return [
            *lines,
            f"{step}.to = getelementptr inbounds {memory}, ptr {base}, i32 {index}",
            f"store {kind} {value}, ptr {step}.to, align {self.align}",
        ]

    def _operation(self, name: str, result: str, a: str, b: str) -> str:
        number = self._number
        if number.startswith("i"):
            return f"{result} = {name} {number} {a}, {b}"
        return f"{result} = f{name} contract {number} {a}, {b}"


def _arithmetic(dtype: str) -> DotArithmetic:
    facts = DTYPES[dtype]
    if facts.parts == 2:
        element = {"c64": "float", "c128": "double"}[dtype]
        return DotArithmetic(element, f"{{ {element}, {element} }}", 2, facts.align)
    element = {"f16": "half", "bf16": "bfloat"}.get(dtype, facts.llvm)
    wide = "float" if dtype in ("f16", "bf16") else element
    return DotArithmetic(element, wide, 1, facts.align)


# bool is not among them: XLA makes kernels of its logical sums.
DOTS = {name: _arithmetic(name) for name in DTYPES if name != "bool"}
