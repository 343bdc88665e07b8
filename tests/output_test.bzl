"""output_test: what a program prints, on the host or on a board."""

load(":script_test.bzl", "script_test")

def output_test(name, program, expected, **kwargs):
    """Runs a program with several command lines and compares what it prints.

    Args:
        name: string.
        program: label of the executable.
        expected: label of a text file: lines "$ ARGUMENTS", each followed by the output.
        **kwargs: as in script_test.
    """
    script_test(
        name = name,
        script = Label("//tests:output_test.sh"),
        arguments = [
            "$(rootpath %s)" % program,
            "$(rootpath %s)" % expected,
        ],
        data = [
            program,
            expected,
        ],
        **kwargs
    )
