# SPDX-License-Identifier: Apache-2.0
"""Edge values of each dtype, and how they are placed in the arguments of a function.

There are 17 of every dtype. 17 is prime: case (c, d) gives element j of leaf i the value number
j + d + (i + 1) * c, modulo 17, and while c goes through 0..16, so does every element of every
leaf, and so does the distance between any two leaves (of the first 17). With d = 0, n, 2n, … for
arrays of n elements, two leaves meet in all combinations, in the same place of arrays of one shape
or a scalar with an array: 17 cases if the arrays have 17 elements or more, 289 if one is a scalar.
"""

from collections.abc import Iterator, Sequence

import ml_dtypes
import numpy as np

COUNT = 17


def edge_values(dtype: np.dtype) -> np.ndarray:
    """COUNT values: zeros, the least and the largest of their kind, and ordinary numbers.

    Of floats also infinities, nan and subnormals, so small that their reciprocal is infinite: XLA
    flushes subnormals. A function that turns on them is outside of the contract: let it take them
    for zeros itself (docs/numerics.md).
    """
    if dtype.kind == "b":
        values = [False, True] * 8 + [True]
    elif dtype.kind == "u":
        top = np.iinfo(dtype).max
        half = top // 2
        values = [0, 1, 2, 3, 5, 7, 8, 10, 15, 31, 32, 63, 100, half, half + 1, top - 1, top]
    elif dtype.kind == "i":
        low, top = np.iinfo(dtype).min, np.iinfo(dtype).max
        values = [0, 1, -1, 2, -2, 3, -3, 7, -8, 10, 31, 100, -100, low, low + 1, top - 1, top]
    elif dtype.kind == "c":
        parts = edge_values(np.dtype("f4" if dtype.itemsize == 8 else "f8"))
        values = [complex(a, b) for a, b in zip(parts, np.roll(parts, 3), strict=True)]
    else:
        info = ml_dtypes.finfo(dtype)
        tiny, most, subnormal = (
            float(value) for value in (info.tiny, info.max, info.smallest_subnormal)
        )
        values = [0.0, -0.0, 0.5, 1.0, -1.0, -2.5, np.pi, 100.0, tiny, -tiny, 4 * subnormal]
        values += [-4 * subnormal, most, -most, np.inf, -np.inf, np.nan]
    return np.array(values, dtype)


def placements(leaves: Sequence[np.ndarray]) -> Iterator[list[np.ndarray]]:
    """leaves: arrays of which dtype and shape are taken. Yields one array for each."""
    elements = min((leaf.size for leaf in leaves), default=COUNT) if len(leaves) > 1 else COUNT
    for d in range(0, COUNT, elements):
        for c in range(COUNT):
            yield [
                edge_values(leaf.dtype)[(np.arange(leaf.size) + d + (i + 1) * c) % COUNT].reshape(
                    leaf.shape
                )
                for i, leaf in enumerate(leaves)
            ]
