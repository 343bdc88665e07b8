"""jax_program: captures a JAX function. Always on the execution platform, whatever the target is."""

load("//rules:providers.bzl", "jax_program_info")
load(":exporters.bzl", "run_exporter")

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

    function = function_arguments(ctx.attr.fn, ctx.attr.inputs, ctx.attr.example_inputs, ctx.attr.x64)
    args = ctx.actions.args()
    args.add("capture")
    args.add("--label", label)
    args.add_all(src_arguments(ctx, ctx.executable.capture) + function)
    args.add_all(ctx.attr.outputs, before_each = "--output")
    args.add_all(ctx.attr.donate, before_each = "--donate")
    args.add("--out", dump.path)

    run_exporter(
        ctx,
        executable = ctx.executable.capture,
        arguments = [args],
        outputs = [dump],
        mnemonic = "JaxCapture",
        progress_message = "Capturing JAX function " + label,
    )
    return [
        DefaultInfo(files = depset([dump])),
        jax_program_info(
            arguments = src_arguments(ctx, ctx.executable.oracle) + function,
            dump = dump,
            label = label,
            oracle = ctx.attr.oracle[DefaultInfo].files_to_run,
        ),
    ]

def function_arguments(fn, inputs, example_inputs, x64):
    """What tells capture and oracle which function of the file it is.

    Args:
        fn: see jax_llvm_library.
        inputs: see jax_llvm_library.
        example_inputs: see jax_llvm_library.
        x64: see jax_llvm_library.

    Returns:
        list of string.
    """
    found = ["--fn", fn]
    for name, shape in inputs.items():
        found += ["--input", name + "=" + shape]
    if example_inputs:
        found += ["--example-inputs", example_inputs]
    if x64:
        found.append("--x64")
    return found

def src_arguments(ctx, binary):
    """The file as it lies in the runfiles: beside its data, generated or not.

    Args:
        ctx: of a rule with `src`.
        binary: File, the executable.

    Returns:
        list of string.
    """
    path = ctx.file.src.short_path
    path = path[len("../"):] if path.startswith("../") else ctx.workspace_name + "/" + path
    return ["--src", binary.path + ".runfiles/" + path]

jax_program = rule(
    implementation = _jax_program_impl,
    doc = DOC,
    attrs = ATTRS,
)
