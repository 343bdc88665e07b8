"""What JAX makes of a function for known inputs, as the source of a test program. Use jax_llvm_test."""

load("//rules:providers.bzl", "JaxLibraryInfo", "JaxProgramInfo")
load(":exporters.bzl", "run_exporter")

def cases_arguments(target, source):
    """What tells the oracle which function it is, and what to write.

    Args:
        target: Target, a jax_llvm_library.
        source: File, the C source to write.

    Returns:
        list of string.
    """
    program = target[JaxProgramInfo]
    library = target[JaxLibraryInfo]
    header = target.label.name + ".h"
    if target.label.package:
        header = target.label.package + "/" + header
    found = ["--label", program.label] + program.arguments + [
        "--dump",
        program.dump.path,
        "--name",
        library.c_name,
        "--header",
        header,
        "--workspace",
        library.workspace,
        "--program",
        source.path,
    ]
    for name in library.structs:
        found += ["--struct", name]
    return found

def _jax_cases_impl(ctx):
    program = ctx.attr.library[JaxProgramInfo]
    source = ctx.actions.declare_file(ctx.label.name + ".c")
    args = ctx.actions.args()
    args.add_all(cases_arguments(ctx.attr.library, source))
    args.add("--draws", str(ctx.attr.draws))
    args.add("--seed", str(ctx.attr.seed))
    args.add("--stream", str(ctx.attr.stream))
    args.add("--max-ulp", ctx.attr.max_ulp)
    if ctx.attr.edge_values:
        args.add("--edge-values")
    run_exporter(
        ctx,
        executable = program.oracle,
        arguments = [args],
        inputs = [program.dump],
        outputs = [source],
        mnemonic = "JaxOracle",
        progress_message = "Asking JAX about %s" % program.label,
    )
    return [DefaultInfo(files = depset([source]))]

jax_cases = rule(
    implementation = _jax_cases_impl,
    doc = "Runs JAX on known inputs. Always on the execution platform, whatever the target is.",
    attrs = {
        "draws": attr.int(doc = "See jax_llvm_test."),
        "edge_values": attr.bool(doc = "See jax_llvm_test."),
        "library": attr.label(
            doc = "See jax_llvm_test.",
            mandatory = True,
            providers = [JaxLibraryInfo, JaxProgramInfo],
        ),
        "max_ulp": attr.string(doc = "See jax_llvm_test."),
        "seed": attr.int(doc = "See jax_llvm_test."),
        "stream": attr.int(doc = "See jax_llvm_test."),
    },
)

def _jax_cases_source_impl(ctx):
    if ctx.attr.library:
        return [DefaultInfo(files = ctx.attr.cases[OutputGroupInfo][ctx.attr.library])]
    return [DefaultInfo(files = ctx.attr.cases[DefaultInfo].files)]

jax_cases_source = rule(
    implementation = _jax_cases_source_impl,
    doc = "The source of a jax_cases, the same one for every target.",
    attrs = {
        "cases": attr.label(
            doc = "A jax_cases target, or one of jax_cases_of_all.",
            cfg = "exec",
            mandatory = True,
        ),
        "library": attr.string(doc = "Of jax_cases_of_all, the name of one of the libraries."),
    },
)
