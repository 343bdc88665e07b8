# SPDX-License-Identifier: Apache-2.0
import llvmlite.binding as llvm
import pytest

from jax_embedded.llvm.kernel_text import canonical_kernel, clean_kernel


def clean(line: str, *, keep_noalias: bool = False, contract: bool = False) -> str:
    return clean_kernel(line + "\n", keep_noalias=keep_noalias, contract=contract).removesuffix(
        "\n"
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "  %1 = load float, ptr %0, align 4, !invariant.load !0",
            "  %1 = load float, ptr %0, align 4",
        ),
        (
            "  %1 = load ptr, ptr %0, !invariant.load !5, !dereferenceable !4, !align !3",
            "  %1 = load ptr, ptr %0",
        ),
        (
            "  store float %1, ptr %0, align 4, !alias.scope !1, !noalias !2",
            "  store float %1, ptr %0, align 4",
        ),
        ("  br label %6, !llvm.loop !4", "  br label %6"),
        ("  %1 = load i64, ptr %0, !range !7, !invariant.group !{}", "  %1 = load i64, ptr %0"),
    ],
)
def test_claims_about_memory_are_dropped(line, expected):
    assert clean(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        "; ModuleID = 'm'",
        'source_filename = "m"',
        'target datalayout = "e-m:e"',
        'target triple = "x86_64"',
        'attributes #0 = { uwtable "frame-pointer"="all" }',
        "!0 = !{}",
        "!llvm.module.flags = !{!1, !3}",
        "!4 = distinct !{!4, !3}",
        "",
        "   ",
    ],
)
def test_lines_about_the_module_are_dropped(line):
    assert clean(line) == ""


@pytest.mark.parametrize(
    ("line", "align"),
    [
        ("  %1 = load float, ptr %0, align {}", 4),
        ("  %1 = load <8 x float>, ptr %0, align {}", 4),
        ("  store <8 x float> %1, ptr %0, align {}", 4),
        ("  %1 = load half, ptr %0, align {}", 2),
        ("  store bfloat %1, ptr %0, align {}", 2),
        ("  %1 = load i8, ptr %0, align {}", 1),
        ("  store <16 x i8> %1, ptr %0, align {}", 1),
        ("  %1 = load <2 x i1>, ptr %0, align {}", 1),
        ("  store i16 %1, ptr %0, align {}", 2),
        ("  %1 = load i32, ptr %0, align {}", 4),
        ("  %1 = load i64, ptr %0, align {}", 8),
        ("  store double %1, ptr %0, align {}", 8),
        ("  %1 = load <2 x double>, ptr %0, align {}", 8),
        ("  %1 = load ptr, ptr %0, align {}", 4),
        ("  %1 = load volatile float, ptr %0, align {}", 4),
        ("  %1 = alloca <8 x float>, align {}", 8),
        ("  %1 = alloca [4 x float], i64 2, align {}", 8),
        ("  %1 = load [4 x i8], ptr %0, align {}", 1),
        ("  store {{ float, float }} %1, ptr %0, align {}", 4),
    ],
)
def test_alignment_is_the_element_s(line, align):
    assert clean(line.format(64)) == line.format(align)
    assert clean(line.format(1)) == line.format(1)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "define ptr @k(ptr noundef nonnull %0) #0 {",
            "define ptr @k(ptr %0) alwaysinline nounwind {",
        ),
        (
            "define internal void @k(ptr noalias align 64 dereferenceable(28) %0, i64 %1) #1 {",
            "define internal void @k(ptr %0, i64 %1) alwaysinline nounwind {",
        ),
        (
            'define internal float @k(float %0) local_unnamed_addr "a"="b" #1 {',
            "define internal float @k(float %0) alwaysinline nounwind {",
        ),
        (
            "define void @k(ptr readonly captures(none) %0, ptr initializes((0, 4)) %1) {",
            "define void @k(ptr %0, ptr %1) alwaysinline nounwind {",
        ),
        (
            "declare void @llvm.memset.p0.i64(ptr writeonly captures(none), i8, i64, i1 immarg) #1",
            "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)",
        ),
        (
            "declare float @llvm.masked.load.v1f32.p0(ptr nocapture, i1, float) #3",
            "declare float @llvm.masked.load.v1f32.p0(ptr, i1, float)",
        ),
        (
            "  call void @llvm.memset.p0.i64(ptr noundef align 64 dereferenceable(256) %a, i8 0)",
            "  call void @llvm.memset.p0.i64(ptr %a, i8 0)",
        ),
        (
            "  %1 = call float @xla.tanh.f32(float nofpclass(nan) %0) #7",
            "  %1 = call float @xla.tanh.f32(float %0)",
        ),
        (
            "  tail call void @f(ptr noalias nofree %0) #2, !srcloc !4",
            "  tail call void @f(ptr %0)",
        ),
        ("declare float @f(float returned, i32 range(i32 0, 4))", "declare float @f(float, i32)"),
    ],
)
def test_attributes_are_dropped(line, expected):
    assert clean(line) == expected


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("define internal void @k(ptr noalias align 64 %0, ptr noalias %1) #1 {", 2),
        ("define ptr @k(ptr noundef noalias %0) {", 1),
        ("declare ptr @f(ptr noalias)", 0),
        ("  call void @f(ptr noalias %0, ptr noalias align 4 %1)", 0),
    ],
)
def test_noalias_stays_in_definitions_if_it_is_true(line, kept):
    assert clean(line, keep_noalias=True).count("noalias") == kept
    assert clean(line, keep_noalias=False).count("noalias") == 0


@pytest.mark.parametrize("operation", ["fadd", "fsub", "fmul"])
def test_contract_is_added_where_llvm_may_fuse(operation):
    line = f"  %1 = {operation} float %0, %0"
    assert clean(line, contract=True) == f"  %1 = {operation} contract float %0, %0"
    assert clean(line, contract=False) == line
    assert clean(f"  %1 = {operation} reassoc float %0, %0", contract=True) == (
        f"  %1 = {operation} contract reassoc float %0, %0"
    )


@pytest.mark.parametrize(
    "line",
    [
        "  %1 = fdiv float %0, %0",
        "  %1 = fneg float %0",
        "  %1 = frem float %0, %0",
        "  %1 = add i32 %0, %0",
        "  %1 = mul nsw i64 %0, 8",
        "  %1 = fcmp olt float %0, %0",
        "  %fadd.1 = call float @fmul(float %0)",
    ],
)
def test_contract_goes_nowhere_else(line):
    assert clean(line, contract=True) == line


@pytest.mark.parametrize(
    "line",
    [
        "%XLA_CPU_KernelArg = type { ptr, i64 }",
        "  %3 = load i32, ptr %2, align 4",
        "  %2 = getelementptr inbounds nuw [64 x float], ptr %0, i32 0, i64 %15",
        "  %1 = fadd reassoc nnan float %0, %2",
        "  br i1 %8, label %9, label %24",
        "  switch i32 %1, label %2 [",
        "}",
    ],
)
def test_everything_else_stays(line):
    assert clean(line) == line


def test_comments_about_predecessors_are_dropped():
    assert clean("6:                        ; preds = %22, %5") == "6:"


KERNEL = """\
; ModuleID = '__compute_module_fusion_kernel_module'
source_filename = "__compute_module_fusion_kernel_module"
target datalayout = "e-m:e-p270:32:32-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

%XLA_CPU_KernelCallFrame = type { ptr, ptr, i64, ptr }

; Function Attrs: alwaysinline
define internal void @fusion_wrapped(ptr noalias align 64 dereferenceable(28) %0, i64 %1) #1 {
  br label %3

3:                                                ; preds = %3, %2
  %4 = phi i64 [ %11, %3 ], [ 0, %2 ]
  %5 = phi float [ %9, %3 ], [ -inf, %2 ]
  %6 = getelementptr inbounds [7 x float], ptr %0, i32 0, i64 %4
  %7 = load float, ptr %6, align 4, !invariant.load !0
  %8 = fmul float %7, f0x3C23D70A
  %9 = call float @llvm.maximum.f32(float %8, float 3.000000e-01)
  %10 = fadd float %9, %5
  store float %10, ptr %6, align 4
  %11 = add nsw i64 %4, 1
  %12 = icmp slt i64 %11, 7
  br i1 %12, label %3, label %13, !llvm.loop !4

13:                                               ; preds = %3
  ret void
}

; Function Attrs: uwtable
define ptr @fusion(ptr noundef nonnull %0) #0 {
  %2 = getelementptr inbounds %XLA_CPU_KernelCallFrame, ptr %0, i32 0, i32 3
  %3 = load ptr, ptr %2, align 8, !invariant.load !0, !dereferenceable !1
  call void @fusion_wrapped(ptr %3, i64 7)
  ret ptr null
}

; Function Attrs: nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn
declare float @llvm.maximum.f32(float, float) #2

attributes #0 = { uwtable "frame-pointer"="all" "prefer-vector-width"="256" denormal_fpenv(0) }
attributes #1 = { alwaysinline }
attributes #2 = { nocallback nocreateundeforpoison nofree nosync nounwind speculatable }

!llvm.module.flags = !{!5}

!0 = !{}
!1 = !{i64 256}
!4 = distinct !{!4}
!5 = !{i32 1, !"xla_dylib_index", i64 3}
"""


@pytest.mark.parametrize("keep_noalias", [False, True])
@pytest.mark.parametrize("contract", [False, True])
def test_llvm_reads_a_whole_cleaned_kernel(keep_noalias, contract):
    with pytest.raises(RuntimeError):
        llvm.parse_assembly(KERNEL)
    text = clean_kernel(KERNEL, keep_noalias=keep_noalias, contract=contract)
    module = llvm.parse_assembly(text)
    module.verify()
    assert [f.name for f in module.functions] == ["fusion_wrapped", "fusion", "llvm.maximum.f32"]
    assert "!" not in text
    assert ("noalias" in text, "contract" in text) == (keep_noalias, contract)


def test_the_same_code_is_canonically_the_same():
    one = """define ptr @tanh.1(ptr %0) {
entry:
  %x.1 = call float @tanhf(float %y)
  br label %tanh.1.exit

tanh.1.exit:
}
@table.1 = constant [2 x i8] c"%a"
"""
    other = one.replace("tanh.1", "tanh.22").replace("x.1", '"x 2"').replace("table.1", "t")
    assert canonical_kernel(one) == canonical_kernel(other)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("@tanhf", "@sinhf"),
        ('c"%a"', 'c"%b"'),
        ("float %y", "float %x"),
        ("label %one", "label %two"),
        ("0x3FE", "0x3FF"),
        ("@table,", "@other,"),
    ],
)
def test_other_code_is_canonically_other(old, new):
    text = """@table = constant [2 x i8] c"%a"
@other = constant [2 x i8] c"%c"
define ptr @kernel(float %x, float %y) {
one:
  %z = call float @tanhf(float %y, ptr @table, float 0x3FE)
  br label %one
two:
}
"""
    assert text.count(old)
    assert canonical_kernel(text) != canonical_kernel(text.replace(old, new))
