"""clang_object: C as clang compiles it for the core of the platform."""

load("@rules_cc//cc:action_names.bzl", "ACTION_NAMES")
load("@rules_cc//cc:find_cc_toolchain.bzl", "find_cc_toolchain", "use_cc_toolchain")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load("//platforms:cores.bzl", "CORES")

def _clang_object_impl(ctx):
    toolchain = find_cc_toolchain(ctx)
    features = cc_common.configure_features(ctx = ctx, cc_toolchain = toolchain)
    context = cc_common.merge_cc_infos(cc_infos = [dep[CcInfo] for dep in ctx.attr.deps]).compilation_context
    preprocessed = ctx.actions.declare_file(ctx.label.name + ".i")
    compiled = ctx.actions.declare_file(ctx.label.name + ".o")
    variables = cc_common.create_compile_variables(
        cc_toolchain = toolchain,
        feature_configuration = features,
        include_directories = context.includes,
        output_file = preprocessed.path,
        quote_include_directories = context.quote_includes,
        source_file = ctx.file.src.path,
        system_include_directories = context.system_includes,
        user_compile_flags = ["-E"],
    )
    action = ACTION_NAMES.c_compile
    ctx.actions.run(
        arguments = cc_common.get_memory_inefficient_command_line(
            action_name = action,
            feature_configuration = features,
            variables = variables,
        ),
        env = cc_common.get_environment_variables(
            action_name = action,
            feature_configuration = features,
            variables = variables,
        ),
        executable = cc_common.get_tool_for_action(action_name = action, feature_configuration = features),
        inputs = depset(
            [ctx.file.src] + ctx.files.hdrs,
            transitive = [context.headers, toolchain.all_files],
        ),
        mnemonic = "Preprocess",
        outputs = [preprocessed],
    )
    ctx.actions.run(
        arguments = ["clang", "--target=arm-none-eabi", "-mthumb", "-ffunction-sections", "-w"] +
                    ctx.attr.copts + ["-x", "cpp-output", "-c", preprocessed.path, "-o", compiled.path],
        executable = ctx.executable._zig,
        inputs = [preprocessed],
        mnemonic = "Clang",
        outputs = [compiled],
    )
    return DefaultInfo(files = depset([compiled]))

_clang_object = rule(
    implementation = _clang_object_impl,
    doc = "NAME.o. What it includes is the C library of the platform's own toolchain, which preprocesses.",
    attrs = {
        "copts": attr.string_list(doc = "Clang's options."),
        "deps": attr.label_list(doc = "Libraries whose headers it includes.", providers = [CcInfo]),
        "hdrs": attr.label_list(allow_files = [".h"], doc = "Other headers that it includes."),
        "src": attr.label(allow_single_file = [".c"], doc = "The C file.", mandatory = True),
        "_zig": attr.label(cfg = "exec", default = ":zig", executable = True),
    },
    fragments = ["cpp"],
    toolchains = use_cc_toolchain(),
)

# LLVM 22's gathers of MVE have wrong encodings.
_WITHOUT_GATHERS = [
    "-mllvm",
    "-enable-arm-maskedgatscat=false",
]

def clang_object(name, copts, **kwargs):
    """The object file NAME.o.

    Args:
        name: string.
        copts: list of strings, beside the options that name the core.
        **kwargs: of the rule.
    """
    _clang_object(
        name = name,
        copts = copts + select({
            "//platforms:core_" + core: facts.flags + (_WITHOUT_GATHERS if core == "cortex_m55" else [])
            for core, facts in CORES.items()
        }),
        **kwargs
    )
