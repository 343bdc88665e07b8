"""on_boards_test: tests on every board that is emulated, whatever the target platform is."""

load("//platforms:cores.bzl", "QEMU_BOARDS")
load("//platforms:host_only.bzl", "HOST_ONLY")

DOC = "Runs tests as they are for another platform, one after the other. Use on_boards_test."

_PLATFORMS = "//command_line_option:platforms"
_DSP = "//runtime:dsp"
_DSP_LIBRARY = "//runtime:dsp_library"

def _platform_impl(settings, attr):
    return {
        _DSP: "cmsis_dsp" if attr.calls_dsp else settings[_DSP],
        _DSP_LIBRARY: attr.dsp_library or settings[_DSP_LIBRARY],
        _PLATFORMS: str(attr.platform),
    }

_platform = transition(
    implementation = _platform_impl,
    inputs = [_DSP, _DSP_LIBRARY],
    outputs = [_DSP, _DSP_LIBRARY, _PLATFORMS],
)

_SCRIPT = """\
#!/bin/sh
failed=0
for test in {tests}; do
  if said=$("./$test" 2>&1); then
    echo "ok   $test"
  else
    echo "FAIL $test: exit code $?"
    echo "$said"
    failed=1
  fi
done
exit $failed
"""

def _on_platform_impl(ctx):
    script = ctx.actions.declare_file(ctx.label.name)
    tests = [test[DefaultInfo] for test in ctx.attr.tests]
    ctx.actions.write(script, is_executable = True, content = _SCRIPT.format(
        tests = " ".join([test.files_to_run.executable.short_path for test in tests]),
    ))
    return [DefaultInfo(
        executable = script,
        runfiles = ctx.runfiles().merge_all([test.default_runfiles for test in tests]),
    )]

_on_platform_test = rule(
    implementation = _on_platform_impl,
    doc = DOC,
    attrs = {
        "calls_dsp": attr.bool(doc = "Whether exported functions call a DSP library."),
        "dsp_library": attr.string(doc = "Label of that library, if not the default one."),
        "platform": attr.label(mandatory = True),
        "tests": attr.label_list(
            doc = "Tests that need no args and no environment: these belong to a test that Bazel runs itself.",
            cfg = _platform,
            mandatory = True,
        ),
    },
    test = True,
)

def on_boards_test(name, tests, platforms = QEMU_BOARDS.keys(), tags = [], **kwargs):
    """Runs tests on each board; not multiplied when the target platform is a board itself.

    Args:
        name: string, of a test suite of NAME.PLATFORM for each board.
        tests: list of labels, tests without args.
        platforms: list of string, of QEMU_BOARDS.
        tags: list of string, as everywhere.
        **kwargs: calls_dsp and dsp_library of the rule, else as in every test.
    """
    for platform in platforms:
        _on_platform_test(
            name = "%s.%s" % (name, platform),
            platform = Label("//platforms:" + platform),
            tests = tests,
            tags = tags,
            target_compatible_with = HOST_ONLY,
            **kwargs
        )
    native.test_suite(
        name = name,
        tags = tags,
        tests = [":%s.%s" % (name, platform) for platform in platforms],
    )
