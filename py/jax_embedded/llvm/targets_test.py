# SPDX-License-Identifier: Apache-2.0
import re

import llvmlite.binding as llvm

from jax_embedded.child import run_in_child
from jax_embedded.llvm.targets import data_layout, target_machine
from jax_embedded.target import TARGETS

M55 = TARGETS["cortex-m55"]
# Goes through every 32nd element: the addresses of four go on by 512 bytes.
GATHER = f"""
target datalayout = "{data_layout(M55)}"
target triple = "{M55.triple}"
define void @sum(ptr noalias %a, ptr noalias %r) {{
entry:
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  %at = phi <4 x i32> [ <i32 0, i32 1, i32 2, i32 3>, %entry ], [ %further, %loop ]
  %sum = phi <4 x i32> [ zeroinitializer, %entry ], [ %more, %loop ]
  %index = shl <4 x i32> %at, splat (i32 5)
  %p = getelementptr inbounds i32, ptr %a, <4 x i32> %index
  %x = call <4 x i32> @llvm.masked.gather.v4i32.v4p0(
      <4 x ptr> %p, i32 4, <4 x i1> splat (i1 true), <4 x i32> poison)
  %more = add <4 x i32> %sum, %x
  %further = add <4 x i32> %at, splat (i32 4)
  %next = add nuw nsw i32 %i, 4
  %going = icmp ult i32 %next, 64
  br i1 %going, label %loop, label %exit
exit:
  store <4 x i32> %more, ptr %r, align 4
  ret void
}}
declare <4 x i32> @llvm.masked.gather.v4i32.v4p0(<4 x ptr>, i32, <4 x i1>, <4 x i32>)
"""


def gathers(*options: str) -> list[str]:
    """The loads through a vector of addresses, as LLVM writes them."""

    def assembly() -> str:
        machine = target_machine(M55)
        for option in options:
            llvm.set_option("test", option)
        return machine.emit_assembly(llvm.parse_assembly(GATHER))

    # In a process of its own: LLVM's options are the process's.
    return re.findall(r"vldr\w*\.\w+\s+q\d, \[(q.*)", run_in_child("gathers", assembly))


def test_there_is_no_gather():
    assert gathers() == []


def test_without_the_option_a_gather_has_an_offset_that_has_no_encoding():
    """It has 7 bits, in units of 4 bytes: at most 508. In the object file 512 becomes 0."""
    assert gathers("-enable-arm-maskedgatscat=true") == ["q1, #512]!"]
