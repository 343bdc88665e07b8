# SPDX-License-Identifier: Apache-2.0
"""entry_ir.py DUMP NAME: prints the exported function in LLVM IR, without the kernels it calls."""

import sys
from pathlib import Path

from jax_embedded.ir.c_function import c_function
from jax_embedded.ir.dump import Dump
from jax_embedded.ir.scratch import plan_scratch
from jax_embedded.llvm.emitters.arithmetic import SumOptions
from jax_embedded.llvm.emitters.emit import emit_functions
from jax_embedded.llvm.entry import entry_module
from jax_embedded.pipeline import program_of
from jax_embedded.target import TARGETS

if __name__ == "__main__":
    dump = Dump.read(Path(sys.argv[1]))
    program = program_of(dump, sys.argv[2])
    function = c_function(program.name, dump.parameters, dump.results)
    emitted = emit_functions(program, {}, TARGETS["host"], SumOptions())
    print(entry_module(program, function, plan_scratch(program), emitted), end="")
