"""The toolchain that runs a program of the target platform: an emulator, a debugger."""

DOC = """How a program of the target platform is run.

The command is `COMMAND... SECONDS PROGRAM ARGUMENT...`: it runs PROGRAM with the arguments, passes its output on and
exits with its exit code; after SECONDS it ends the program, says so and exits with another code than 0."""

FIELDS = {
    "command": "list of string and File, the command without SECONDS and what follows.",
    "files": "depset of File, what the command needs in its runfiles.",
}

RunnerInfo = provider(doc = DOC, fields = FIELDS)

def runner_info(*, command, files):
    """Makes a RunnerInfo; see its fields.

    Args:
        command: list of string and File.
        files: depset of File.

    Returns:
        RunnerInfo.
    """
    return RunnerInfo(command = command, files = files)
