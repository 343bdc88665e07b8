# SPDX-License-Identifier: Apache-2.0
"""Runs pytest on the files named in the arguments, which are paths in the runfiles."""

import sys

import pytest

if __name__ == "__main__":
    sys.exit(
        pytest.main(["-q", "-p", "no:cacheprovider", "--import-mode=importlib", *sys.argv[1:]])
    )
