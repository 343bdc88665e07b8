# SPDX-License-Identifier: Apache-2.0
"""The extension arm_toolchain for the arm-none-eabi GCC that is on the machine."""

load("//toolchain:local.bzl", "local_arm_none_eabi")

_OTHERS = ["aarch64_none_elf", "aarch64_none_linux_gnu", "arm_none_linux_gnueabihf"]

def _arm_toolchain_impl(mctx):
    used = False
    for module in mctx.modules:
        used = used or bool(module.tags.arm_none_eabi)
        for other in _OTHERS:
            if getattr(module.tags, other):
                fail(("ERROR(jax_embedded): {}: arm_toolchain: expected arm_none_eabi, found {}.\n" +
                      "  Fix: use the real toolchains_arm_gnu, with bazelisk; only arm_none_eabi is here.").format(
                    module.name,
                    other,
                ))
    if used:
        local_arm_none_eabi(name = "arm_none_eabi")

# The version is the machine's, whatever the tag says.
_compiler = tag_class(attrs = {"version": attr.string()})

arm_toolchain = module_extension(
    implementation = _arm_toolchain_impl,
    tag_classes = {name: _compiler for name in _OTHERS + ["arm_none_eabi"]},
)
