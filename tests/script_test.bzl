"""script_test: a shell script as a test whose arguments are part of it, so that another test can run it."""

load("//platforms:runnable.bzl", "RUNNABLE")

DOC = "Runs a shell script with arguments. Use script_test."

def _script_test_impl(ctx):
    start = ctx.actions.declare_file(ctx.label.name)
    words = [ctx.file.script.short_path] + [
        ctx.expand_location(argument, ctx.attr.data)
        for argument in ctx.attr.arguments
    ]
    ctx.actions.write(start, is_executable = True, content = "#!/bin/sh\nexec %s\n" % " ".join([
        "'" + word + "'"
        for word in words
    ]))
    runfiles = ctx.runfiles([ctx.file.script] + ctx.files.data)
    return [DefaultInfo(
        executable = start,
        runfiles = runfiles.merge_all([target[DefaultInfo].default_runfiles for target in ctx.attr.data]),
    )]

_script_test = rule(
    implementation = _script_test_impl,
    doc = DOC,
    attrs = {
        "arguments": attr.string_list(),
        "data": attr.label_list(allow_files = True),
        "script": attr.label(allow_single_file = True, mandatory = True),
    },
    test = True,
)

def script_test(name, script, arguments, data, target_compatible_with = None, size = "small", **kwargs):
    """Runs a shell script, on the execution platform, for programs of the target platform.

    Args:
        name: string.
        script: label of the script.
        arguments: list of string, its arguments; `$(rootpath LABEL)` is a file of data.
        data: list of labels, what it reads and runs.
        target_compatible_with: as everywhere. By default every platform whose programs can be run.
        size: string, as everywhere.
        **kwargs: as in every test.
    """
    _script_test(
        name = name,
        size = size,
        script = script,
        arguments = arguments,
        data = data,
        target_compatible_with = target_compatible_with or RUNNABLE,
        **kwargs
    )
