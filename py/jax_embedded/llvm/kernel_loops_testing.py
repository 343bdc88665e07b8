# SPDX-License-Identifier: Apache-2.0
"""Kernels for tests, as XLA writes them."""

HEAD = """\
%XLA_CPU_KernelCallFrame = type { ptr, ptr, i64, ptr }
%XLA_CPU_KernelArg = type { ptr, i64 }
%kernel_dim3 = type { i64, i64, i64 }
"""


def kernel(name: str, body: str, *, pointers: int = 2) -> str:
    """As XLA writes one, cleaned: the wrapper, which leaves out the ids here, and `body`."""
    given = "".join("ptr null, " for _ in range(pointers))
    taken = "".join(f"ptr noalias %{n}, " for n in range(pointers))
    return f"""\
{HEAD}define ptr @{name}(ptr %0) alwaysinline nounwind {{
  call void @{name}_wrapped({given}i64 0, i64 0, i64 0)
  ret ptr null
}}
define internal void @{name}_wrapped({taken}i64 %x, i64 %y, i64 %z) alwaysinline nounwind {{
{body}}}
"""


def one_loop(extent: int, *, read: str = "%i", write: str = "%i", before: str = "") -> str:
    return f"""\
  br label %head
head:
  %i = phi i64 [ %next, %body ], [ 0, %2 ]
  %going = icmp slt i64 %i, {extent}
  br i1 %going, label %body, label %exit
body:
{before}  %from = getelementptr inbounds [12 x float], ptr %0, i32 0, i64 {read}
  %a = load float, ptr %from, align 4
  %b = fadd float %a, %a
  %to = getelementptr inbounds [12 x float], ptr %1, i32 0, i64 {write}
  store float %b, ptr %to, align 4
  %next = add nsw i64 %i, 1
  br label %head
exit:
  ret void
"""


def two_loops(extents: tuple[int, int], *, between: str = "") -> str:
    element = """\
  %from = getelementptr inbounds [12 x float], ptr %0, i32 0, i64 %j
  %a = load float, ptr %from, align 4
  %to = getelementptr inbounds [12 x float], ptr %1, i32 0, i64 %at
  store float %a, ptr %to, align 4
"""
    return _rows(extents, between, element)


def sums(extents: tuple[int, int], *, flags: str = "reassoc", added: str = "%new") -> str:
    """Of rows. added: what the sum becomes."""
    term = f"""\
  %from = getelementptr inbounds [24 x float], ptr %0, i32 0, i64 %at
  %a = load float, ptr %from, align 4
  %new = fadd {flags} float %sum, %a
"""
    total = """\
  %to = getelementptr inbounds [3 x float], ptr %1, i32 0, i64 %i
  store float %sum, ptr %to, align 4
"""
    return _rows(
        extents,
        "  %first.sum = sitofp i64 %first to float\n",
        term,
        phi=f"  %sum = phi float [ {added}, %body ], [ %first.sum, %row ]\n",
        after=total,
    )


def _rows(
    extents: tuple[int, int], before: str, element: str, *, phi: str = "", after: str = ""
) -> str:
    """before, after: of the loop inside, with the phi beside that of its counter."""
    return f"""\
  br label %rows
rows:
  %i = phi i64 [ %next.i, %row.end ], [ 0, %2 ]
  %going.i = icmp slt i64 %i, {extents[0]}
  br i1 %going.i, label %row, label %exit
row:
  %first = mul nsw i64 %i, {extents[1]}
{before}  br label %head
head:
  %j = phi i64 [ %next.j, %body ], [ 0, %row ]
{phi}  %going.j = icmp slt i64 %j, {extents[1]}
  br i1 %going.j, label %body, label %row.end
body:
  %at = add nsw i64 %first, %j
{element}  %next.j = add nsw i64 %j, 1
  br label %head
row.end:
{after}  %next.i = add nsw i64 %i, 1
  br label %rows
exit:
  ret void
"""
