# SPDX-License-Identifier: Apache-2.0
"""pack.py PARAMS.json PARAMS.safetensors: weights in the format that most frameworks export."""

import json
import sys
from pathlib import Path

import numpy as np

source, target = map(Path, sys.argv[1:])
header, data = {}, b""
for name, values in json.loads(source.read_text()).items():
    array = np.array(values, "<f4")
    offsets = [len(data), len(data) + array.nbytes]
    header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": offsets}
    data += array.tobytes()
text = json.dumps(header).encode()
target.write_bytes(len(text).to_bytes(8, "little") + text + data)
