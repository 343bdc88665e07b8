# SPDX-License-Identifier: Apache-2.0
import llvmlite.binding as llvm
import pytest

from jax_embedded.llvm.object_file import Section, sections, undefined_symbols
from jax_embedded.llvm.targets import target_machine
from jax_embedded.target import TARGETS


def object_of(text: str, target: str = "cortex-m4f") -> bytes:
    return target_machine(TARGETS[target]).emit_object(
        llvm.parse_assembly(f'target triple = "{TARGETS[target].triple}"\n' + text)
    )


EVERYTHING = """\
@weights = constant [20 x i8] c"01234567890123456789", align 4
@state = global [6 x i8] c"012345", align 2
@workspace = internal global [100 x i8] zeroinitializer, align 4
@other = external global i32
declare float @expf(float)
declare float @unused(float)
define ptr @f(float %x) uwtable {
  %y = call float @expf(float %x)
  store float %y, ptr @workspace
  %z = load i32, ptr @other
  store i32 %z, ptr @state
  ret ptr @weights
}
"""


@pytest.mark.parametrize("target", ["host", "cortex-m0", "cortex-m4f", "cortex-m55"])
def test_sections_by_kind(target):
    found = [s for s in sections(object_of(EVERYTHING, target)) if s.name != ".eh_frame"]
    sizes = {
        kind: sum(s.size for s in found if s.kind == kind)
        for kind in ("code", "constant", "data", "zero")
    }
    assert sizes.pop("code") > 8
    assert sizes == {"constant": 20, "data": 6, "zero": 100}
    assert {s.name.split(".")[1] for s in found if s.kind == "code"} == {"text"}
    assert {s.name.split(".")[1] for s in found if s.kind == "constant"} == {"rodata"}


def test_empty_sections_and_unwind_tables_are_left_out():
    names = [s.name for s in sections(object_of(EVERYTHING))]
    assert not any(
        "exidx" in name or "ARM.attributes" in name or "symtab" in name for name in names
    )
    found = sections(object_of("define void @f() nounwind {\n  ret void\n}\n"))
    assert found == (Section(".text", "code", 2),)
    assert [s.kind for s in sections(object_of('@weights = constant [3 x i8] c"abc"'))] == [
        "constant"
    ]


def test_undefined_symbols_are_sorted_and_only_what_is_used():
    text = EVERYTHING.replace("uwtable", "nounwind")
    assert undefined_symbols(object_of(text)) == ("expf", "other")
    assert undefined_symbols(object_of("define void @f() nounwind {\n  ret void\n}\n")) == ()


def test_calls_that_llvm_adds_are_seen():
    text = "define double @f(double %x) nounwind {\n  %y = fmul double %x, %x\n  ret double %y\n}\n"
    assert undefined_symbols(object_of(text)) == ("__aeabi_dmul",)
    assert undefined_symbols(object_of(text, "cortex-m7")) == ()
