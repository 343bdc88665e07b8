"""Many functions of one file: captured, and their test cases made, with JAX imported once.

What is made is the same as one by one, but again for all of them when the file changes. For tests of many short
functions, of which importing JAX is most of the time.
"""

load("//rules:providers.bzl", "JaxLibraryInfo", "JaxProgramInfo", "jax_program_info")
load(":exporters.bzl", "run_exporter")
load(":jax_cases.bzl", "cases_arguments")
load(":jax_program.bzl", "function_arguments", "src_arguments")

_JaxProgramsInfo = provider(
    doc = "Several JAX functions after XLA.",
    fields = {"programs": "dict, from the name of a library to its JaxProgramInfo."},
)

def _argument_file(ctx, name, args):
    file = ctx.actions.declare_file("%s/%s.arguments" % (ctx.label.name, name))
    args.set_param_file_format("multiline")
    ctx.actions.write(file, args)
    return file

def _jax_programs_impl(ctx):
    programs = {}
    files = []
    for name, encoded in ctx.attr.functions.items():
        function = struct(**json.decode(encoded))
        label = str(ctx.label.same_package_label(name)).removeprefix("@@").removeprefix("@")
        arguments = function_arguments(function.fn, function.inputs, function.example_inputs, function.x64)
        dump = ctx.actions.declare_directory(name + ".program.dump")
        args = ctx.actions.args()
        args.add("--label", label)
        args.add_all(src_arguments(ctx, ctx.executable.capture) + arguments)
        args.add("--out", dump.path)
        files.append(_argument_file(ctx, name, args))
        programs[name] = jax_program_info(
            arguments = src_arguments(ctx, ctx.executable.oracle) + arguments,
            dump = dump,
            label = label,
            oracle = ctx.attr.oracle[DefaultInfo].files_to_run,
        )
    args = ctx.actions.args()
    args.add("captures")
    args.add_all(files, format_each = "@%s")
    run_exporter(
        ctx,
        executable = ctx.executable.capture,
        arguments = [args],
        inputs = files,
        outputs = [program.dump for program in programs.values()],
        mnemonic = "JaxCapture",
        progress_message = "Capturing %d JAX functions of %s" % (len(programs), ctx.file.src.short_path),
    )
    return [_JaxProgramsInfo(programs = programs)]

jax_programs = rule(
    implementation = _jax_programs_impl,
    doc = "Captures many functions of one file. Always on the execution platform, whatever the target is.",
    attrs = {
        "capture": attr.label(
            doc = "See jax_program.",
            cfg = "exec",
            executable = True,
            mandatory = True,
        ),
        "functions": attr.string_dict(
            doc = "From the name of a jax_llvm_library to its fn, inputs, example_inputs and x64, as JSON.",
            mandatory = True,
        ),
        "oracle": attr.label(
            doc = "See jax_program.",
            cfg = "exec",
            executable = True,
            mandatory = True,
        ),
        "src": attr.label(
            doc = "See jax_llvm_library.",
            allow_single_file = [".py"],
            mandatory = True,
        ),
    },
    provides = [_JaxProgramsInfo],
)

def _jax_program_of_impl(ctx):
    program = ctx.attr.programs[_JaxProgramsInfo].programs[ctx.attr.library]
    return [DefaultInfo(files = depset([program.dump])), program]

jax_program_of = rule(
    implementation = _jax_program_of_impl,
    doc = "One of jax_programs, as a jax_program is.",
    attrs = {
        "library": attr.string(
            doc = "The name of the jax_llvm_library.",
            mandatory = True,
        ),
        "programs": attr.label(
            doc = "A jax_programs target.",
            mandatory = True,
            providers = [_JaxProgramsInfo],
        ),
    },
    provides = [JaxProgramInfo],
)

def _jax_cases_of_all_impl(ctx):
    sources = {}
    files = []
    for library in ctx.attr.libraries:
        name = library.label.name
        sources[name] = ctx.actions.declare_file(name + "_test.cases.c")
        args = ctx.actions.args()
        args.add_all(cases_arguments(library, sources[name]))
        args.add("--draws", str(ctx.attr.draws))
        if name in ctx.attr.edge_values:
            args.add("--edge-values")
        files.append(_argument_file(ctx, name, args))
    programs = [library[JaxProgramInfo] for library in ctx.attr.libraries]
    args = ctx.actions.args()
    args.add_all(files, format_each = "@%s")
    run_exporter(
        ctx,
        executable = programs[0].oracle,
        arguments = [args],
        inputs = files + [program.dump for program in programs],
        outputs = sources.values(),
        mnemonic = "JaxOracle",
        progress_message = "Asking JAX about %d functions" % len(programs),
    )
    return [
        DefaultInfo(files = depset(sources.values())),
        OutputGroupInfo(**{name: depset([source]) for name, source in sources.items()}),
    ]

jax_cases_of_all = rule(
    implementation = _jax_cases_of_all_impl,
    doc = "Runs JAX on known inputs of many functions of one file. Always on the execution platform.",
    attrs = {
        "draws": attr.int(
            default = 3,
            doc = "See jax_llvm_test.",
        ),
        "edge_values": attr.string_list(doc = "The libraries with edge_values: see jax_llvm_test."),
        "libraries": attr.label_list(
            doc = "Libraries of functions that one jax_programs has captured.",
            mandatory = True,
            providers = [JaxLibraryInfo, JaxProgramInfo],
        ),
    },
)
