# SPDX-License-Identifier: Apache-2.0
"""LLVM's target machines."""

import functools

import llvmlite.binding as llvm

from jax_embedded.target import Target


@functools.cache
def target_machine(target: Target) -> llvm.TargetMachine:
    # LLVM 22 encodes a write-back offset of 512 in an MVE gather as 0.
    llvm.set_option("jax_embedded", "-enable-arm-maskedgatscat=false")
    # LLVM 22 loses values of a loop that it pipelines, as it does for Cortex-M7 alone.
    llvm.set_option("jax_embedded", "-enable-pipeliner=false")
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    return llvm.Target.from_triple(target.triple).create_target_machine(
        cpu=target.cpu,
        features=target.features,
        opt=3,
        reloc=target.relocation_model,
        codemodel="small",
    )


def data_layout(target: Target) -> str:
    return str(target_machine(target).target_data)
