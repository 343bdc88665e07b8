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

    # The file as it lies in the runfiles: beside its data, generated or not.
    path = ctx.file.src.short_path
    path = path[len("../"):] if path.startswith("../") else ctx.workspace_name + "/" + path

    args = ctx.actions.args()
    args.add("capture")
    args.add("--label", label)
    args.add("--src", ctx.executable.capture.path + ".runfiles/" + path)
    args.add("--fn", ctx.attr.fn)
    for name, shape in ctx.attr.inputs.items():
        args.add("--input", name + "=" + shape)
    if ctx.attr.example_inputs:
        args.add("--example-inputs", ctx.attr.example_inputs)
    for name in ctx.attr.outputs:
        args.add("--output", name)
    for name in ctx.attr.donate:
        args.add("--donate", name)
    if ctx.attr.x64:
        args.add("--x64")
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
        jax_program_info(dump = dump, label = label),
    ]

jax_program = rule(
    implementation = _jax_program_impl,
    doc = DOC,
    attrs = ATTRS,
)
