# SPDX-License-Identifier: Apache-2.0
"""What a user may ask of a compilation: data only."""

from dataclasses import dataclass

from jax_embedded.target import Dsp, Target, Weights


@dataclass(frozen=True)
class CompileOptions:
    """name: of the C function. stem: of the files. target: of the code.

    contract: allow fused multiply-add where the core has it, as XLA does.
    size: make the code short rather than fast.
    caller_workspace: whether the caller gives the memory to work in; otherwise it is static.
    structs: the arguments that are passed as one struct each.
    weights: "data", "code" or "auto": where the constant matrices of dots are.
    dsp: "builtin" or "library": who makes products and Fourier transforms on a Cortex-M.
    max_code_bytes, max_ram_bytes: of the code, and of its workspace and stack, on a Cortex-M; it is
        as fast as that allows; more is an error.
    """

    name: str
    stem: str
    target: Target
    contract: bool = True
    size: bool = False
    caller_workspace: bool = False
    structs: tuple[str, ...] = ()
    weights: Weights = "data"
    dsp: Dsp = "builtin"
    max_code_bytes: int | None = None
    max_ram_bytes: int | None = None
