"""jax_llvm_library: a JAX function as a C library."""

load("@rules_cc//cc:find_cc_toolchain.bzl", "find_cc_toolchain", "use_cc_toolchain")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load("//rules:providers.bzl", "JaxLibraryInfo", "JaxProgramInfo", "jax_library_info")
load(":exporters.bzl", "run_exporter")

DOC = "Compiles a captured JAX function for the target platform. Use jax_llvm_library."

ATTRS = {
    "c_name": attr.string(doc = "See jax_llvm_library.", mandatory = True),
    "fp_contract": attr.string(
        doc = "See jax_llvm_library.",
        default = "on",
        values = ["on", "off"],
    ),
    "max_code_bytes": attr.int(doc = "See jax_llvm_library."),
    "max_ram_bytes": attr.int(doc = "See jax_llvm_library."),
    "optimize": attr.string(
        doc = "See jax_llvm_library.",
        default = "speed",
        values = ["speed", "size"],
    ),
    "program": attr.label(
        doc = "The captured function. One for all targets, hence cfg = \"exec\".",
        cfg = "exec",
        mandatory = True,
        providers = [JaxProgramInfo],
    ),
    "structs": attr.string_list(doc = "See jax_llvm_library."),
    "weights": attr.string(
        doc = "See jax_llvm_library.",
        default = "data",
        values = ["data", "code", "auto"],
    ),
    "workspace": attr.string(
        doc = "See jax_llvm_library.",
        default = "static",
        values = ["static", "caller"],
    ),
    "_compiler": attr.label(
        default = Label("//py/jax_embedded:compiler"),
        cfg = "exec",
        executable = True,
    ),
}

_TARGET_TOOLCHAIN = Label("//toolchains/target:toolchain_type")

_UNKNOWN_PLATFORM = """
ERROR(jax_embedded): {}: the target platform: expected Linux on x86_64, or bare metal on a Cortex-M, found another.
  Fix: choose a platform with @platforms//os:none and an Arm M-profile value of @platforms//cpu. See docs/rules.md."""

def _jax_llvm_library_impl(ctx):
    program = ctx.attr.program[JaxProgramInfo]
    toolchain = ctx.toolchains[_TARGET_TOOLCHAIN]
    if not toolchain:
        fail(_UNKNOWN_PLATFORM.format(str(ctx.label).removeprefix("@@")))
    target = toolchain.llvm_target
    name = ctx.label.name
    library = jax_library_info(
        assembly = ctx.actions.declare_file(name + ".s"),
        c_name = ctx.attr.c_name,
        dump = program.dump,
        header = ctx.actions.declare_file(name + ".h"),
        llvm_ir = ctx.actions.declare_file(name + ".ll"),
        manifest = ctx.actions.declare_file(name + ".json"),
        object = ctx.actions.declare_file(name + ".o"),
        program = ctx.actions.declare_file(name + ".program.txt"),
        structs = ctx.attr.structs,
        target = target.target,
        workspace = ctx.attr.workspace,
    )
    _compile(ctx, program, library, target)
    return [
        DefaultInfo(files = depset([library.header, library.object])),
        OutputGroupInfo(
            assembly = depset([library.assembly]),
            dump = depset([library.dump]),
            header = depset([library.header]),
            llvm_ir = depset([library.llvm_ir]),
            manifest = depset([library.manifest]),
            object = depset([library.object]),
            program = depset([library.program]),
        ),
        library,
        program,
        _cc_info(ctx, library, target.abi),
    ]

def _compile(ctx, program, library, target):
    args = ctx.actions.args()
    args.use_param_file("@%s", use_always = True)
    args.set_param_file_format("multiline")
    args.add("compile")
    args.add("--label", program.label)
    args.add("--dump", program.dump.path)
    args.add("--name", library.c_name)
    args.add("--stem", ctx.label.name)
    args.add("--target", target.target)
    args.add("--fp-contract", ctx.attr.fp_contract)
    args.add("--optimize", ctx.attr.optimize)
    args.add("--weights", ctx.attr.weights)
    args.add("--dsp", target.dsp)
    if ctx.attr.max_code_bytes:
        args.add("--max-code-bytes", ctx.attr.max_code_bytes)
    if ctx.attr.max_ram_bytes:
        args.add("--max-ram-bytes", ctx.attr.max_ram_bytes)
    args.add("--workspace", ctx.attr.workspace)
    for name in ctx.attr.structs:
        args.add("--struct", name)
    args.add("--out", library.header.dirname)
    run_exporter(
        ctx,
        executable = ctx.executable._compiler,
        arguments = [args],
        inputs = [program.dump],
        outputs = [
            library.assembly,
            library.header,
            library.llvm_ir,
            library.manifest,
            library.object,
            library.program,
        ],
        mnemonic = "JaxCodegen",
        progress_message = "Compiling JAX function %s for %s" % (program.label, library.target),
        execution_requirements = {
            "requires-worker-protocol": "json",
            "supports-workers": "1",
        },
    )

def _cc_info(ctx, library, abi):
    cc_toolchain = find_cc_toolchain(ctx)
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = cc_toolchain,
        requested_features = ctx.features,
        unsupported_features = ctx.disabled_features,
    )
    roots = [ctx.bin_dir.path]
    if ctx.label.workspace_root:
        roots = [ctx.bin_dir.path + "/" + ctx.label.workspace_root]
    linking_context, _ = cc_common.create_linking_context_from_compilation_outputs(
        actions = ctx.actions,
        name = ctx.label.name,
        feature_configuration = features,
        cc_toolchain = cc_toolchain,
        # The object is position independent where executables are.
        compilation_outputs = cc_common.create_compilation_outputs(
            objects = depset([library.object]),
            pic_objects = depset([library.object]),
        ),
        user_link_flags = ["-lm"],
        disallow_dynamic_library = True,
    )
    info = CcInfo(
        compilation_context = cc_common.create_compilation_context(
            headers = depset([library.header]),
            quote_includes = depset(roots),
        ),
        linking_context = linking_context,
    )
    return cc_common.merge_cc_infos(direct_cc_infos = [info], cc_infos = [abi])

jax_llvm_library_rule = rule(
    implementation = _jax_llvm_library_impl,
    doc = DOC,
    attrs = ATTRS,
    fragments = ["cpp"],
    provides = [CcInfo, JaxLibraryInfo, JaxProgramInfo],
    toolchains = [config_common.toolchain_type(_TARGET_TOOLCHAIN, mandatory = False)] + use_cc_toolchain(),
)
