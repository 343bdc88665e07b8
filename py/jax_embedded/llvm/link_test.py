# SPDX-License-Identifier: Apache-2.0
import dataclasses

import llvmlite.binding as llvm
import pytest

from jax_embedded.errors import ExportError, InternalError
from jax_embedded.ir.c_function import c_function
from jax_embedded.ir.dump import Leaf
from jax_embedded.ir.program import Allocation, Program
from jax_embedded.ir.thunks import KernelThunk, Origin, Slice
from jax_embedded.ir.verify import verify
from jax_embedded.llvm.codegen import codegen
from jax_embedded.llvm.link import INLINE_INSTRUCTIONS, LinkedModule
from jax_embedded.llvm.link import link as link_function
from jax_embedded.llvm.targets import data_layout
from jax_embedded.shape import Shape
from jax_embedded.target import TARGETS, Target

F4 = Shape("f32", (4,))


def link(program: Program, target: Target, **options) -> LinkedModule:
    function = c_function(program.name, program.parameters, program.results)
    return link_function(program, function, target, **options)


def kernel_ir(name: str, body: str, more: str = "") -> str:
    """A kernel as XLA writes one: a wrapper that unpacks the call frame, and what does the work."""
    return f"""\
; ModuleID = '{name}'
source_filename = "{name}"
target datalayout = "e-m:e-p270:32:32-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

%XLA_CPU_KernelCallFrame = type {{ ptr, ptr, i64, ptr }}
%XLA_CPU_KernelArg = type {{ ptr, i64 }}

; Function Attrs: uwtable
define ptr @{name}(ptr noundef nonnull %0) #0 {{
  %2 = getelementptr inbounds %XLA_CPU_KernelCallFrame, ptr %0, i32 0, i32 3
  %3 = load ptr, ptr %2, align 8, !invariant.load !0
  %4 = getelementptr inbounds %XLA_CPU_KernelArg, ptr %3, i32 0, i32 0
  %5 = load ptr, ptr %4, align 8, !invariant.load !0, !dereferenceable !1
  %6 = getelementptr inbounds %XLA_CPU_KernelArg, ptr %3, i32 1, i32 0
  %7 = load ptr, ptr %6, align 8, !invariant.load !0, !dereferenceable !1
  call void @{name}_wrapped(ptr %5, ptr %7)
  ret ptr null
}}

; Function Attrs: alwaysinline
define internal void @{name}_wrapped(ptr noalias align 64 %0, ptr noalias align 64 %1) #1 {{
  %3 = load float, ptr %0, align 4, !invariant.load !0
{body}
  store float %4, ptr %1, align 4
  ret void
}}
{more}
attributes #0 = {{ uwtable "frame-pointer"="all" }}
attributes #1 = {{ alwaysinline }}
attributes #2 = {{ nounwind }}

!llvm.module.flags = !{{!2}}

!0 = !{{}}
!1 = !{{i64 16}}
!2 = !{{i32 1, !"xla_dylib_index", i64 {len(name)}}}
"""


SCALE = kernel_ir("scale", "  %4 = fmul float %3, 3.000000e-01")
TANH = kernel_ir(
    "tanh_fusion",
    "  %4 = call float @xla.tanh.f32(float %3)",
    "declare float @xla.tanh.f32(float) #2\n",
)
ORIGIN = Origin("tanh.1", "tanh", "mlp.py:7")


TEMP = Slice(2, 0, F4)


def two_kernels(first: Slice = TEMP) -> Program:
    """x -> scale -> `first` -> tanh -> out"""
    program = Program(
        name="f",
        parameters=(Leaf("x", "x", F4),),
        results=(Leaf("result", "out", F4),),
        result_slices=(Slice(1, 0, F4),),
        allocations={
            0: Allocation(0, 16, "parameter", 0),
            1: Allocation(1, 16, "result"),
            2: Allocation(2, 64, "temp"),
        },
        thunks=(
            KernelThunk(Origin("mul.1", "mul"), "scale", (Slice(0, 0, F4),), (first,)),
            KernelThunk(ORIGIN, "tanh_fusion", (first,), (Slice(1, 0, F4),)),
        ),
        kernels={"scale": SCALE, "tanh_fusion": TANH},
    )
    verify(program)
    return program


def with_kernel(text: str) -> Program:
    return dataclasses.replace(two_kernels(), kernels={"scale": SCALE, "tanh_fusion": text})


def functions(linked: LinkedModule) -> dict[str, str]:
    """Linkage by name of the functions that are defined."""
    module = llvm.parse_assembly(linked.llvm_ir)
    return {f.name: f.linkage.name for f in module.functions if not f.is_declaration}


def declarations(linked: LinkedModule) -> set[str]:
    return {f.name for f in llvm.parse_assembly(linked.llvm_ir).functions if f.is_declaration}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_the_function_alone_is_visible(target):
    linked = link(two_kernels(), target)
    assert linked.entry == "f"
    defined = functions(linked)
    assert {name for name, linkage in defined.items() if linkage == "external"} == {"f"}
    assert defined.keys() >= {
        "kernel.scale",
        "scale_wrapped",
        "kernel.tanh_fusion",
        "tanh_fusion_wrapped",
    }
    assert set(defined.values()) == {"external", "internal"}
    module = llvm.parse_assembly(linked.llvm_ir)
    module.verify()
    assert module.triple == target.triple
    assert module.data_layout == data_layout(target)
    assert all(v.linkage.name == "internal" for v in module.global_variables)


def test_same_program_same_text():
    assert link(two_kernels(), TARGETS["host"]) == link(two_kernels(), TARGETS["host"])


def test_what_xla_says_of_its_runtime_is_gone():
    text = link(two_kernels(), TARGETS["cortex-m4f"]).llvm_ir
    for word in (
        "invariant.load",
        "uwtable",
        "frame-pointer",
        "xla_dylib_index",
        "align 64",
        "xla.",
    ):
        assert word not in text


@pytest.mark.parametrize("contract", [False, True])
def test_contract(contract):
    text = link(two_kernels(), TARGETS["cortex-m7"], contract=contract).llvm_ir
    assert ("fmul contract float" in text) == contract


def wrapped_parameters(program: Program, kernel: str) -> str:
    text = link(program, TARGETS["host"]).llvm_ir
    return next(
        line for line in text.splitlines() if f"@{kernel}_wrapped(" in line and "define" in line
    )


def test_noalias_stays_where_no_buffer_is_shared():
    assert wrapped_parameters(two_kernels(), "scale").count("noalias") == 2
    assert wrapped_parameters(two_kernels(), "tanh_fusion").count("noalias") == 2


def test_noalias_goes_where_a_kernel_works_in_place():
    program = two_kernels(Slice(1, 0, F4))
    assert wrapped_parameters(program, "scale").count("noalias") == 2
    assert wrapped_parameters(program, "tanh_fusion").count("noalias") == 0


def test_noalias_goes_for_all_kernels_of_a_module():
    module = SCALE.replace(
        "\nattributes #0",
        TANH[TANH.index("; Function") : TANH.index("\nattributes #0")] + "\nattributes #0",
    )
    program = dataclasses.replace(
        two_kernels(Slice(1, 0, F4)), kernels={"scale": module, "tanh_fusion": module}
    )
    assert wrapped_parameters(program, "scale").count("noalias") == 0


def test_a_kernel_that_runs_twice_is_linked_once():
    program = two_kernels()
    again = dataclasses.replace(program, thunks=(*program.thunks, program.thunks[0]))
    assert functions(link(again, TARGETS["host"])) == functions(link(program, TARGETS["host"]))


@pytest.mark.parametrize("target", ["host", "cortex-m0"])
def test_a_kernel_may_bear_the_function_s_name(target):
    program = dataclasses.replace(two_kernels(), name="scale")
    linked = link(program, TARGETS[target])
    assert [name for name, linkage in functions(linked).items() if linkage == "external"] == [
        "scale"
    ]


def test_helpers_of_two_kernels_may_bear_one_name():
    helper = "define internal float @region(float %0) {\n  ret float %0\n}\n"
    other = helper.replace("ret float %0", "%2 = fneg float %0\n  ret float %2")
    call = "  %4 = call float @region(float %3)"
    program = dataclasses.replace(
        two_kernels(),
        kernels={
            "scale": kernel_ir("scale", call, helper),
            "tanh_fusion": kernel_ir("tanh_fusion", call, other),
        },
    )
    assert sum(name.startswith("region") for name in functions(link(program, TARGETS["host"]))) == 2


@pytest.mark.parametrize(("target", "known"), [("host", True), ("cortex-m4f", False)])
def test_a_function_of_the_host_s_library_only(target, known):
    text = kernel_ir(
        "tanh_fusion",
        "  call void @sincosf(float %3, ptr %0, ptr %1)\n  %4 = fneg float %3",
        "declare void @sincosf(float, ptr, ptr)\n",
    )
    if known:
        assert "sincosf" in declarations(link(with_kernel(text), TARGETS[target]))
        return
    with pytest.raises(ExportError):
        link(with_kernel(text), TARGETS[target])


def test_an_unknown_function_names_the_operation_and_the_line():
    text = kernel_ir(
        "tanh_fusion", "  %4 = call float @EigenTanh(float %3)", "declare float @EigenTanh(float)\n"
    )
    with pytest.raises(ExportError) as caught:
        link(with_kernel(text), TARGETS["host"])
    assert caught.value.kind == "unsupported-operation"
    assert caught.value.what.startswith(
        "tanh at mlp.py:7: expected an operation that needs no library"
    )
    assert caught.value.what.endswith("found a call of EigenTanh")


def test_what_llvm_cannot_read_is_a_bug_with_the_line():
    text = kernel_ir("tanh_fusion", "  %4 = fnew float %3")
    with pytest.raises(InternalError) as caught:
        link(with_kernel(text), TARGETS["host"])
    assert caught.value.what == "LLVM refuses kernel tanh_fusion"
    assert caught.value.details[-1] == "in: %4 = fnew float %3"


def test_a_kernel_that_ends_early_is_a_bug():
    text = kernel_ir("tanh_fusion", "")
    with pytest.raises(InternalError) as caught:
        link(with_kernel(text[: text.rindex("ret")]), TARGETS["host"])
    assert caught.value.what == "LLVM refuses kernel tanh_fusion"


def test_what_llvm_s_verifier_refuses_is_a_bug():
    text = kernel_ir("tanh_fusion", "  %4 = fneg float %5\n  %5 = fneg float %3")
    with pytest.raises(InternalError) as caught:
        link(with_kernel(text), TARGETS["host"])
    assert caught.value.what == "LLVM refuses kernel tanh_fusion"


def test_one_kernel_defined_twice_is_a_bug():
    text = TANH + "define ptr @scale(ptr %0) {\n  ret ptr null\n}\n"
    with pytest.raises(InternalError) as caught:
        link(with_kernel(text), TARGETS["host"])
    assert caught.value.what == "LLVM cannot link kernel tanh_fusion"


def repeated(names: tuple[str, ...], texts: tuple[str, ...], *, in_place: bool = False) -> Program:
    """x -> the kernels in a row -> out"""
    temps = [Slice(2, 0 if in_place else 16 * (i % 4), F4) for i in range(1, len(names))]
    steps = [Slice(0, 0, F4), *temps, Slice(1, 0, F4)]
    program = dataclasses.replace(
        two_kernels(),
        thunks=tuple(
            KernelThunk(Origin(name, "mul"), name, (steps[i],), (steps[i + 1],))
            for i, name in enumerate(names)
        ),
        kernels=dict(zip(names, texts, strict=True)),
    )
    verify(program)
    return program


def long_body(count: int) -> str:
    """`count` multiplications and a last one, none of which LLVM can drop."""
    values = ["%3", *[f"%v{i}" for i in range(count)]]
    lines = [f"  %v{i} = fmul float {values[i]}, %3" for i in range(count)]
    return "\n".join([*lines, f"  %4 = fadd float {values[-1]}, 3.000000e-01"])


LONG = long_body(INLINE_INSTRUCTIONS)
NAMES = ("mul", "mul.1")


def test_kernels_that_differ_by_name_are_linked_once():
    texts = tuple(kernel_ir(name, "  %4 = fmul float %3, %3") for name in NAMES)
    linked = link(repeated(NAMES, texts), TARGETS["host"])
    assert functions(linked).keys() == {"f", "kernel.mul", "mul_wrapped"}


@pytest.mark.parametrize(
    "other",
    ["  %4 = fmul float %3, 5.000000e-01", "  %4 = fadd float %3, %3", "  %4 = fmul float %3, %x"],
)
def test_kernels_that_differ_by_more_are_linked_each(other):
    if "%x" in other:
        other = "  %x = fneg float %3\n" + other
    texts = (kernel_ir("mul", "  %4 = fmul float %3, %3"), kernel_ir("mul.1", other))
    linked = link(repeated(NAMES, texts), TARGETS["host"])
    assert {"kernel.mul", "kernel.mul.1"} <= functions(linked).keys()


@pytest.mark.parametrize("target", ["host", "cortex-m0", "cortex-m55"])
@pytest.mark.parametrize("calls", [1, 2, 4])
def test_a_large_kernel_called_more_than_once_is_one_function(target, calls):
    names = ("mul", "mul.1", "mul.2", "mul.3")[:calls]
    program = repeated(names, tuple(kernel_ir(name, LONG) for name in names))
    linked = link(program, TARGETS[target])
    assert linked.shared == (("f.0.mul",) if calls > 1 else ())
    code = codegen(linked, TARGETS[target])
    defined = [f for f in llvm.parse_assembly(code.llvm_ir).functions if not f.is_declaration]
    assert {f.name for f in defined} == {"f", *linked.shared}
    assert code.llvm_ir.count("fmul") == INLINE_INSTRUCTIONS  # once, whoever has it
    for shared in (f for f in defined if f.name != "f"):
        assert [str(a.type) for a in shared.arguments] == ["ptr", "ptr"]
        assert "alloca" not in str(shared)  # the call frame is gone


@pytest.mark.parametrize("most", [0, 1])
def test_in_a_program_of_many_kernels_the_large_ones_stay_apart(most, monkeypatch):
    monkeypatch.setattr("jax_embedded.llvm.link.MOST_INLINED", most)
    program = repeated(("mul",), (kernel_ir("mul", LONG),))
    assert link(program, TARGETS["host"]).shared == (("f.0.mul",) if most == 0 else ())


def test_a_small_kernel_is_inlined_wherever_it_is_called():
    names = ("mul", "mul.1", "mul.2")
    program = repeated(names, tuple(kernel_ir(name, long_body(4)) for name in names))
    assert link(program, TARGETS["host"]).shared == ()


def test_a_shared_function_claims_noalias_only_where_it_is_true_of_every_call():
    names = ("mul", "mul.1", "mul.2", "mul.3", "mul.4", "mul.5")
    texts = tuple(kernel_ir(name, LONG) for name in names)

    def heads(program: Program) -> list[int]:
        lines = link(program, TARGETS["host"]).llvm_ir.splitlines()
        return [n.count("noalias") for n in lines if n.startswith("define internal void @f.")]

    assert heads(repeated(names, texts)) == [2]
    # The first reads the parameter and the last writes the result; four work in place.
    assert sorted(heads(repeated(names, texts, in_place=True))) == [0, 2]
