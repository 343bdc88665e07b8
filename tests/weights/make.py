# SPDX-License-Identifier: Apache-2.0
"""make.py WEIGHTS.npz WEIGHTS.safetensors: the same weights in both formats."""

import json
import sys
from pathlib import Path

import numpy as np

npz, safetensors = map(Path, sys.argv[1:])
numbers = ((np.arange(64 * 48 + 64) * 1237 % 4093 - 2046) / 8192).astype("<f4")
arrays = {"w": numbers[: 64 * 48].reshape(64, 48), "b": numbers[64 * 48 :]}
np.savez(npz, allow_pickle=False, **arrays)
ends = np.cumsum([array.nbytes for array in arrays.values()]).tolist()
header = {
    name: {"dtype": "F32", "shape": array.shape, "data_offsets": [end - array.nbytes, end]}
    for (name, array), end in zip(arrays.items(), ends, strict=True)
}
text = json.dumps(header).encode()
data = b"".join(array.tobytes() for array in arrays.values())
safetensors.write_bytes(len(text).to_bytes(8, "little") + text + data)
