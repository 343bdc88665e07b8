# SPDX-License-Identifier: Apache-2.0
"""The constant weights of the workloads, as numpy arrays by name.

weights.py OUT...: writes WORKLOAD_weights.h, its arrays for C, and weights.json, their bytes.
"""

import json
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np


def dense(seed, *sizes):
    """w0[sizes[1], sizes[0]], b0[sizes[1]], w1, b1, ...; what they make of x is about as large."""
    arrays = {}
    draw = np.random.default_rng(seed)
    for i, (inputs, outputs) in enumerate(pairwise(sizes)):
        arrays[f"w{i}"] = draw.normal(0, (2 / inputs) ** 0.5, (outputs, inputs))
        arrays[f"b{i}"] = draw.normal(0, 0.1, outputs)
    return arrays


def convolution(seed, *kernel):
    """w[height, width, inputs, outputs] and b."""
    draw = np.random.default_rng(seed)
    scale = (2 / np.prod(kernel[:-1])) ** 0.5
    return {"w": draw.normal(0, scale, kernel), "b": draw.normal(0, 0.1, kernel[-1])}


def recurrent(seed, inputs, hidden):
    """Of the input w and b, of the state u and c; rows: update, reset, candidate."""
    draw = np.random.default_rng(seed)
    return {
        "w": draw.normal(0, inputs**-0.5, (3 * hidden, inputs)),
        "u": draw.normal(0, hidden**-0.5, (3 * hidden, hidden)),
        "b": draw.normal(0, 0.1, 3 * hidden),
        "c": draw.normal(0, 0.1, 3 * hidden),
    }


WEIGHTS = {
    workload: {name: array.astype(np.float32) for name, array in arrays.items()}
    for workload, arrays in {
        "mlp_tanh": dense(7, 2, 16, 16, 1),
        "mlp_relu": dense(2, 64, 64, 10),
        "autoencoder": dense(3, 640, *[128] * 4, 8, *[128] * 4, 640),
        "conv": convolution(4, 3, 3, 8, 8),
        "depthwise": convolution(5, 3, 3, 1, 6),
        "gru": recurrent(6, 8, 16),
    }.items()
}


def header(arrays):
    """C with the arrays, row-major, to the last bit."""
    return "".join(
        f"static const float {name}[{array.size}] = {{"
        + ",".join(f"{value:.9e}f" for value in array.flat)
        + "};\n"
        for name, array in arrays.items()
    )


def main(outs):
    for out in map(Path, outs):
        if out.name == "weights.json":
            sizes = {w: sum(a.nbytes for a in arrays.values()) for w, arrays in WEIGHTS.items()}
            out.write_text(json.dumps(sizes))
        else:
            out.write_text(header(WEIGHTS[out.stem.removesuffix("_weights")]))


if __name__ == "__main__":
    main(sys.argv[1:])
