# SPDX-License-Identifier: Apache-2.0
"""Runs pytest on the files named in the arguments, which are paths in the runfiles."""

import gc
import sys

import pytest

if __name__ == "__main__":
    # Most of what a test makes lives until its end: looking for garbage takes a sixth of the time.
    gc.set_threshold(50_000)
    sys.exit(
        pytest.main(["-q", "-p", "no:cacheprovider", "--import-mode=importlib", *sys.argv[1:]])
    )
