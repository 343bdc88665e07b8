# SPDX-License-Identifier: Apache-2.0
"""LLVM's optimisation of a module."""

import llvmlite.binding as llvm

from jax_embedded.llvm.targets import target_machine
from jax_embedded.target import Target


def optimise(module: llvm.ModuleRef, target: Target, *, size: bool = False) -> None:
    """Runs LLVM's -O3 on the module, or what is left of -O2 where short code is preferred.

    An abort inside LLVM ends the process: run it in a child.
    """
    if size:
        for function in module.functions:
            if not function.is_declaration:
                function.add_function_attribute("minsize")
                function.add_function_attribute("optsize")
    # What moves a pointer along stays one addition, if possible a part of a load.
    llvm.set_option("jax_embedded", f"-disable-lsr={str(size).lower()}")
    llvm.set_option("jax_embedded", f"-replexitval={'never' if size else 'cheap'}")
    options = llvm.create_pipeline_tuning_options(speed_level=2 if size else 3)
    builder = llvm.create_pass_builder(target_machine(target), options)
    builder.getModulePassManager().run(module, builder)
