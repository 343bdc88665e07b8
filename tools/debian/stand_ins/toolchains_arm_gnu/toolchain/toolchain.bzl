# SPDX-License-Identifier: Apache-2.0
"""Toolchains of an arm-none-eabi GCC that is installed on the machine."""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "ACTION_NAMES")
load("@rules_cc//cc:cc_toolchain_config_lib.bzl", "feature", "flag_group", "flag_set", "tool_path")
load("@rules_cc//cc:defs.bzl", "cc_toolchain")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")

target_constraints = {
    "arm-none-eabi": {
        "arm": ["@platforms//os:none", "@platforms//cpu:arm"],
        "armv6-m": ["@platforms//os:none", "@platforms//cpu:armv6-m"],
        "armv7-m": ["@platforms//os:none", "@platforms//cpu:armv7-m"],
        "armv7e-m": ["@platforms//os:none", "@platforms//cpu:armv7e-m"],
        "armv7e-mf": ["@platforms//os:none", "@platforms//cpu:armv7e-mf"],
        "armv8-m": ["@platforms//os:none", "@platforms//cpu:armv8-m"],
    },
}

_COMPILE = [
    ACTION_NAMES.assemble,
    ACTION_NAMES.preprocess_assemble,
    ACTION_NAMES.linkstamp_compile,
    ACTION_NAMES.c_compile,
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.cpp_header_parsing,
    ACTION_NAMES.cpp_module_compile,
    ACTION_NAMES.cpp_module_codegen,
]
_CXX = [
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.cpp_header_parsing,
    ACTION_NAMES.cpp_module_compile,
    ACTION_NAMES.cpp_module_codegen,
]
_LINK = [ACTION_NAMES.cpp_link_executable]

def _flags(actions, flags):
    if not flags:
        return []
    return [flag_set(
        actions = actions,
        flag_groups = [flag_group(flags = flags)],
    )]

def _config_impl(ctx):
    tools = ["ar", "cpp", "gcc", "gcov", "ld", "nm", "objcopy", "objdump", "strip"]
    std = [] if ctx.attr.include_std else ["-nostdinc"]

    # Without these GCC resolves links, and reports headers where Bazel does not expect them.
    copts = ctx.attr.copts + ["-fno-canonical-system-headers", "-no-canonical-prefixes"] + std
    linkopts = ctx.attr.linkopts + ["-no-canonical-prefixes"]
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        abi_libc_version = ctx.attr.gcc_version,
        abi_version = "eabi",
        compiler = "gcc",
        cxx_builtin_include_directories = ctx.attr.includes,
        features = [
            feature(
                name = "dbg",
                flag_sets = _flags(_COMPILE, ctx.attr.dbg_compile_flags),
                provides = ["compilation_mode"],
            ),
            feature(
                name = "opt",
                flag_sets = _flags(_COMPILE, ctx.attr.opt_compile_flags) + _flags(_LINK, ctx.attr.opt_link_flags),
                provides = ["compilation_mode"],
            ),
            feature(
                name = "fastbuild",
                provides = ["compilation_mode"],
            ),
            feature(
                name = "compiler_flags",
                enabled = True,
                flag_sets = _flags(_COMPILE, copts),
            ),
            feature(
                name = "cxx_flags",
                enabled = True,
                flag_sets = _flags(_CXX, ctx.attr.cxxopts),
            ),
            feature(
                name = "conly_flags",
                enabled = True,
                flag_sets = _flags([ACTION_NAMES.c_compile], ctx.attr.conlyopts),
            ),
            feature(
                name = "custom_linkopts",
                enabled = True,
                flag_sets = _flags(_LINK, linkopts),
            ),
        ],
        host_system_name = "local",
        target_cpu = "arm-none-eabi",
        target_libc = "gcc",
        target_system_name = "arm-none-eabi",
        tool_paths = [tool_path(name = name, path = ctx.attr.tools.get(name, "/bin/false")) for name in tools],
        toolchain_identifier = "arm_none_eabi_local",
    )

_config = rule(
    implementation = _config_impl,
    attrs = {
        "conlyopts": attr.string_list(),
        "copts": attr.string_list(),
        "cxxopts": attr.string_list(),
        "dbg_compile_flags": attr.string_list(),
        "gcc_version": attr.string(),
        "include_std": attr.bool(default = True),
        "includes": attr.string_list(),
        "linkopts": attr.string_list(),
        "opt_compile_flags": attr.string_list(),
        "opt_link_flags": attr.string_list(),
        "tools": attr.string_dict(),
    },
    provides = [CcToolchainConfigInfo],
)

def local_toolchain(
        name,
        tools,
        includes,
        gcc_version,
        version = None,  # buildifier: disable=unused-variable
        copts = [],
        cxxopts = [],
        conlyopts = [],
        linkopts = [],
        dbg_compile_flags = ["-ggdb", "-Og"],
        opt_compile_flags = ["-DNDEBUG", "-O2"],
        opt_link_flags = ["-Wl,-S"],
        target_compatible_with = [],
        include_std = True,
        visibility = None):
    """Declares the toolchain `name`, with the attributes of the real arm_none_eabi_toolchain.

    Args:
      name: the toolchain's name.
      tools: path by short name, such as "gcc".
      includes: the folders that GCC searches by itself.
      gcc_version: GCC's own version.
      version: of the real module's GCC, for which there is no choice here.
      copts: flags of every compilation.
      cxxopts: flags of C++.
      conlyopts: flags of C.
      linkopts: flags of linking.
      dbg_compile_flags: flags of -c dbg.
      opt_compile_flags: flags of -c opt.
      opt_link_flags: flags of linking with -c opt.
      target_compatible_with: the constraints of the platforms it serves.
      include_std: whether the C library's headers are searched.
      visibility: of the toolchain.
    """
    _config(
        name = name + "_config",
        tools = tools,
        includes = includes,
        gcc_version = gcc_version,
        copts = copts,
        cxxopts = cxxopts,
        conlyopts = conlyopts,
        linkopts = linkopts,
        include_std = include_std,
        dbg_compile_flags = dbg_compile_flags,
        opt_compile_flags = opt_compile_flags,
        opt_link_flags = opt_link_flags,
        tags = ["manual"],
    )
    native.filegroup(name = name + "_empty", tags = ["manual"])
    empty = ":" + name + "_empty"
    cc_toolchain(
        name = name + "_cc",
        all_files = empty,
        ar_files = empty,
        as_files = empty,
        compiler_files = empty,
        dwp_files = empty,
        linker_files = empty,
        objcopy_files = empty,
        strip_files = empty,
        supports_param_files = 0,
        toolchain_config = ":" + name + "_config",
        toolchain_identifier = "arm_none_eabi_local",
        tags = ["manual"],
    )
    native.toolchain(
        name = name,
        exec_compatible_with = ["@platforms//os:linux"],
        target_compatible_with = target_compatible_with,
        toolchain = ":" + name + "_cc",
        toolchain_type = "@bazel_tools//tools/cpp:toolchain_type",
        visibility = visibility,
        tags = ["manual"],
    )
