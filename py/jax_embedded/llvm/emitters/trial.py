# SPDX-License-Identifier: Apache-2.0
"""What LLVM makes of one function, to choose among several ways of writing it."""

import re
from collections.abc import Mapping

import llvmlite.binding as llvm

from jax_embedded.llvm.assembly import is_instruction
from jax_embedded.llvm.emitters.pairs import functions_with_neon
from jax_embedded.llvm.emitters.tile_choice import worth
from jax_embedded.llvm.object_file import function_sizes
from jax_embedded.llvm.optimise import optimise
from jax_embedded.llvm.targets import data_layout, target_machine
from jax_embedded.target import Target

_BLOCK = re.compile(r'(?:\.LBB\w+:|@ %bb\.\d+:).*@ %"?([\w.]+)"?')
_BYTES = 4  # of an instruction, at most


def trial(
    llvm_ir: str, times: Mapping[str, int], target: Target, *, optimised: bool, size: bool = False
) -> tuple[float, float] | None:
    """What it costs, as `worth` has it; None if it needs NEON.

    llvm_ir: of the function. optimised: whether LLVM does not only compile it. size: see `worth`.
    times: by the name of a basic block, how often a call executes it; others, as often as the one
        before.
    """
    head = f'target datalayout = "{data_layout(target)}"\ntarget triple = "{target.triple}"\n'
    module = llvm.parse_assembly(head + llvm_ir)
    for function in module.functions:
        if not function.is_declaration:
            function.linkage = "external"
    if optimised:
        optimise(module, target, size=size)
    text = str(module)
    machine = target_machine(target)
    machine.set_asm_verbosity(True)
    assembly = machine.emit_assembly(module)
    machine.set_asm_verbosity(False)
    if not optimised and functions_with_neon(assembly, llvm_ir):
        return None
    instructions, code, now = 0, 0.0, 1
    for line in assembly.splitlines():
        if found := _BLOCK.match(line):
            now = times.get(found[1], now)
        elif is_instruction(line):
            instructions += now
            code += _BYTES
    if size:
        code = sum(function_sizes(machine.emit_object(llvm.parse_assembly(text))).values())
    return worth(instructions, code, size=size)
