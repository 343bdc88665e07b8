"""pytest_test: a py_test run by pytest."""

load("@rules_python//python:py_test.bzl", "py_test")
load("//platforms:host_only.bzl", "HOST_ONLY")

def pytest_test(name, srcs, deps = [], args = [], size = "small", **kwargs):
    """A py_test that hands its srcs to pytest; skipped where Python does not run.

    Args:
        name: string.
        srcs: list of labels, the test files, all of this package.
        deps: list of labels; pytest is added.
        args: list of string, further arguments of pytest.
        size: string, as everywhere.
        **kwargs: as in py_test.
    """
    py_test(
        name = name,
        size = size,
        srcs = srcs + [Label("//tests:pytest_main.py")],
        main = Label("//tests:pytest_main.py"),
        args = ["$(rootpath %s)" % src for src in srcs] + args,
        python_version = "3.14",
        target_compatible_with = HOST_ONLY,
        deps = deps + [
            "@jax_embedded_dev_pip//hypothesis",
            "@jax_embedded_dev_pip//pytest",
        ],
        **kwargs
    )
