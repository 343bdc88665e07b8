# SPDX-License-Identifier: Apache-2.0
"""Prints runtime/include/jax_embedded/abi.h: what generated code may call on a Cortex-M."""

from jax_embedded.c_names import C_LIBRARY
from jax_embedded.llvm.abi import ARM_RUNTIME, OURS

HEAD = """\
// SPDX-License-Identifier: Apache-2.0
// What exported functions may call on a Cortex-M, and nothing else: JXE_ABI(name) for each, to be
// defined before this is included. A firmware that brings a C library of its own has to have these.
// Of the list in py/jax_embedded/llvm/abi.py, by bazel run //tools:update.
"""
GROUPS = {
    "The C library: string.h, math.h.": C_LIBRARY,
    "The compiler runtime: run-time ABI for the Arm architecture, 5.": ARM_RUNTIME - OURS,
    "The runtime of jax_embedded, //runtime:abi.": OURS,
}

print(HEAD, end="")
for title, names in GROUPS.items():
    print(f"\n// {title}")
    for name in sorted(names):
        print(f"JXE_ABI({name})")
