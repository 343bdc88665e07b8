# SPDX-License-Identifier: Apache-2.0
"""The processors that code can be generated for: data only."""

from dataclasses import dataclass, replace
from typing import Literal

# Where constant matrices of dots are: in memory, in the code, or where they take less.
Weights = Literal["data", "code", "auto"]

# Who makes products and Fourier transforms: we, or the functions of jax_embedded/dsp.h.
Dsp = Literal["builtin", "library"]


@dataclass(frozen=True)
class Target:
    """What LLVM needs to know of a processor.

    name: as written after --target.
    triple: in four parts; with three parts LLVM silently takes the soft-float ABI.
    cpu, features: LLVM's names. Without slowfpvfmx, it fuses a multiplication and an addition. With
        no-movt, a constant that takes two instructions is read from beside the code instead.
    relocation_model: LLVM's name; "pic" where executables are position independent.
    pointer_bytes: size and alignment of a pointer.
    float_lanes: of how many f32 one instruction makes results; 1 without vectors.
    float_dtypes: those that it computes with itself. fused: whether it has a fused multiply-add.
    loads_pairs: whether one instruction loads two neighbouring f32.
    multiplies_long: whether one instruction makes an i64 of two i32.
    schedule: the LLVM name of another processor, in the order for which loops that load pairs take
        fewer registers and instructions.
    """

    name: str
    triple: str
    cpu: str
    features: str = ""
    relocation_model: str = "static"
    pointer_bytes: int = 4
    float_lanes: int = 1
    float_dtypes: tuple[str, ...] = ()
    fused: bool = False
    loads_pairs: bool = False
    multiplies_long: bool = True
    schedule: str = ""

    @property
    def pairs_are_doubles(self) -> bool:
        """Whether it is the FPU that loads two f32; otherwise they go to two integer registers."""
        return self.loads_pairs and self.float_lanes == 1

    @property
    def has_maxnm(self) -> bool:
        """Whether one instruction makes the larger of two f32, of +0 and -0 too, or the smaller."""
        return "+fp-armv8" in self.features

    def without_extensions(self) -> "Target":
        """The same Cortex-M, its vector and half-precision instructions left alone."""
        features = self.features.replace("+mve.fp", "-mve.fp,-mve,-fullfp16")
        return replace(self, features=features, float_lanes=1, loads_pairs=False)

    def without_literals(self) -> "Target":
        """The same Cortex-M; code reads no constants that lie beside it."""
        kept = [feature for feature in self.features.split(",") if feature != "+no-movt"]
        return replace(self, features=",".join([*kept, "+execute-only"]))


TARGETS = {
    t.name: t
    for t in [
        Target("host", "x86_64-unknown-linux-gnu", "x86-64", "", "pic", 8, 4, ("f32", "f64")),
        Target(
            "cortex-m0",
            "thumbv6m-unknown-none-eabi",
            "cortex-m0",
            "+soft-float",
            multiplies_long=False,
        ),
        Target("cortex-m3", "thumbv7m-unknown-none-eabi", "cortex-m3", "+soft-float,+no-movt"),
        Target(
            "cortex-m4f",
            "thumbv7em-unknown-none-eabihf",
            "cortex-m4",
            "+vfp4d16sp,-slowfpvfmx,+no-movt",
            float_dtypes=("f32",),
            fused=True,
            loads_pairs=True,
        ),
        Target(
            "cortex-m7",
            "thumbv7em-unknown-none-eabihf",
            "cortex-m7",
            "+fp-armv8d16,+no-movt",
            float_dtypes=("f32", "f64"),
            fused=True,
            loads_pairs=True,
            schedule="cortex-m4",
        ),
        Target(
            "cortex-m33",
            "thumbv8m.main-unknown-none-eabihf",
            "cortex-m33",
            "+fp-armv8d16sp,-slowfpvfmx,+no-movt",
            float_dtypes=("f32",),
            fused=True,
            loads_pairs=True,
        ),
        Target(
            "cortex-m55",
            "thumbv8.1m.main-unknown-none-eabihf",
            "cortex-m55",
            "+mve.fp,+fp-armv8d16,+lob,+no-movt",
            float_lanes=4,
            float_dtypes=("f32", "f64"),
            fused=True,
            loads_pairs=True,
        ),
    ]
}
