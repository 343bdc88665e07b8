# SPDX-License-Identifier: Apache-2.0
"""The repository @arm_none_eabi: the tools that are on PATH, and the macro that declares toolchains of them."""

_TOOLS = [
    "ar",
    "as",
    "cpp",
    "g++",
    "gcc",
    "gcov",
    "ld",
    "nm",
    "objcopy",
    "objdump",
    "readelf",
    "size",
    "strip",
]

_TOOL_BUILD = """\
filegroup(
    name = {name},
    srcs = [{file}],
)
"""

_MACRO = """\
load("@toolchains_arm_gnu//toolchain:toolchain.bzl", "local_toolchain")

def arm_none_eabi_toolchain(name, **kwargs):
    local_toolchain(
        name = name,
        gcc_version = {version},
        includes = {includes},
        tools = {tools},
        **kwargs
    )
"""

_TOOLCHAIN_BUILD = """\
load("@toolchains_arm_gnu//toolchain:toolchain.bzl", "target_constraints")
load(":toolchain.bzl", "arm_none_eabi_toolchain")

package(default_visibility = ["//visibility:public"])

[
    arm_none_eabi_toolchain(name = name, target_compatible_with = constraints)
    for name, constraints in target_constraints["arm-none-eabi"].items()
]
"""

def _local_arm_none_eabi_impl(rctx):
    gcc = rctx.which("arm-none-eabi-gcc")
    if not gcc:
        fail("ERROR(jax_embedded): Arm GCC: expected arm-none-eabi-gcc on PATH, found none.\n" +
             "  Fix: install it (Debian: gcc-arm-none-eabi).")
    tools = {}
    for name in _TOOLS:
        path = rctx.which("arm-none-eabi-" + name)
        if path:
            tools[name] = str(path)
            rctx.symlink(path, "bin/" + name)

    # GCC lists the folders it searches on standard error, each after one space.
    searched = rctx.execute([gcc, "-E", "-Wp,-v", "-xc", "/dev/null"]).stderr.split("\n")
    includes = [str(rctx.path(line.strip()).realpath) for line in searched if line.startswith(" /")]
    version = rctx.execute([gcc, "-dumpfullversion"]).stdout.strip()

    rctx.file("BUILD.bazel", "package(default_visibility = [\"//visibility:public\"])\n\n" + "\n".join([
        _TOOL_BUILD.format(name = repr(name), file = repr("bin/" + name))
        for name in tools
    ]))
    rctx.file("toolchain/toolchain.bzl", _MACRO.format(
        includes = repr(includes),
        tools = repr(tools),
        version = repr(version),
    ))
    rctx.file("toolchain/BUILD.bazel", _TOOLCHAIN_BUILD)

local_arm_none_eabi = repository_rule(
    implementation = _local_arm_none_eabi_impl,
    configure = True,
    environ = ["PATH"],
    local = True,
)
