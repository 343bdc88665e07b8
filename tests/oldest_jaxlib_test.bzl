"""oldest_jaxlib_test: a pytest_test with the oldest jaxlib that is supported."""

load("//platforms:host_only.bzl", "HOST_ONLY")
load(":pytest_test.bzl", "pytest_test")

DOC = "Runs a test with other packages in place of the exporter's. Use oldest_jaxlib_test."

_TOOLCHAINS = "//command_line_option:extra_toolchains"

def _oldest_jaxlib_impl(settings, _attr):
    oldest = str(Label("//third_party/python:oldest_exporter_python"))
    return {_TOOLCHAINS: settings[_TOOLCHAINS] + [oldest]}

_oldest_jaxlib = transition(
    implementation = _oldest_jaxlib_impl,
    inputs = [_TOOLCHAINS],
    outputs = [_TOOLCHAINS],
)

_SCRIPT = """\
#!/bin/sh
exec "./{test}" "$@"
"""

def _with_oldest_jaxlib_impl(ctx):
    (test,) = ctx.attr.test
    script = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(script, is_executable = True, content = _SCRIPT.format(
        test = test[DefaultInfo].files_to_run.executable.short_path,
    ))
    return [DefaultInfo(
        executable = script,
        runfiles = ctx.runfiles(ctx.files.srcs).merge(test[DefaultInfo].default_runfiles),
    )]

_with_oldest_jaxlib_test = rule(
    implementation = _with_oldest_jaxlib_impl,
    doc = DOC,
    attrs = {
        "srcs": attr.label_list(
            doc = "What args name.",
            allow_files = True,
        ),
        "test": attr.label(
            cfg = _oldest_jaxlib,
            mandatory = True,
        ),
    },
    test = True,
)

def oldest_jaxlib_test(name, srcs, size = "small", shard_count = None, **kwargs):
    """A pytest_test whose jax and jaxlib are those of //third_party/python:oldest_requirements.in.

    Args:
        name: string.
        srcs: list of labels, as in pytest_test.
        size: string, as everywhere.
        shard_count: int, as everywhere.
        **kwargs: as in pytest_test.
    """
    pytest_test(
        name = name + ".pytest",
        srcs = srcs,
        tags = ["manual"],
        visibility = ["//visibility:private"],
        **kwargs
    )
    _with_oldest_jaxlib_test(
        name = name,
        size = size,
        srcs = srcs,
        args = ["$(rootpath %s)" % src for src in srcs],
        shard_count = shard_count,
        target_compatible_with = HOST_ONLY,
        test = ":" + name + ".pytest",
    )
