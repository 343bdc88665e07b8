"""What JAX makes of a function for known inputs, as the source of a test program. Use jax_llvm_test."""

load("//rules:providers.bzl", "JaxLibraryInfo", "JaxProgramInfo")

def _jax_cases_impl(ctx):
    program = ctx.attr.library[JaxProgramInfo]
    library = ctx.attr.library[JaxLibraryInfo]
    source = ctx.actions.declare_file(ctx.label.name + ".c")
    package = ctx.attr.library.label.package
    header = ctx.attr.library.label.name + ".h"

    args = ctx.actions.args()
    args.add("--label", program.label)
    args.add_all(program.arguments)
    args.add("--dump", program.dump.path)
    args.add("--name", library.c_name)
    args.add("--header", package + "/" + header if package else header)
    args.add_all(library.structs, before_each = "--struct")
    args.add("--workspace", library.workspace)
    args.add("--draws", str(ctx.attr.draws))
    args.add("--seed", str(ctx.attr.seed))
    args.add("--stream", str(ctx.attr.stream))
    args.add("--max-ulp", ctx.attr.max_ulp)
    if ctx.attr.edge_values:
        args.add("--edge-values")
    args.add("--program", source)
    ctx.actions.run(
        executable = program.oracle,
        arguments = [args],
        inputs = [program.dump],
        outputs = [source],
        mnemonic = "JaxOracle",
        progress_message = "Asking JAX about %s" % program.label,
        env = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"},
        execution_requirements = {"block-network": ""},
        use_default_shell_env = True,
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
    return [DefaultInfo(files = ctx.attr.cases[DefaultInfo].files)]

jax_cases_source = rule(
    implementation = _jax_cases_source_impl,
    doc = "The source of a jax_cases, the same one for every target.",
    attrs = {
        "cases": attr.label(
            doc = "A jax_cases target.",
            cfg = "exec",
            mandatory = True,
        ),
    },
)
