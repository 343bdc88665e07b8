# SPDX-License-Identifier: Apache-2.0
"""Modules for the tests of codegen, and what it makes of them."""

from collections.abc import Callable

from jax_embedded.ir.scratch import Scratch
from jax_embedded.llvm import codegen as codegen_module
from jax_embedded.llvm.codegen import ObjectCode, codegen
from jax_embedded.llvm.link import LinkedModule
from jax_embedded.llvm.targets import data_layout
from jax_embedded.target import TARGETS, Target

# Two kernels in a row, as link leaves them.
MODULE = """\
@f.constant.1 = internal unnamed_addr constant [8 x i8] c"\\00\\00\\80\\3F\\00\\00\\00\\40", align 8
@f.workspace = internal global [256 x i8] zeroinitializer, align 8

define internal void @scale(ptr %frame) alwaysinline nounwind {
  %x.p = load ptr, ptr %frame
  %y.p.p = getelementptr ptr, ptr %frame, i32 1
  %y.p = load ptr, ptr %y.p.p
  %x = load float, ptr %x.p, align 4
  %w = load float, ptr @f.constant.1, align 4
  %m = fmul contract float %x, %w
  %y = fadd contract float %m, %x
  store float %y, ptr %y.p, align 4
  ret void
}

define internal float @jxe.tanh.f32(float %a) alwaysinline nounwind {
  %r = call float @tanhf(float %a)
  ret float %r
}

declare float @tanhf(float) nounwind memory(none)

define float @f(float %x, i32 signext %i) nounwind {
  %x.slot = alloca float, align 4
  %y.slot = alloca float, align 4
  %frame = alloca [2 x ptr], align 8
  store float %x, ptr %x.slot
  store ptr %x.slot, ptr %frame
  %second = getelementptr ptr, ptr %frame, i32 1
  store ptr %y.slot, ptr %second
  call void @scale(ptr %frame)
  %place = getelementptr float, ptr @f.workspace, i32 %i
  %old = load volatile float, ptr %place, align 4
  %y = load float, ptr %y.slot
  store volatile float %y, ptr %place, align 4
  %sum = fadd float %old, %y
  %t = call float @jxe.tanh.f32(float %sum)
  ret float %t
}
"""


M4F = TARGETS["cortex-m4f"]


def generated(
    target: Target, text: str = MODULE, *, size: bool = False, code_weight: float | None = None
) -> ObjectCode:
    header = f'target datalayout = "{data_layout(target)}"\ntarget triple = "{target.triple}"\n'
    linked = LinkedModule(header + text, "f", Scratch((), {}, 256))
    return codegen(linked, target, size=size, code_weight=code_weight)


# A loop as XLA writes it: with an index, that it looks at before each iteration.
WITH_INDEX = """\
define void @f(ptr noalias %x, ptr noalias %y) nounwind {
  br label %head
head:
  %i = phi i32 [ 0, %0 ], [ %next, %body ]
  %ends = icmp uge i32 %i, 40
  br i1 %ends, label %exit, label %body
body:
  %from = getelementptr inbounds float, ptr %x, i32 %i
  %to = getelementptr inbounds float, ptr %y, i32 %i
  %a = load float, ptr %from, align 4
  %b = fmul float %a, 3.0
  store float %b, ptr %to, align 4
  %next = add nuw nsw i32 %i, 1
  br label %head
exit:
  ret void
}
"""
# Shorter as it is.
FEW = """\
define void @f(ptr noalias %x, ptr noalias %y) nounwind {
  br label %head
head:
  %i = phi i32 [ 0, %0 ], [ %next, %body ]
  %sum = phi float [ 1.0, %0 ], [ %total, %body ]
  %ends = icmp uge i32 %i, 3
  br i1 %ends, label %exit, label %body
body:
  %from = getelementptr inbounds float, ptr %x, i32 %i
  %a = load float, ptr %from, align 4
  %total = fadd float %sum, %a
  %next = add nuw nsw i32 %i, 1
  br label %head
exit:
  store float %sum, ptr %y, align 4
  ret void
}
"""


TERMS = "\n".join(
    f"  %v{n + 1} = call float @llvm.fma.f32(float %v{n}, float %v0, float {n}.125)"
    for n in range(16)
)
# A polynomial of each element, with one constant more than there are registers that need not be
# saved; its sums begin as constants.
POLYNOMIALS = f"""
declare float @llvm.fma.f32(float, float, float)
define void @f(ptr noalias %x, ptr noalias %y) {{
  br label %loop
loop:
  %i = phi i32 [ 0, %0 ], [ %next, %loop ]
  %from = getelementptr float, ptr %x, i32 %i
  %v0 = load float, ptr %from, align 4
{TERMS}
  %to = getelementptr float, ptr %y, i32 %i
  store float %v16, ptr %to, align 4
  %next = add nuw nsw i32 %i, 1
  %done = icmp eq i32 %next, 100
  br i1 %done, label %exit, label %loop
exit:
  ret void
}}
"""


def ways_alone(text: str, cost: Callable[[str], int], monkeypatch, ways: str) -> list[int]:
    """What each of the ways costs, and all of them together."""
    found = []
    usual = getattr(codegen_module, ways)
    for tried in (*((way,) for way in usual), usual):
        monkeypatch.setattr(codegen_module, ways, tried)
        found.append(cost(text))
    return found


# Too long for LLVM to unroll the loop.
LONG_LOOP = WITH_INDEX.replace(
    "%b = fmul float %a, 3.0",
    "\n".join(
        [
            "%q0 = fmul float %a, 3.0",
            *(f"  %q{n + 1} = fdiv float %q{n}, %a" for n in range(90)),
            "  %b = fadd float %q90, %a",
        ]
    ),
)
