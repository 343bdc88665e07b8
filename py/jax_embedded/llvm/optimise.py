# SPDX-License-Identifier: Apache-2.0
"""LLVM's optimisation of a module."""

import llvmlite.binding as llvm

from jax_embedded.llvm.targets import target_machine
from jax_embedded.target import Target


def optimise(module: llvm.ModuleRef, target: Target) -> None:
    """Runs LLVM's -O3 on the module. An abort inside LLVM ends the process: run it in a child."""
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    builder = llvm.create_pass_builder(target_machine(target), options)
    builder.getModulePassManager().run(module, builder)
