# SPDX-License-Identifier: Apache-2.0
"""Two neighbouring f32 by one load, on an FPU whose registers overlap two by two: VLDR and VLDM of
doubles, which every FPU of a Cortex-M has.

LLVM makes no such loads of its own. It takes a double apart into two floats without an instruction
if it believes that there are NEON's registers. It must then not use them: `functions_with_neon`
looks at what it wrote. Of some tiles (`trial.py`) that one is taken with which it uses none and the
function takes the fewest instructions; without any, or if it is used after all, there are no pairs.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence

from llvmlite import ir

from jax_embedded.llvm.emitters.code import I32, Code, Index
from jax_embedded.llvm.emitters.number import Number, Value
from jax_embedded.target import Target

_DOUBLE = ir.DoubleType()
# llvmlite's builder has no such instruction; `with_freeze` makes it of a call of this and the type.
_FREEZE = "jax_embedded.freeze."
_FROZEN = re.compile(rf'call (\w+) @"{re.escape(_FREEZE)}\w+"\(\w+ (%"?[\w.]+"?)\)')

_LABEL = re.compile(r'"?([A-Za-z_][^":\s]*)"?:')
_NEON_REGISTER = re.compile(r"\b(d(1[6-9]|2\d|3[01])|q(\d|1[0-5]))\b")
_NEON_ALONE = re.compile(
    r"v(ld|st)[1-4]\b|v(dup|ext|trn|zip|uzp|rev\d+|tbl|orr|orn|and|eor|bic|mvn|bsl|bit|bif)\b"
)
_VECTOR_OF_TWO = re.compile(r"v\w+\.([fisu](8|16|32|64)|\d+)\s+d\d")


class Loads:
    """The elements of one side that a stretch of code reads; each is loaded once, when it is asked
    for, together with its neighbour if that is wanted too.

    one: loads the element at an index. two: it and the next one.
    """

    def __init__(
        self,
        one: Callable[[int], Value],
        two: Callable[[int], tuple[Value, Value]],
        wanted: Iterable[int],
    ):
        self._one, self._two = one, two
        self._wanted = set(wanted)
        self._loaded: dict[int, Value] = {}

    def load(self, index: int) -> Value:
        if index not in self._loaded:
            first = min(self._run(index))
            even = index - (index - first) % 2
            if even + 1 in self._wanted:
                self._loaded[even], self._loaded[even + 1] = self._two(even)
            else:
                self._loaded[index] = self._one(index)
        return self._loaded[index]

    def _run(self, index: int) -> range:
        first = index
        while first - 1 in self._wanted:
            first -= 1
        return range(first, index + 1)


def load_two(code: Code, number: Number, base: ir.Value, index: Index) -> tuple[Value, Value]:
    """The element at the index and its neighbour, by one load."""
    address = number.address(code, base, index)
    return _halves(code, number, code.load(_DOUBLE, address, number.align))


def load_run(
    code: Code, number: Number, base: ir.Value, registers: Sequence[int]
) -> Callable[[int], Value]:
    """The first elements, two in each of these registers for doubles, which are neighbours: one
    VLDM.
    """
    addresses = [number.address(code, base, 2 * i) for i in range(len(registers))]
    doubles = [code.load(_DOUBLE, address, number.align) for address in addresses]
    # Out of a register of its own choice for each, LLVM mostly makes no VLDM.
    held = code.in_registers(doubles, [f"d{register}" for register in registers])
    return [one for double in held for one in _halves(code, number, double)].__getitem__


def _halves(code: Code, number: Number, double: ir.Value) -> tuple[Value, Value]:
    # Without `frozen`, LLVM makes two loads of the one.
    vector = code.build.bitcast(frozen(code, double), ir.VectorType(number.type, 2))
    first, second = (code.build.extract_element(vector, I32(i)) for i in range(2))
    return [first], [second]


def frozen(code: Code, value: ir.Value) -> ir.Value:
    """The same value, of which LLVM does not see how it was made."""
    freeze = code.declare(f"{_FREEZE}{value.type}", ir.FunctionType(value.type, [value.type]))
    return code.build.call(freeze, [value])


def neon_attributes(target: Target) -> str:
    """Of a function that is compiled as if there was NEON."""
    attributes = f' "target-features"="{target.features},+neon"'
    if target.schedule:
        attributes += f' "target-cpu"="{target.schedule}"'
    return attributes


def with_neon(llvm_ir: str, target: Target) -> str:
    """The functions, to be compiled as if there was NEON."""
    return "\n".join(
        line + neon_attributes(target) if line.startswith("define ") else line
        for line in with_freeze(llvm_ir).splitlines()
    )


def with_freeze(llvm_ir: str) -> str:
    """The functions with what `frozen` stands for."""
    lines = _FROZEN.sub(r"freeze \1 \2", llvm_ir).splitlines()
    return "\n".join(one for one in lines if not (one.startswith("declare") and _FREEZE in one))


def functions_with_neon(assembly: str, names: Collection[str]) -> frozenset[str]:
    """Those of the functions with an instruction that needs more than the FPU of a Cortex-M, or
    doubles.

    assembly: GNU assembler's, as LLVM writes it.
    """
    found = set()
    function = ""
    for line in assembly.splitlines():
        label = _LABEL.match(line)
        if label:
            function = label[1]
        elif function in names and _needs_neon(line.strip()):
            found.add(function)
    return frozenset(found)


def _needs_neon(instruction: str) -> bool:
    mnemonic, _, operands = instruction.partition("\t")
    if not mnemonic.startswith("v"):
        return False
    return bool(
        _NEON_ALONE.match(mnemonic)
        or _VECTOR_OF_TWO.match(f"{mnemonic} {operands}")
        or _NEON_REGISTER.search(operands)
    )
