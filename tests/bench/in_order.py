# SPDX-License-Identifier: Apache-2.0
"""How often results are out of bound whose products are added up one after the other."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from weights import WEIGHTS

from jax_embedded.child import run_in_child
from jax_embedded.oracle.case import Case
from jax_embedded.oracle.compare import bounds, ulp_error
from jax_embedded.oracle.oracle import cases

DRAWS = 1000
_FOLDER = Path(os.path.relpath(Path(__file__).parent)) / "workloads"

# Of [results, terms] and [results, terms] or [1, terms], the sums of their products.
Dot = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Sums(NamedTuple):
    """How a workload is computed. fn, inputs: see workloads.bzl."""

    fn: str
    inputs: dict[str, str]
    result: Callable[..., np.ndarray]


def _layers(workload: str) -> Callable[[Dot, np.ndarray], np.ndarray]:
    weights = WEIGHTS[workload]
    last = len(weights) // 2 - 1

    def result(dot: Dot, x: np.ndarray) -> np.ndarray:
        for i in range(last):
            x = np.maximum(dot(weights[f"w{i}"], x[None]) + weights[f"b{i}"], 0)
        return dot(weights[f"w{last}"], x[None]) + weights[f"b{last}"]

    return result


WORKLOADS = {
    "dot": Sums(
        "dot", {"x": "f32[256]", "y": "f32[256]"}, lambda dot, x, y: dot(x[None], y[None])[0]
    ),
    "matvec": Sums(
        "matmul", {"a": "f32[64,64]", "b": "f32[64]"}, lambda dot, a, b: dot(a, b[None])
    ),
    "mlp_relu": Sums("mlp_relu", {"x": "f32[64]"}, _layers("mlp_relu")),
    "autoencoder": Sums("autoencoder", {"x": "f32[640]"}, _layers("autoencoder")),
    "fir": Sums(
        "fir",
        {"taps": "f32[32]", "x": "f32[159]"},
        lambda dot, taps, x: dot(np.lib.stride_tricks.sliding_window_view(x, 32), taps[None, ::-1]),
    ),
}


def out_of_bound(workload: str, part: int | None = None) -> int:
    """Of DRAWS cases as jax_llvm_test draws them, those that fail with fused multiply-add.

    part: terms that are added up one after the other, of a sum of such sums; None for all.
    """
    sums = WORKLOADS[workload]
    max_ulp = dict(json.loads((_FOLDER / "max_ulp.json").read_text()))[workload]

    def dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        total = np.zeros(len(a), np.float32)
        for start in range(0, a.shape[1], part or a.shape[1]):
            end = start + (part or a.shape[1])
            total = total + _in_order(a[:, start:end], b[:, start:end])
        return total

    def failed(case: Case) -> bool:
        (jax,), (reference,) = case.results, case.references
        got = sums.result(dot, *case.inputs).reshape(jax.shape)
        error, bound = ulp_error(got, jax, reference), bounds(jax, reference, max_ulp=max_ulp)
        return bool((error > bound).any())

    def count() -> int:
        return sum(map(failed, cases(_FOLDER / "workloads.py", sums.fn, sums.inputs, draws=DRAWS)))

    return run_in_child("in_order", count)


def _in_order(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    total = np.zeros(len(a), np.float32)
    for x, y in zip(a.T.astype(np.float64), b.T.astype(np.float64), strict=True):
        total = (total + x * y).astype(np.float32)
    return total
