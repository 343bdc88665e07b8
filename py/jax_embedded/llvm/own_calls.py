# SPDX-License-Identifier: Apache-2.0
"""How our own functions get their arguments: four words in R0 to R3, others on the stack. A pointer
in R12, where LLVM passes a nested function's environment, leaves one word less to be stored by each
call and loaded by the function.
"""

import re

_DEFINITION = re.compile(r"^define internal fastcc void (@[-\w.$]+)(?=\()", re.MULTILINE)
_WORDS = re.compile(r"(?:ptr|i32|i16|i8|i1)\b")
_IN_REGISTERS = 4


def with_pointers_in_r12(llvm_ir: str) -> str:
    """The same, for an Arm core; it is not to be optimised any more, which would undo it.

    llvm_ir: of a whole module.
    """
    for name in _DEFINITION.findall(llvm_ir):
        uses = list(re.finditer(rf"(fastcc void )?{re.escape(name)}(?![-\w.$])(\()?", llvm_ir))
        if not all(use[1] and use[2] for use in uses):
            continue  # its address is taken
        parameters = _arguments(llvm_ir, uses[0].start(2))
        pointers = [i for i, at in enumerate(parameters) if llvm_ir.startswith("ptr ", at)]
        are_words = all(_WORDS.match(llvm_ir, at) for at in parameters)
        if len(parameters) <= _IN_REGISTERS or not are_words or not pointers:
            continue
        for at in reversed([_arguments(llvm_ir, use.start(2))[pointers[-1]] for use in uses]):
            llvm_ir = f"{llvm_ir[:at]}ptr nest{llvm_ir[at + len('ptr') :]}"
        # The same for words, but that of hard-float cores has no nested functions.
        llvm_ir = llvm_ir.replace(f"fastcc void {name}(", f"arm_aapcscc void {name}(")
    return llvm_ir


def _arguments(text: str, begin: int) -> list[int]:
    """Where each one begins, of those in parentheses that begin there."""
    found, depth = [begin + 1], 0
    for at in range(begin, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            break
        if depth == 1 and text[at] == ",":
            found.append(at + 2)
    return found
