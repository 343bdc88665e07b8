# SPDX-License-Identifier: Apache-2.0
"""zig.py OUT: copies the program out of its package, of whose many other files clang needs none."""

import shutil
import sys
from pathlib import Path

import ziglang

shutil.copy(Path(ziglang.__file__).parent / "zig", sys.argv[1])
