"""output_test: what a program prints, on the host or on a board."""

load("//platforms:runnable.bzl", "RUNNABLE")

DOC = "Runs a program with several command lines and compares what it prints. Use output_test."

def _output_test_impl(ctx):
    script = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(script, is_executable = True, content = "#!/bin/sh\nexec {} {} {}\n".format(
        ctx.file._run.short_path,
        ctx.executable.program.short_path,
        ctx.file.expected.short_path,
    ))
    runfiles = ctx.runfiles([ctx.file._run, ctx.file.expected])
    return [DefaultInfo(
        executable = script,
        runfiles = runfiles.merge(ctx.attr.program[DefaultInfo].default_runfiles),
    )]

_output_test = rule(
    implementation = _output_test_impl,
    doc = DOC,
    attrs = {
        "expected": attr.label(allow_single_file = True, mandatory = True),
        "program": attr.label(cfg = "target", executable = True, mandatory = True),
        "_run": attr.label(allow_single_file = True, default = Label("//tests:output_test.sh")),
    },
    test = True,
)

def output_test(name, program, expected, **kwargs):
    """Runs a program with several command lines and compares what it prints.

    Args:
        name: string.
        program: label of the executable.
        expected: label of a text file: lines "$ ARGUMENTS", each followed by the output.
        **kwargs: as in every test.
    """
    _output_test(
        name = name,
        size = "small",
        program = program,
        expected = expected,
        target_compatible_with = RUNNABLE,
        **kwargs
    )
