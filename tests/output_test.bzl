"""output_test: what a program prints."""

load("@rules_shell//shell:sh_test.bzl", "sh_test")
load("//platforms:host_only.bzl", "HOST_ONLY")

def output_test(name, program, expected, **kwargs):
    """Runs a program with several command lines and compares what it prints.

    Args:
        name: string.
        program: label of the executable.
        expected: label of a text file: lines "$ ARGUMENTS", each followed by the output.
        **kwargs: as in sh_test.
    """
    sh_test(
        name = name,
        size = "small",
        srcs = [Label("//tests:output_test.sh")],
        args = [
            "$(rootpath %s)" % program,
            "$(rootpath %s)" % expected,
        ],
        data = [
            program,
            expected,
        ],
        target_compatible_with = HOST_ONLY,
        **kwargs
    )
