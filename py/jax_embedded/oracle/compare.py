# SPDX-License-Identifier: Apache-2.0
"""The error measure: see docs/numerics.md."""

from dataclasses import dataclass

import ml_dtypes
import numpy as np


@dataclass(frozen=True)
class Comparison:
    """How far one result is from the reference.

    worst: flat index of the element that exceeds its bound most, or comes nearest to it.
    error_ulp, bound_ulp: of that element; for discrete results the error is 0 or infinite.
    """

    worst: int
    error_ulp: float
    bound_ulp: float

    @property
    def passed(self) -> bool:
        return self.error_ulp <= self.bound_ulp


def compare(
    got: np.ndarray, jax32: np.ndarray, reference: np.ndarray, *, elementwise: bool = False
) -> Comparison:
    """Judges one result.

    got, jax32: the result and what JAX computed, of one dtype and shape.
    reference: the same in float64; for discrete results it is not read.
    elementwise: whether each element is a result of its own, so that a large one excuses no other.
    """
    if elementwise and got.shape:
        rows = zip(got.ravel(), jax32.ravel(), reference.ravel(), strict=True)
        each = [compare(*map(np.asarray, row)) for row in rows]
        worst = max(range(len(each)), key=lambda i: each[i].error_ulp - each[i].bound_ulp)
        return Comparison(worst, each[worst].error_ulp, each[worst].bound_ulp)
    if got.dtype != jax32.dtype or got.shape != jax32.shape:
        raise ValueError(f"expected {jax32.dtype}{jax32.shape}, found {got.dtype}{got.shape}")
    if got.dtype.kind == "c":
        parts = (np.stack([a.real, a.imag], -1) for a in (got, jax32, reference))
        found = compare(*parts)
        return Comparison(found.worst // 2, found.error_ulp, found.bound_ulp)
    if got.dtype.kind in "biu":
        error = np.where(got == jax32, 0.0, np.inf).ravel()
        worst = int(np.argmax(error))
        return Comparison(worst, float(error[worst]), 0.0)
    error = ulp_error(got, jax32, reference)
    bound = 4.0 + 2.0 * ulp_error(jax32, jax32, reference)
    worst = int(np.argmax(error - bound))
    return Comparison(worst, float(error[worst]), float(bound[worst]))


def ulp_error(got: np.ndarray, jax32: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """|got - reference| / ulp(max(|reference|, rms of the result)), flat.

    Where JAX itself gives inf or nan, `got` must give the same: 0 or infinite.
    """
    got64, jax64 = (_flushed(a).astype(np.float64).ravel() for a in (got, jax32))
    exact = reference.astype(np.float64).ravel()
    exact = np.where(np.isfinite(exact), exact, jax64)
    finite = np.isfinite(jax64)
    rms = np.sqrt(np.mean(np.square(exact[finite]))) if finite.any() else 0.0
    with np.errstate(invalid="ignore", over="ignore"):
        scale = np.maximum(np.abs(np.where(finite, exact, 0.0)), rms)
        error = np.abs(got64 - exact) / ulp(scale, got.dtype)
    error = np.where(np.isfinite(got64), error, np.inf)
    same = (got64 == jax64) | (np.isnan(got64) & np.isnan(jax64))
    return np.where(finite, error, np.where(same, 0.0, np.inf))


def _flushed(values: np.ndarray) -> np.ndarray:
    """Subnormals as zeros of their sign."""
    zero = np.copysign(np.zeros_like(values), values)
    return np.where(np.abs(values) < float(ml_dtypes.finfo(values.dtype).tiny), zero, values)


def ulp(magnitude: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The distance to the next number of `dtype`, at least that of the least normal number."""
    info = ml_dtypes.finfo(dtype)
    clamped = np.clip(magnitude, float(info.tiny), float(info.max))
    return np.exp2(np.floor(np.log2(clamped)) - info.nmant)
