# SPDX-License-Identifier: Apache-2.0
"""entry_ir.py DUMP NAME: prints the exported function in LLVM IR, without the kernels it calls."""

import sys
from pathlib import Path

from jax_embedded.ir.dump import Dump
from jax_embedded.ir.scratch import plan_scratch
from jax_embedded.llvm.entry import entry_module
from jax_embedded.pipeline import parse_and_verify

if __name__ == "__main__":
    program = parse_and_verify(Dump.read(Path(sys.argv[1])), sys.argv[2])
    print(entry_module(program, plan_scratch(program)), end="")
