# SPDX-License-Identifier: Apache-2.0
"""How often a sum is out of bound whose products are added up one after the other."""

import os
from pathlib import Path

import numpy as np

from jax_embedded.child import run_in_child
from jax_embedded.oracle.case import Case
from jax_embedded.oracle.compare import compare
from jax_embedded.oracle.oracle import cases

DRAWS = 1000
_WORKLOADS = Path(os.path.relpath(Path(__file__).parent)) / "workloads/workloads.py"
# Workload -> its function and inputs, and what of the inputs is multiplied: [results, terms] each.
SUMS = {
    "dot": ("dot", {"x": "f32[256]", "y": "f32[256]"}, lambda x, y: (x[None], y[None])),
    "matvec": ("matmul", {"a": "f32[64,64]", "b": "f32[64]"}, lambda a, b: (a, b[None])),
    "fir": (
        "fir",
        {"taps": "f32[32]", "x": "f32[159]"},
        lambda taps, x: (np.lib.stride_tricks.sliding_window_view(x, 32), taps[None, ::-1]),
    ),
}


def out_of_bound(workload: str, part: int | None = None) -> int:
    """Of DRAWS cases as jax_llvm_test draws them, those that fail with fused multiply-add.

    part: terms that are added up one after the other, of a sum of such sums; None for all.
    """
    fn, inputs, products = SUMS[workload]

    def failed(case: Case) -> bool:
        a, b = np.broadcast_arrays(*products(*case.inputs))
        total = np.float32(0)
        for start in range(0, a.shape[1], part or a.shape[1]):
            end = start + (part or a.shape[1])
            total = total + _in_order(a[:, start:end], b[:, start:end])
        expected = case.results[0]
        return not compare(total.reshape(expected.shape), expected, case.references[0]).passed

    def count() -> int:
        return sum(map(failed, cases(_WORKLOADS, fn, inputs, draws=DRAWS)))

    return run_in_child("in_order", count)


def _in_order(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    total = np.zeros(len(a), np.float32)
    for x, y in zip(a.T.astype(np.float64), b.T.astype(np.float64), strict=True):
        total = (total + x * y).astype(np.float32)
    return total
