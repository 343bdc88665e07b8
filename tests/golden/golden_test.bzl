"""golden_test: text of ours that a change should not alter by accident."""

load("@bazel_skylib//rules:diff_test.bzl", "diff_test")
load("//platforms:host_only.bzl", "HOST_ONLY")

def golden_test(name, golden, found, **kwargs):
    """Compares a generated file with one that is checked in.

    Args:
        name: string.
        golden: label of the checked-in file; //tools:update lists it.
        found: label of the generated file.
        **kwargs: as in diff_test.
    """
    diff_test(
        name = name,
        size = "small",
        failure_message = "If the new text is right, take it over: bazel run //tools:update",
        file1 = golden,
        file2 = found,
        target_compatible_with = HOST_ONLY,
        **kwargs
    )
