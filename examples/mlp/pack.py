# SPDX-License-Identifier: Apache-2.0
"""pack.py PARAMS.json PARAMS.npz PARAMS.h: weights as numpy reads them, and as C does."""

import json
import sys
from pathlib import Path

import numpy as np

source, npz, header = map(Path, sys.argv[1:])
arrays = {
    f"{name}{i}": np.array(values, np.float32)
    for i, layer in enumerate(json.loads(source.read_text()))
    for name, values in layer.items()
}
np.savez(npz, allow_pickle=False, **arrays)
lines = [
    f"static const float {name}[{array.size}] = {{{', '.join(f'{x:.4f}f' for x in array.flat)}}};\n"
    for name, array in arrays.items()
]
header.write_text("".join(lines))
