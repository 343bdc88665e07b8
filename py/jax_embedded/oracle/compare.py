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
    if got.dtype != jax32.dtype or got.shape != jax32.shape:
        raise ValueError(f"expected {jax32.dtype}{jax32.shape}, found {got.dtype}{got.shape}")
    if got.dtype.kind in "biu":
        error = np.where(got == jax32, 0.0, np.inf).ravel()
        worst = int(np.argmax(error))
        return Comparison(worst, float(error[worst]), 0.0)
    error = ulp_error(got, jax32, reference, elementwise=elementwise)
    bound = bounds(jax32, reference, elementwise=elementwise)
    worst = int(np.argmax(error - bound))
    parts = 2 if got.dtype.kind == "c" else 1
    return Comparison(worst // parts, float(error[worst]), float(bound[worst]))


def bounds(
    jax32: np.ndarray, reference: np.ndarray, *, elementwise: bool = False, max_ulp: float = 4.0
) -> np.ndarray:
    """What the error of each element may be, in ulp, flat: max_ulp, and twice JAX's own."""
    return max_ulp + 2.0 * ulp_error(jax32, jax32, reference, elementwise=elementwise)


def ulp_error(
    got: np.ndarray, jax32: np.ndarray, reference: np.ndarray, *, elementwise: bool = False
) -> np.ndarray:
    """|got - reference| / ulp(max(|reference|, rms of the result)), flat.

    A complex number counts as two elements, which are one result if `elementwise`. Where JAX
    itself gives inf or nan, `got` must give the same: 0 or infinite.
    """
    unit = _unit(jax32, reference, elementwise)
    got64, jax64 = (_flushed(_real(array)).astype(np.float64) for array in (got, jax32))
    finite = np.isfinite(jax64)
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(got64 - _exact(jax64, _real(reference))) / unit
    error = np.where(np.isfinite(got64), error, np.inf)
    same = (got64 == jax64) | (np.isnan(got64) & np.isnan(jax64))
    return np.where(finite, error, np.where(same, 0.0, np.inf))


def rms(jax32: np.ndarray, reference: np.ndarray) -> float:
    """The root mean square of what is finite in a result."""
    jax64 = _flushed(_real(jax32)).astype(np.float64)
    return float(_rms(_exact(jax64, _real(reference)), np.isfinite(jax64), 0)[0])


def accepted(
    jax32: np.ndarray, reference: np.ndarray, *, elementwise: bool = False, max_ulp: float = 4.0
) -> tuple[np.ndarray, np.ndarray]:
    """The least and the greatest number that `compare` passes, for each element of a result of
    floating-point numbers: flat, of its dtype, two for a complex number. None is subnormal. Where
    JAX gives inf or nan, that.
    """
    bound = bounds(jax32, reference, elementwise=elementwise, max_ulp=max_ulp)
    jax = _real(jax32)
    exact = _exact(jax.astype(np.float64), _real(reference))
    info = ml_dtypes.finfo(jax.dtype)
    most, tiny = (np.array(float(value), jax.dtype) for value in (info.max, info.tiny))

    def passes(values: np.ndarray) -> np.ndarray:
        shaped = values.view(jax32.dtype).reshape(jax32.shape)
        return ulp_error(shaped, jax32, reference, elementwise=elementwise) <= bound

    unit = _unit(jax32, reference, elementwise)
    ends = []
    for sign in (-1.0, 1.0):
        with np.errstate(invalid="ignore", over="ignore"):
            end = np.clip(exact + sign * bound * unit, -float(most), float(most)).astype(jax.dtype)
            inwards = np.array(-sign * np.inf, jax.dtype)
            for _ in range(2):  # rounding
                end = np.where(passes(end), end, np.nextafter(end, inwards))
        subnormal = np.abs(end) < tiny
        nearest = np.where(passes(np.zeros_like(end)), np.zeros_like(end), -sign * tiny)
        end = np.where(subnormal, nearest.astype(jax.dtype), end)
        ends.append(np.where(np.isfinite(jax), end, jax))
    return ends[0], ends[1]


def _unit(jax32: np.ndarray, reference: np.ndarray, elementwise: bool) -> np.ndarray:
    group = (2 if jax32.dtype.kind == "c" else 1) if elementwise else 0
    jax = _real(jax32)
    jax64 = _flushed(jax).astype(np.float64)
    exact, finite = _exact(jax64, _real(reference)), np.isfinite(jax64)
    scale = np.maximum(np.abs(np.where(finite, exact, 0.0)), _rms(exact, finite, group))
    return ulp(scale, jax.dtype)


def _real(array: np.ndarray) -> np.ndarray:
    """Flat; of a complex number its real and imaginary part."""
    if array.dtype.kind == "c":
        return np.stack([array.real.ravel(), array.imag.ravel()], -1).ravel()
    return array.ravel()


def _exact(jax64: np.ndarray, reference: np.ndarray) -> np.ndarray:
    exact = reference.astype(np.float64)
    return np.where(np.isfinite(exact), exact, jax64)


def _rms(exact: np.ndarray, finite: np.ndarray, group: int) -> np.ndarray:
    """Of every `group` of neighbouring elements, or of all of them if 0; one for each element."""
    groups = (-1, group) if group else (1, -1)
    with np.errstate(invalid="ignore", over="ignore"):
        squares = np.where(finite, np.square(exact), 0.0).reshape(groups)
        counts = finite.reshape(groups).sum(-1, keepdims=True)
        mean = squares.sum(-1, keepdims=True) / np.maximum(counts, 1)
    return np.broadcast_to(np.sqrt(mean), squares.shape).ravel()


def _flushed(values: np.ndarray) -> np.ndarray:
    """Subnormals as zeros of their sign."""
    zero = np.copysign(np.zeros_like(values), values)
    return np.where(np.abs(values) < float(ml_dtypes.finfo(values.dtype).tiny), zero, values)


def ulp(magnitude: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The distance to the next number of `dtype`, at least that of the least normal number."""
    info = ml_dtypes.finfo(dtype)
    clamped = np.clip(magnitude, float(info.tiny), float(info.max))
    return np.exp2(np.floor(np.log2(clamped)) - info.nmant)
