"""jax_program: captures a JAX function. Always on the execution platform, whatever the target is."""

load("//rules:providers.bzl", "jax_program_info")

DOC = "Runs JAX on a function and keeps what XLA made of it. Use jax_llvm_library."

ATTRS = {
    "capture": attr.label(
        doc = "The exporter together with the user's file, its deps and its data.",
        cfg = "exec",
        executable = True,
        mandatory = True,
    ),
    "donate": attr.string_list(doc = "See jax_llvm_library."),
    "example_inputs": attr.string(doc = "See jax_llvm_library."),
    "fn": attr.string(doc = "See jax_llvm_library.", mandatory = True),
    "inputs": attr.string_dict(doc = "See jax_llvm_library."),
    "library": attr.string(doc = "Name of the jax_llvm_library, for messages.", mandatory = True),
    "oracle": attr.label(
        doc = "JAX together with the user's file, its deps and its data.",
        cfg = "exec",
        executable = True,
        mandatory = True,
    ),
    "outputs": attr.string_list(doc = "See jax_llvm_library."),
    "src": attr.label(
        doc = "See jax_llvm_library.",
        allow_single_file = [".py"],
        mandatory = True,
    ),
    "x64": attr.bool(doc = "See jax_llvm_library."),
}

def _jax_program_impl(ctx):
    label = str(ctx.label.same_package_label(ctx.attr.library)).removeprefix("@@").removeprefix("@")
    if ctx.attr.inputs and ctx.attr.example_inputs:
        fail(
            "\n\nERROR(jax_embedded): " + label + ": inputs: expected it without example_inputs, found both\n" +
            "  Fix: leave one of them out. See docs/errors.md#inputs\n",
        )
    dump = ctx.actions.declare_directory(ctx.label.name + ".dump")

    function = ["--fn", ctx.attr.fn]
    for name, shape in ctx.attr.inputs.items():
        function += ["--input", name + "=" + shape]
    if ctx.attr.example_inputs:
        function += ["--example-inputs", ctx.attr.example_inputs]
    if ctx.attr.x64:
        function.append("--x64")

    args = ctx.actions.args()
    args.add("capture")
    args.add("--label", label)
    args.add_all(_src(ctx, ctx.executable.capture) + function)
    args.add_all(ctx.attr.outputs, before_each = "--output")
    args.add_all(ctx.attr.donate, before_each = "--donate")
    args.add("--out", dump.path)

    ctx.actions.run(
        executable = ctx.executable.capture,
        arguments = [args],
        outputs = [dump],
        mnemonic = "JaxCapture",
        progress_message = "Capturing JAX function " + label,
        env = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"},
        execution_requirements = {"block-network": ""},
        use_default_shell_env = True,
    )
    return [
        DefaultInfo(files = depset([dump])),
        jax_program_info(
            arguments = _src(ctx, ctx.executable.oracle) + function,
            dump = dump,
            label = label,
            oracle = ctx.attr.oracle[DefaultInfo].files_to_run,
        ),
    ]

def _src(ctx, binary):
    """The file as it lies in the runfiles: beside its data, generated or not."""
    path = ctx.file.src.short_path
    path = path[len("../"):] if path.startswith("../") else ctx.workspace_name + "/" + path
    return ["--src", binary.path + ".runfiles/" + path]

jax_program = rule(
    implementation = _jax_program_impl,
    doc = DOC,
    attrs = ATTRS,
)
