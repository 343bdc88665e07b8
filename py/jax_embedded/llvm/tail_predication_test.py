# SPDX-License-Identifier: Apache-2.0
import ctypes

import llvmlite.binding as llvm
import numpy as np
import pytest

from jax_embedded.llvm.host_testing import loaded
from jax_embedded.llvm.tail_predication import safe_masks
from jax_embedded.llvm.targets import data_layout, target_machine
from jax_embedded.target import TARGETS

M55 = TARGETS["cortex-m55"]


def mask_ir(lanes: int) -> str:
    """The mask is used where vectors take more than a register."""
    return f"""\
define void @run(i32 %first, i32 %count, ptr %r) {{
  %1 = tail call <{lanes} x i1> @llvm.get.active.lane.mask.v{lanes}i1.i32(i32 %first, i32 %count)
  %2 = zext <{lanes} x i1> %1 to <{lanes} x i128>
  %3 = trunc <{lanes} x i128> %2 to <{lanes} x i8>
  store <{lanes} x i8> %3, ptr %r, align 1
  ret void
}}

declare <{lanes} x i1> @llvm.get.active.lane.mask.v{lanes}i1.i32(i32, i32)
"""


@pytest.mark.parametrize("lanes", [2, 4, 8, 16])
def test_a_mask_that_is_compared_is_the_mask(lanes):
    text = safe_masks(mask_ir(lanes))
    assert "call" not in text
    address, _library = loaded(llvm.parse_assembly(text), "run")
    run = ctypes.CFUNCTYPE(None, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p)(address)
    counts = [0, 1, lanes - 1, lanes, lanes + 1, 4 * lanes, 1000, 2**31, 2**32 - 1]
    for count in counts:
        for first in {0, 1, lanes, count, *counts, max(0, count - 1), max(0, count - lanes)}:
            found = np.zeros(lanes, np.uint8)
            run(first, count, found.ctypes.data)
            expected = [first + lane < count for lane in range(lanes)]
            assert found.tolist() == expected, (first, count)


def loop(lanes: int, loaded: str, body: str, stored: str) -> str:
    """%r = body of %x, of 9 elements."""
    wide, narrow = f"<{lanes} x {loaded}>", f"<{lanes} x {stored}>"
    bits = f"<{lanes} x i1>"
    lines = "\n".join(f"  {line}" for line in body.splitlines())
    return f"""\
target datalayout = "{data_layout(M55)}"
target triple = "{M55.triple}"
define void @run(ptr noalias %a, ptr noalias %b) {{
entry:
  br label %body

body:                                             ; preds = %entry, %body
  %i = phi i32 [ 0, %entry ], [ %next, %body ]
  %m = tail call {bits} @llvm.get.active.lane.mask.v{lanes}i1.i32(i32 %i, i32 9)
  %from = getelementptr {loaded}, ptr %a, i32 %i
  %x = tail call {wide} @llvm.masked.load.x.p0(ptr align 4 %from, {bits} %m, {wide} poison)
{lines}
  %to = getelementptr {stored}, ptr %b, i32 %i
  tail call void @llvm.masked.store.x.p0({narrow} %r, ptr align 4 %to, {bits} %m)
  %next = add nuw i32 %i, {lanes}
  %last = icmp uge i32 %next, 9
  br i1 %last, label %end, label %body

end:                                              ; preds = %body
  ret void
}}

declare {bits} @llvm.get.active.lane.mask.v{lanes}i1.i32(i32, i32)
declare {wide} @llvm.masked.load.x.p0(ptr, {bits}, {wide})
declare void @llvm.masked.store.x.p0({narrow}, ptr, {bits})
""".replace("masked.load.x", f"masked.load.v{lanes}{_short(loaded)}").replace(
        "masked.store.x", f"masked.store.v{lanes}{_short(stored)}"
    )


def _short(scalar: str) -> str:
    return {"half": "f16", "float": "f32"}.get(scalar, scalar)


WIDER = """\
%y = fpext <8 x half> %x to <8 x float>
%z = fmul <8 x float> %y, %y
%r = fptrunc <8 x float> %z to <8 x half>"""
WIDER_INTEGERS = """\
%y = zext <16 x i8> %x to <16 x i32>
%z = mul <16 x i32> %y, %y
%s = lshr <16 x i32> %z, splat (i32 7)
%r = trunc <16 x i32> %s to <16 x i8>"""
TURNED = """\
%r = shufflevector <4 x float> %x, <4 x float> %x, <4 x i32> <i32 3, i32 2, i32 1, i32 0>"""
IN_HALF_OF_A_REGISTER = "%r = fadd <4 x half> %x, %x"
SAME = "%r = fmul <8 x half> %x, %x"
NARROWED = """\
%y = zext <4 x i8> %x to <4 x i32>
%z = mul <4 x i32> %y, %y
%r = trunc <4 x i32> %z to <4 x i8>"""


@pytest.mark.parametrize(
    ("lanes", "loaded", "body", "stored"),
    [
        (8, "half", WIDER, "half"),
        (16, "i8", WIDER_INTEGERS, "i8"),
        (4, "float", TURNED, "float"),
        (4, "half", IN_HALF_OF_A_REGISTER, "half"),
    ],
)
def test_what_has_other_lanes_than_the_mask_is_no_tail(lanes, loaded, body, stored):
    text = safe_masks(loop(lanes, loaded, body, stored))
    assert "icmp sgt" in text
    assert "dlstp" not in assembly(text)


@pytest.mark.parametrize(
    ("lanes", "loaded", "body", "stored"),
    [
        (8, "half", SAME, "half"),
        (4, "i8", NARROWED, "i8"),
    ],
)
def test_what_has_the_lanes_of_the_mask_may_be_one(lanes, loaded, body, stored):
    text = loop(lanes, loaded, body, stored)
    assert safe_masks(text) == text
    assert "dlstp" in assembly(text)


def assembly(text: str) -> str:
    return target_machine(M55).emit_assembly(llvm.parse_assembly(text))
