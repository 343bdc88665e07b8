# SPDX-License-Identifier: Apache-2.0
"""Runs LLVM IR in this process."""

import llvmlite.binding as llvm

from jax_embedded.llvm.targets import target_machine
from jax_embedded.target import TARGETS


def loaded(module: llvm.ModuleRef, name: str) -> tuple[int, llvm.ResourceTracker]:
    """The address of the function of that name, as long as the other value lives."""
    image = target_machine(TARGETS["host"]).emit_object(module)
    library = (
        llvm.JITLibraryBuilder()
        .add_object_img(image)
        .add_current_process()
        .export_symbol(name)
        .link(llvm.create_lljit_compiler(use_jit_link=True), name)
    )
    return library[name], library
