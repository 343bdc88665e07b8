# SPDX-License-Identifier: Apache-2.0
import io
import re
from itertools import product
from types import SimpleNamespace
from typing import Any

import llvmlite.binding as llvm
import pytest
from elftools.elf.elffile import ELFFile

from jax_embedded.errors import ExportError, InternalError
from jax_embedded.ir.scratch import Scratch
from jax_embedded.llvm import codegen as codegen_module
from jax_embedded.llvm.assembly import executed, stack_bytes
from jax_embedded.llvm.codegen import ObjectCode, codegen
from jax_embedded.llvm.codegen_testing import (
    FEW,
    LONG_LOOP,
    M4F,
    MODULE,
    POLYNOMIALS,
    generated,
    ways_alone,
)
from jax_embedded.llvm.link import LinkedModule
from jax_embedded.llvm.targets import data_layout, target_machine
from jax_embedded.target import TARGETS


def symbols(code: ObjectCode) -> dict[str, str]:
    """The names that the linker sees of what the object defines, and their types."""
    table = ELFFile(io.BytesIO(code.object)).get_section_by_name(".symtab")
    return {
        s.name: s["st_info"]["type"]
        for s in table.iter_symbols()
        if s["st_info"]["bind"] != "STB_LOCAL" and s["st_shndx"] != "SHN_UNDEF"
    }


EXTERNALS = {
    "host": ("tanhf",),
    "cortex-m0": ("__aeabi_fadd", "tanhf"),  # x * 1 + x
    "cortex-m3": ("__aeabi_fadd", "tanhf"),
}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_the_object(target):
    code = generated(target)
    elf = ELFFile(io.BytesIO(code.object))
    assert elf["e_type"] == "ET_REL"
    assert elf["e_machine"] == ("EM_X86_64" if target.name == "host" else "EM_ARM")
    assert symbols(code) == {"f": "STT_FUNC"}
    assert code.externals == EXTERNALS.get(target.name, ("tanhf",))
    sizes = {
        kind: sum(s.size for s in code.sections if s.kind == kind)
        for kind in ("code", "data", "zero")
    }
    assert 0 < sizes["code"] < 300
    assert (sizes["data"], sizes["zero"]) == (0, 256)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_one_function_is_left(target):
    code = generated(target)
    module = llvm.parse_assembly(code.llvm_ir)
    assert [f.name for f in module.functions if not f.is_declaration] == ["f"]
    assert code.assembly.count(".type\tf,") == 1
    assert "alloca" not in code.llvm_ir


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_same_module_same_bytes(target):
    assert generated(target) == generated(target)


@pytest.mark.parametrize(
    "target", [t for t in TARGETS.values() if t.name != "host"], ids=lambda t: t.name
)
def test_the_float_abi_is_the_target_s(target):
    section = ELFFile(io.BytesIO(generated(target).object)).get_section_by_name(".ARM.attributes")
    tags = {
        a.tag: a.value
        for s in section.iter_subsections()
        for ss in s.iter_subsubsections()
        for a in ss.iter_attributes()
    }
    hard = target.name not in ("cortex-m0", "cortex-m3")
    assert tags.get("TAG_ABI_VFP_ARGS", 0) == (1 if hard else 0)
    assert tags["TAG_CPU_NAME"] == target.cpu
    assert tags["TAG_CPU_ARCH_PROFILE"] == ord("M")


@pytest.mark.parametrize(
    ("target", "instruction"),
    [
        ("cortex-m4f", "vadd.f32"),
        ("cortex-m7", "vadd.f32"),
        ("cortex-m33", "vadd.f32"),
        ("cortex-m0", "bl\t__aeabi_fadd"),
    ],
)
def test_the_core_s_floating_point_is_used(target, instruction):
    assert instruction in generated(TARGETS[target]).assembly


def test_fused_multiply_add_where_the_core_prefers_it():
    text = MODULE.replace("3F\\00", "3F\\01")  # not a factor of 1
    text = text.replace("load float, ptr @f.constant.1", "load volatile float, ptr @f.constant.1")
    fused = {name for name, t in TARGETS.items() if "vfma.f32" in generated(t, text).assembly}
    assert {"cortex-m7", "cortex-m55"} <= fused
    plain = text.replace(" contract", "")
    assert not any("vfma.f32" in generated(t, plain).assembly for t in TARGETS.values())


def test_a_second_function_is_a_bug():
    text = MODULE.replace("define internal float @jxe", "define float @jxe")
    with pytest.raises(InternalError) as caught:
        generated(TARGETS["host"], text)
    assert caught.value.what == "codegen: expected f, found jxe.tanh.f32 as well"


def test_a_call_that_llvm_makes_of_an_instruction_and_no_library_has():
    text = "define fp128 @f(fp128 %x) nounwind {\n  %y = fadd fp128 %x, %x\n  ret fp128 %y\n}\n"
    with pytest.raises(ExportError) as caught:
        generated(TARGETS["cortex-m0"], text)
    assert caught.value.kind == "unsupported-operation"
    assert "__addtf3" in caught.value.what


def products_of_matrices(n: int = 5, *, all_at_first: bool = False) -> str:
    """out = a b c without loops, row by row. all_at_first: loads come before all else."""
    lines = ["declare float @llvm.fma.f32(float, float, float)"]
    lines.append(
        "define void @f(ptr noalias %a, ptr noalias %b, ptr noalias %c, ptr noalias %out) {"
    )

    places = list(product(range(n), repeat=2))
    values = {}

    def element(name: str, i: int, j: int) -> str:
        """Of an array; loaded when it is asked for first."""
        if (name, i, j) not in values:
            lines.append(f"  %{name}p{i}{j} = getelementptr float, ptr %{name}, i32 {n * i + j}")
            lines.append(f"  %{name}{i}{j} = load float, ptr %{name}p{i}{j}, align 4")
            values[name, i, j] = f"%{name}{i}{j}"
        return values[name, i, j]

    if all_at_first:
        for name, (i, j) in product("abc", places):
            element(name, i, j)
    for name, left, right in (("t", "a", "b"), ("r", "t", "c")):
        for k, (i, j) in product(range(n), places):
            factors = element(left, i, k), element(right, k, j)
            term = f"%{name}{i}{j}{k}"
            if k:
                added = f"float {factors[0]}, float {factors[1]}, float {values[name, i, j]}"
                lines.append(f"  {term} = call float @llvm.fma.f32({added})")
            else:
                lines.append(f"  {term} = fmul float {factors[0]}, {factors[1]}")
            values[name, i, j] = term
    for i, j in places:
        lines.append(f"  %o{i}{j} = getelementptr float, ptr %out, i32 {n * i + j}")
        lines.append(f"  store float {values['r', i, j]}, ptr %o{i}{j}, align 4")
    return "\n".join([*lines, "  ret void", "}"])


def in_a_loop(text: str, n: int = 5) -> str:
    """The same for the next matrices, six times."""
    text = re.sub(r"ptr %([abco]\w*), i32", r"ptr %\1.i, i32", text)
    head = ["entry:", "  br label %loop", "loop:", "  %i = phi i32 [ 0, %entry ], [ %next, %loop ]"]
    head += [f"  %at = mul i32 %i, {n * n}"]
    head += [
        f"  %{name}.i = getelementptr float, ptr %{name}, i32 %at"
        for name in ("a", "b", "c", "out")
    ]
    tail = ["  %next = add i32 %i, 1", "  %more = icmp ult i32 %next, 6"]
    tail += ["  br i1 %more, label %loop, label %done", "done:", "  ret void"]
    text = text.replace("%out) {", "\n".join(["%out) {", *head]))
    return text.replace("  ret void", "\n".join(tail))


@pytest.mark.parametrize("change", [str, in_a_loop])
def test_the_order_with_the_fewest_instructions_is_taken(monkeypatch, change):
    monkeypatch.setattr(codegen_module, "_REGISTERS", ())
    monkeypatch.setattr(codegen_module, "_FPU_ORDER_IF_STORED", ())
    target, text = TARGETS["cortex-m7"], change(products_of_matrices())
    orders = codegen_module._FPU_ORDER
    found = executed(generated(target, text).assembly)
    again = executed(generated(target, text).assembly)
    monkeypatch.setattr(codegen_module, "_FPU_ORDER", orders[:1])
    scheduled = executed(generated(target, text).assembly)
    assert found == again < scheduled
    monkeypatch.setattr(codegen_module, "_FPU_ORDER", orders[1:])
    assert found == executed(generated(target, text).assembly)


@pytest.mark.parametrize("change", [str, in_a_loop])
def test_code_stays_scheduled_if_that_is_no_longer(monkeypatch, change):
    monkeypatch.setattr(codegen_module, "_REGISTERS", ())
    monkeypatch.setattr(codegen_module, "_FPU_ORDER_IF_STORED", ())
    target, text = TARGETS["cortex-m7"], change(products_of_matrices(all_at_first=True))
    found = generated(target, text).assembly
    monkeypatch.setattr(codegen_module, "_FPU_ORDER", codegen_module._FPU_ORDER[:1])
    assert found == generated(target, text).assembly


@pytest.mark.parametrize("code_weight", [None, 0.1])
@pytest.mark.parametrize("target", ["cortex-m4f", "cortex-m7"])
def test_what_does_not_fit_into_registers_is_read_again(monkeypatch, target, code_weight):
    text = products_of_matrices()
    costs = []
    for registers in (codegen_module._REGISTERS, ()):
        monkeypatch.setattr(codegen_module, "_REGISTERS", registers)
        assembly = generated(TARGETS[target], text, code_weight=code_weight).assembly
        costs.append((executed(assembly), stack_bytes(assembly, "f")))
    assert costs[0][0] < costs[1][0]
    assert costs[0][1] < costs[1][1]


def test_of_code_with_values_on_the_stack_more_orders_are_tried(monkeypatch):
    monkeypatch.setattr(codegen_module, "_REGISTERS", ())
    found = []
    for orders in (codegen_module._FPU_ORDER_IF_STORED, ()):
        monkeypatch.setattr(codegen_module, "_FPU_ORDER_IF_STORED", orders)
        found.append(executed(generated(M4F, products_of_matrices(6)).assembly))
    assert found[0] < found[1]


def test_of_code_that_is_about_as_fast_that_is_taken_which_is_worth_its_bytes(monkeypatch):
    costs = {"fastest": (100, 400, 64), "worth it": (101, 404, 16), "slower": (103, 200, 0)}
    monkeypatch.setattr(codegen_module, "executed", lambda name: costs[name][0])
    monkeypatch.setattr(codegen_module, "sections", lambda name: name)
    monkeypatch.setattr(codegen_module, "_code_bytes", lambda name: costs[name][1])
    found: list[Any] = [SimpleNamespace(assembly=name, object=name) for name in costs]
    best = codegen_module._shortest_of_fastest(found, lambda one: costs[one.assembly][2])
    assert best.assembly == "worth it"


def test_calls_are_in_the_order_with_the_fewest_instructions(monkeypatch):
    target = TARGETS["cortex-m3"]
    lines = [
        "define void @f(float %a, float %b, float %c, ptr noalias %out, ptr noalias %out.1) {",
        "  %x = fmul float %a, 4.0",
        "  %y = fmul float %b, %b",
        "  %z = fmul float %x, %c",
        "  %d = fsub float %y, %z",
        "  %e = fsub float %d, %b",
        "  %w = fmul float %a, 2.0",
        "  %q = fdiv float %e, %w",
        "  store float %q, ptr %out, align 4",
        "  %n = fneg float %b",
        "  %s = fsub float %n, %d",
        "  %r = fdiv float %s, %w",
        "  store float %r, ptr %out.1, align 4",
        "  ret void",
        "}",
    ]
    text = "\n".join(lines)
    orders = codegen_module._ORDER_OF_CALLS
    counts = []
    for order in orders:
        monkeypatch.setattr(codegen_module, "_ORDER_OF_CALLS", (order,))
        counts.append(executed(generated(target, text).assembly))
    for both in (orders, orders[::-1]):
        monkeypatch.setattr(codegen_module, "_ORDER_OF_CALLS", both)
        assert executed(generated(target, text).assembly) == min(counts) < max(counts)


@pytest.mark.parametrize(("kind", "fewer"), [("float", True), ("i32", False)])
def test_few_values_wait_for_calls(monkeypatch, kind, fewer):
    """(e + d c) / 2a and (-e - d c) / 2a: 2a is needed after all else has been called for."""
    target = TARGETS["cortex-m3"]
    f = "f" if kind == "float" else ""
    types = f"{kind} %a, {kind} %c, {kind} %d, {kind} %e"
    lines = [
        f"define void @f({types}, ptr noalias %o, ptr noalias %p) {{",
        f"  %x = {f}mul {kind} %d, %c",
        f"  %y = {f}add {kind} %x, %e",
        f"  %z = {f}add {kind} %a, %a",
        f"  %u = {f or 'u'}div {kind} %y, %z",
        f"  store {kind} %u, ptr %o, align 4",
        f"  %n = {f}sub {kind} {'-0.0' if f else '0'}, %e",
        f"  %v = {f}sub {kind} %n, %x",
        f"  %w = {f or 'u'}div {kind} %v, %z",
        f"  store {kind} %w, ptr %p, align 4",
        "  ret void",
        "}",
    ]
    text = "\n".join(lines)
    found = generated(target, text).assembly
    monkeypatch.setattr(codegen_module, "has_operations", lambda _: False)
    usual = generated(target, text).assembly
    assert (executed(found) < executed(usual)) == fewer
    assert (found == usual) != fewer


@pytest.mark.parametrize("core", ["cortex-m3", "cortex-m4f"])
def test_fast_code_has_the_addresses_that_take_fewer_instructions(monkeypatch, core):
    def instructions(text: str) -> int:
        return int(executed(generated(TARGETS[core], text).assembly))

    *alone, together = ways_alone(LONG_LOOP, instructions, monkeypatch, "_ADDRESSES")
    assert together == min(alone) < alone[0]


STEPS = "\n".join(
    f"""\
  %p{n} = fmul float %t{n}, %t{n}
  %q{n} = fadd float %p{n}, %t{n}
  %r{n} = fsub float %q{n}, %k
  %s{n} = fmul float %r{n}, %r{n}
  %t{n + 1} = fsub float %s{n}, %k"""
    for n in range(12)
)
# A function of our own with equal pieces, which changes s0, s2 and no other register, and one that
# needs its arguments after it has called that.
CALLS = f"""
define internal float @jxe.steps.f32(float %t0, float %k) noinline nounwind {{
{STEPS}
  ret float %t12
}}
define i32 @f(float %a, float %k, i32 %b, i32 %c, i32 %d, i32 %e) nounwind {{
  %once = call float @jxe.steps.f32(float %a, float %k)
  %twice = call float @jxe.steps.f32(float %once, float %k)
  %bits = bitcast float %twice to i32
  %sum = add i32 %bits, %b
  %product = mul i32 %sum, %c
  %rest = sub i32 %product, %d
  %part = sdiv i32 %rest, %e
  ret i32 %part
}}
"""


@pytest.mark.parametrize("target", ["cortex-m4f", "cortex-m7", "cortex-m33"])
def test_values_stay_in_registers_that_own_functions_do_not_change(target):
    assembly = generated(TARGETS[target], CALLS).assembly
    assert assembly.count("bl\tjxe.steps.f32") == 2
    assert "vpush" not in assembly


def test_functions_of_equal_pieces_change_no_register_that_callers_rely_on(monkeypatch):
    """They save the return address in one; LLVM does not tell the callers."""
    own, pieces = codegen_module._OWN_CALLS, codegen_module._EQUAL_PIECES
    kept = {}
    for way in (own, pieces, (own[0], pieces[1])):
        monkeypatch.setattr(codegen_module, "_OWN_CALLS", way)
        monkeypatch.setattr(codegen_module, "_EQUAL_PIECES", way)
        assembly = generated(M4F, CALLS, size=True).assembly
        kept["mov\tr0, lr" in assembly, "vpush" not in assembly] = way
    assert kept[False, True] == own
    assert kept[True, False] == pieces
    assert kept[True, True] not in (own, pieces)


def test_with_a_weight_code_loads_constants_where_they_are_used_if_that_is_shorter():
    fast, weighted = (generated(M4F, POLYNOMIALS, code_weight=w) for w in (None, 1.0))
    assert weighted.code_bytes < fast.code_bytes


def test_llvm_is_left_with_the_usual_options():
    def emitted() -> str:
        return target_machine(M4F).emit_assembly(llvm.parse_assembly(POLYNOMIALS))

    generated(M4F, FEW, size=True)
    before = emitted()
    generated(M4F, POLYNOMIALS, size=True)
    assert emitted() == before


@pytest.mark.parametrize("text", [FEW, in_a_loop(products_of_matrices(6), 6)], ids=["few", "loop"])
def test_of_code_without_stack_or_with_branches_no_more_orders_are_tried(monkeypatch, text):
    monkeypatch.setattr(codegen_module, "_FPU_ORDER_IF_STORED", (("-no-such-option",),))
    generated(M4F, text)


OF_FIVE_WORDS = """
define internal void @f.0.dot(ptr %p, ptr %q, ptr %r, i32 %i, i32 %j) noinline {
  %a = load i32, ptr %p, align 4
  %b = load i32, ptr %q, align 4
  %c = mul i32 %a, %i
  %d = mul i32 %b, %j
  %e = add i32 %c, %d
  store i32 %e, ptr %r, align 4
  ret void
}

define void @f(ptr %x, ptr %y, i32 %n) {
  call void @f.0.dot(ptr %x, ptr %y, ptr %x, i32 3, i32 4)
  call void @f.0.dot(ptr %y, ptr %x, ptr %y, i32 %n, i32 5)
  ret void
}
"""


@pytest.mark.parametrize(
    ("target", "is_stored"), [("cortex-m0", True), ("cortex-m3", False), ("cortex-m55", False)]
)
@pytest.mark.parametrize("size", [False, True])
def test_five_words_are_passed_in_registers_by_thumb_2(target, is_stored, size):
    header = f'target datalayout = "{data_layout(TARGETS[target])}"\n'
    header += f'target triple = "{TARGETS[target].triple}"\n'
    linked = LinkedModule(header + OF_FIVE_WORDS, "f", Scratch((), {}, 0), shared=("f.0.dot",))
    assembly = codegen(linked, TARGETS[target], size=size).assembly
    assert ("[sp" in assembly) == is_stored, assembly


@pytest.mark.parametrize("most", [10_000, 0])
def test_of_long_fast_code_one_order_is_tried(monkeypatch, most):
    tried = []

    def counted(assembly: str) -> int:
        tried.append(assembly)
        return executed(assembly)

    monkeypatch.setattr(codegen_module, "executed", counted)
    monkeypatch.setattr(codegen_module, "_MOST_LINES", most)
    generated(M4F, FEW)
    assert len(tried) == (2 if most else 1)
