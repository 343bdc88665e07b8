# SPDX-License-Identifier: Apache-2.0
"""Functions with more values than registers, on this machine and as LLVM compiles them."""

import ctypes
import random
import re

import llvmlite.binding as llvm
import numpy as np
import pytest

from jax_embedded.llvm.assembly import executed, stack_bytes
from jax_embedded.llvm.host_testing import loaded
from jax_embedded.llvm.kept_values import with_fewer_kept
from jax_embedded.llvm.targets import target_machine
from jax_embedded.target import TARGETS

MACHINE = target_machine(TARGETS["cortex-m4f"])
ELEMENTS = 24
INPUT = "ptr noalias readonly align 4 %{}"
RESULT = "ptr noalias writeonly align 4 %out"


def function(lines: list[str], parameters: str = "", result: str = RESULT) -> str:
    """Reads a and b, writes out, each with ELEMENTS."""
    inputs = ", ".join(INPUT.format(name) for name in "ab")
    body = "\n".join(f"  {line}" for line in [*lines, "ret void"])
    return f"define void @f({inputs}, {result}{parameters}) {{\n{body}\n}}\n"


def address(name: str, array: str, element: int) -> str:
    return f"%{name} = getelementptr inbounds i8, ptr %{array}, i32 {4 * element}"


def read(name: str, array: str, element: int, kind: str = "float") -> list[str]:
    return [
        address(f"{name}.at", array, element),
        f"%{name} = load {kind}, ptr %{name}.at, align 4",
    ]


def write(name: str, element: int, kind: str = "float") -> list[str]:
    at = f"out.{element}.at"
    return [address(at, "out", element), f"store {kind} %{name}, ptr %{at}, align 4"]


VECTOR = "<4 x float>"
FIRST_OF_VECTORS = 12


def some_function(seed: int) -> list[str]:
    """Of the lines, some read, some compute with anything that there is, some write."""
    choice = random.Random(seed)
    lines: list[str] = []
    values: dict[str, list[str]] = {"float": [], VECTOR: []}
    unwritten = {
        "float": list(range(FIRST_OF_VECTORS)),
        VECTOR: list(range(FIRST_OF_VECTORS, ELEMENTS, 4)),
    }
    for number in range(choice.randrange(30, 150)):
        kind = choice.choice([*values])
        there = values[kind]
        name = f"v{number}"
        what = choice.random()
        if what < 0.3 or len(there) < 2:
            lines += read(name, choice.choice("ab"), choice.randrange(ELEMENTS - 3), kind)
            there.append(name)
        elif what < 0.9 or not unwritten[kind]:
            operation = choice.choice(["fadd", "fsub"])
            x, y = choice.choice(there[-12:]), choice.choice(there)
            lines.append(f"%{name} = {operation} {kind} %{x}, %{y}")
            there.append(name)
        else:
            lines += write(choice.choice(there), unwritten[kind].pop(), kind)
    for kind, elements in unwritten.items():
        for element in elements:
            lines += write(choice.choice(values[kind]), element, kind)
    return lines


def most_kept(text: str) -> int:
    """Registers of 32 bits that are in use."""
    most = 0
    kept: dict[str, int] = {}
    for line in reversed(text.splitlines()):
        found = re.match(r"  (?:%(\S+) = )?\S+(?: volatile)? (float|<4 x float>)[ ,](.*)", line)
        if not found:
            continue
        result, kind, operands = found.groups()
        most = max(most, sum(kept.values()))
        kept.pop(result, None)
        for name in re.findall(r"%(\S+\b)", operands.partition("ptr")[0]):
            kept[name] = 4 if kind == VECTOR else 1
    return most


def fewer_kept(text: str, registers: int) -> str:
    found = with_fewer_kept(text, "f", MACHINE, registers)
    assert found
    return found


def results(text: str) -> np.ndarray:
    address, library = loaded(llvm.parse_assembly(text), "f")
    numbers = np.random.default_rng(1)
    # Whose sums are exact.
    a, b = (numbers.integers(-8, 8, ELEMENTS).astype(np.float32) for _ in "ab")
    out = np.full(ELEMENTS, 99, np.float32)
    call = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3)(address)
    call(*(array.ctypes.data for array in (a, b, out)))
    del library
    return out


@pytest.mark.parametrize("registers", [12, 15, 16, 24])
@pytest.mark.parametrize("seed", range(16))
def test_the_results_are_the_same(seed, registers):
    text = function(some_function(seed))
    if most_kept(text) > registers:
        fewer = fewer_kept(text, registers)
        assert most_kept(fewer) <= registers
        np.testing.assert_array_equal(results(fewer), results(text))


@pytest.mark.parametrize("registers", [1, 4, 8])
def test_a_step_may_need_more_than_there_are(registers):
    text = function(some_function(0))
    np.testing.assert_array_equal(results(fewer_kept(text, registers)), results(text))


def sums(count: int) -> list[str]:
    """Of so many pairs, of which each one needs the one before, the last ones needed first."""
    lines = []
    for i in range(count):
        lines += read(f"a{i}", "a", i) + read(f"b{i}", "b", i)
        lines.append(f"%s{i} = fadd float %a{i}, %{f's{i - 1}' if i else 'b0'}")
        lines.append(f"%p{i} = fmul float %s{i}, %b{i}")
    for i in reversed(range(count)):
        lines.append(f"%t{i} = fmul float %p{i}, %{f't{i + 1}' if i < count - 1 else 'a0'}")
        lines.append(f"%u{i} = fmul float %t{i}, %a{i}")
    for i in range(count):
        lines += write(f"u{i}", i)
    return lines


def test_inputs_are_read_again():
    text = fewer_kept(function(sums(8)), 12)
    reads = {array: len(re.findall(rf"load volatile float, ptr %{array}", text)) for array in "ab"}
    assert reads == {"a": 13, "b": 8}


def test_what_is_volatile_is_read_once():
    lines = [line.replace("%a0 = load", "%a0 = load volatile") for line in sums(8)]
    text = fewer_kept(function(lines), 6)
    assert len(re.findall(r"load volatile float, ptr %a0\.at", text)) == 1


def test_values_wait_in_results():
    text = fewer_kept(function(sums(8)), 6)
    assert re.search(r"store volatile float \S+ ptr %out\.", text)
    assert "alloca" not in text
    assert "writeonly" not in text  # a promise to LLVM, which is none any more


WAITS_ELSEWHERE = {
    "a result is read": ("", RESULT.replace("writeonly ", "")),
    "a result is written behind LLVM's back": (
        "call void @g(ptr %out)",
        RESULT,
    ),
    "something is written, nobody knows where": (
        "store float 1.0, ptr %anywhere, align 4",
        RESULT,
    ),
    "there is an element that is written, nobody knows which": (
        "store float 1.0, ptr %any, align 4",
        RESULT,
    ),
}


@pytest.mark.parametrize("case", WAITS_ELSEWHERE)
def test_values_wait_on_the_stack_if(case):
    line, result = WAITS_ELSEWHERE[case]
    before = [
        "%pointer = alloca ptr",
        "%anywhere = load ptr, ptr %pointer",
        "%any = getelementptr float, ptr %out, i32 %i",
    ]
    lines = [*before, *sums(8), *([line] if line else [])]
    text = function(lines, ", i32 %i", result) + "declare void @g(ptr)\n"
    text = fewer_kept(text, 6)
    assert re.search(r"store volatile float \S+ ptr %waiting", text)
    assert not re.search(r"store volatile float \S+ ptr %out", text)


def test_nothing_waits_where_two_results_overlap():
    """Elements that are written twice: the first time, they would be lost."""
    vector = [
        address("v.at", "out", 2),
        "%v = load <4 x float>, ptr %a, align 4",
        "store <4 x float> %v, ptr %v.at, align 4",
    ]
    lines = sums(8)
    text = fewer_kept(function([*lines[:-4], *vector, *lines[-4:]]), 6)
    waits = set(re.findall(r"store volatile float \S+ ptr %out\.(\d)", text))
    assert waits
    assert not waits & set("2345")


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(sums(2), id="all values fit"),
        pytest.param([*sums(8), "br label %end", "end:"], id="branches"),
    ],
)
def test_other_functions_are_left(lines):
    assert with_fewer_kept(function(lines), "f", MACHINE, 24) is None


def test_what_may_change_is_read_once():
    text = function(sums(8)).replace("noalias readonly", "noalias")
    text = fewer_kept(text, 12)
    assert len(re.findall(r"= load float, ptr %a\d\.at", text)) == 8
    assert not re.findall(r"load volatile float, ptr %[ab]", text)


def test_values_come_to_their_ends_as_soon_as_they_can():
    """Here each result could be written at once."""
    lines = []
    for i in range(ELEMENTS):
        lines += [*read(f"a{i}", "a", i), f"%s{i} = fmul float %a{i}, %a{i}"]
    for i in range(ELEMENTS):
        lines += write(f"s{i}", i)
    text = fewer_kept(function(lines), 4)
    assert "store volatile" not in text
    np.testing.assert_array_equal(results(text), results(function(lines)))


def operations(text: str) -> list[str]:
    return re.findall(r"%(\w+) = f", text)


@pytest.mark.parametrize(("count", "stays"), [(1, True), (6, False)])
def test_the_order_stays_if_another_one_is_hardly_better(count, stays):
    """That of LLVM hides latencies. Here so many products could be made at once."""
    early, late = [], []
    for i in range(count):
        early += [*read(f"x{i}", "a", i), f"%y{i} = fmul float %x{i}, %x{i}"]
        early.append(f"%z{i} = fadd float %x{i}, %x{i}")
        late += [f"%product{i} = fmul float %y{i}, %z{i}", *write(f"product{i}", 16 + i)]
    text = function([*early, *sums(16), *late])
    fewer = fewer_kept(text, 8)
    order = [re.findall(r"%(\w+) = f", found) for found in (text, fewer)]
    assert (order[0] == order[1]) == stays


@pytest.mark.parametrize(
    "use",
    [
        "call void @h(float %s{0})",
        "%r{0} = call float @g(ptr %own, float %s{0})",
        "store float %s{0}, ptr %own, align 4",
    ],
)
def test_what_reaches_memory_stays_in_order(use):
    """Though each value would come to its end at once."""
    lines = ["%own = alloca float"]
    for i in range(ELEMENTS):
        lines += [*read(f"a{i}", "a", i), f"%s{i} = fmul float %a{i}, %a{i}"]
    lines += [use.format(i) for i in reversed(range(ELEMENTS))]
    text = function(lines) + "declare float @g(ptr, float)\ndeclare void @h(float)\n"
    fewer = fewer_kept(text, 4)
    assert re.findall(r"%(s\d+) = f", fewer) == re.findall(r"%(s\d+) = f", text)
    assert fewer.count("store volatile") == ELEMENTS - 4


def compiled(text: str) -> str:
    llvm.set_option("kept_values_test", "-pre-RA-sched=source")
    llvm.set_option("kept_values_test", "-enable-misched=false")
    assembly = MACHINE.emit_assembly(llvm.parse_assembly(text))
    llvm.set_option("kept_values_test", "-pre-RA-sched=default")
    return assembly


def test_llvm_needs_fewer_instructions_and_no_stack_of_its_own():
    text = f'target triple = "{TARGETS["cortex-m4f"].triple}"\n{function(sums(24))}'
    before = compiled(text)
    after = compiled(fewer_kept(text, 30))
    assert stack_bytes(after, "f") < stack_bytes(before, "f")
    assert executed(after) <= executed(before)
    assert "[sp" in before
    assert "[sp" not in after


@pytest.mark.parametrize("kind", ["half", "double", VECTOR])
def test_other_values_take_what_they_take(kind):
    """As many registers of 32 bits as they have."""
    lines = [line.replace("float", kind) for line in sums(6)]
    lines = [re.sub(r"i32 (\d+)$", lambda n: f"i32 {4 * int(n[1])}", line) for line in lines]
    size = {"half": 1, "double": 2, VECTOR: 4}[kind]
    text = function(lines)
    assert with_fewer_kept(text, "f", MACHINE, 14 * size) is None
    assert fewer_kept(text, 6 * size)
