# SPDX-License-Identifier: Apache-2.0
"""LLVM's optimisation of a module."""

from typing import Literal

import llvmlite.binding as llvm

from jax_embedded.llvm.targets import target_machine
from jax_embedded.target import Target

# Code that is short with the conditions of loops at their ends; as they were; or that is fast.
Goal = Literal["short loops", "size", "speed"]

# At the end of a loop and a function, LLVM would put the return, under a condition, in front of the
# branch: three instructions in place of two.
RETURNS_LAST = "-disable-ifcvt-simple-false"


def optimise(module: llvm.ModuleRef, target: Target, goal: Goal) -> None:
    """Runs LLVM's -O3 on the module, or what is left of -O2 where short code is preferred.

    An abort inside LLVM ends the process: run it in a child.
    """
    size = goal != "speed"
    options = llvm.create_pipeline_tuning_options(speed_level=2 if size else 3)
    builder = llvm.create_pass_builder(target_machine(target), options)
    if goal == "short loops":
        _rotate_loops(module, builder)
    if size:
        prefer_short_code(module)
    # What moves a pointer along stays one addition, if possible a part of a load.
    llvm.set_option("jax_embedded", f"-disable-lsr={str(size).lower()}")
    llvm.set_option("jax_embedded", f"{RETURNS_LAST}={str(size).lower()}")
    llvm.set_option("jax_embedded", f"-replexitval={'never' if size else 'cheap'}")
    builder.getModulePassManager().run(module, builder)


def prefer_short_code(module: llvm.ModuleRef) -> None:
    """In all that LLVM does with it from now on."""
    for function in module.functions:
        if not function.is_declaration:
            function.add_function_attribute("minsize")
            function.add_function_attribute("optsize")


def _rotate_loops(module: llvm.ModuleRef, builder: llvm.PassBuilder) -> None:
    """The condition moves to the end of loops, and a copy of it in front of them, which mostly is a
    comparison of constants. Where LLVM is told that short code matters, it makes no copies.
    """
    passes = llvm.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.add_instruction_combine_pass()
    passes.add_simplify_cfg_pass()
    passes.add_loop_rotate_pass()
    passes.run(module, builder)
