# SPDX-License-Identifier: Apache-2.0
"""Text of LLVM IR whose lines may be moved: every value has a name, which no order gives it."""

import re

import llvmlite.binding as llvm

NAME = re.compile(r'%(?:"[^"]*"|[-\w.$]+)')


def with_names(llvm_ir: str, machine: llvm.TargetMachine) -> str:
    """Values without a name are numbered in the order of the text; here they get one."""
    module = llvm.parse_assembly(llvm_ir)
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options())
    passes = llvm.create_new_module_pass_manager()
    passes.add_instruction_namer_pass()
    passes.run(module, builder)
    return str(module)
