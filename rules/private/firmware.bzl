"""How a program of the target platform is started from here: the executable file behind firmware_binary and firmware_test."""

DOC = "A program of the target platform that can be started on the execution platform. Use firmware_binary or firmware_test."

ATTRS = {
    "binary": attr.label(
        doc = "The program.",
        cfg = "target",
        executable = True,
        mandatory = True,
    ),
    "time_limit_seconds": attr.int(doc = "See firmware_binary.", default = 60),
    "_bare_metal": attr.label(
        default = Label("@platforms//os:none"),
        providers = [platform_common.ConstraintValueInfo],
    ),
}

_RUNNER = Label("//toolchains/runner:toolchain_type")

_HEAD = """\
#!/usr/bin/env bash
set -euo pipefail
"""

_RUN = _HEAD + """\
runfiles=$0.runfiles
[[ -d $runfiles ]] || runfiles=${{RUNFILES_DIR:-${{TEST_SRCDIR:-}}}}
exec {command} "$@"
"""

_NO_RUNNER = _HEAD + """\
echo 'ERROR(jax_embedded): {label}: expected a runner for the target platform, found none.' >&2
echo '  Fix: run it on a platform such as @jax_embedded//platforms:qemu_m4f, or register a toolchain of type {type}.' >&2
exit 126
"""

def _quote(text):
    return "'" + text.replace("'", "'\\''") + "'"

def _in_runfiles(ctx, file):
    path = file.short_path
    path = path[len("../"):] if path.startswith("../") else ctx.workspace_name + "/" + path
    return "\"$runfiles\"/" + _quote(path)

def _firmware_impl(ctx):
    program = ctx.executable.binary
    start = ctx.actions.declare_file(ctx.label.name)
    runfiles = ctx.runfiles([program]).merge(ctx.attr.binary[DefaultInfo].default_runfiles)
    toolchain = ctx.toolchains[_RUNNER]
    if not ctx.target_platform_has_constraint(ctx.attr._bare_metal[platform_common.ConstraintValueInfo]):
        ctx.actions.symlink(output = start, target_file = program, is_executable = True)
    elif toolchain:
        runner = toolchain.runner
        command = runner.command + [str(ctx.attr.time_limit_seconds), program]
        ctx.actions.write(start, is_executable = True, content = _RUN.format(
            command = " ".join([
                _quote(word) if type(word) == "string" else _in_runfiles(ctx, word)
                for word in command
            ]),
        ))
        runfiles = runfiles.merge(ctx.runfiles(transitive_files = runner.files))
    else:
        ctx.actions.write(start, is_executable = True, content = _NO_RUNNER.format(
            label = str(ctx.label).removeprefix("@@"),
            type = "@jax_embedded//toolchains/runner:toolchain_type",
        ))
    return [DefaultInfo(
        executable = start,
        files = depset([start]),
        runfiles = runfiles,
    )]

_TOOLCHAINS = [config_common.toolchain_type(_RUNNER, mandatory = False)]

firmware_binary_rule = rule(
    implementation = _firmware_impl,
    doc = DOC,
    attrs = ATTRS,
    executable = True,
    toolchains = _TOOLCHAINS,
)

# The name ends in _test, as Bazel wants it.
firmware_rule_test = rule(
    implementation = _firmware_impl,
    doc = DOC,
    attrs = ATTRS,
    test = True,
    toolchains = _TOOLCHAINS,
)
