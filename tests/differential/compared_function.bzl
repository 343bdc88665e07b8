"""compared_function: a jax_llvm_library and its differential_test."""

load("//rules:defs.bzl", "jax_llvm_library")
load(":differential_test.bzl", "differential_test")

def compared_function(name, fn, attributes, workspace = "static"):
    """NAME and NAME_test.

    Args:
        name: string, of the library.
        fn: string, the function.
        attributes: dict, what both are given; edge_values is the test's alone.
        workspace: string, the library's.
    """
    jax_llvm_library(
        name = name,
        fn = fn,
        workspace = workspace,
        **{key: value for key, value in attributes.items() if key != "edge_values"}
    )
    differential_test(
        name = name + "_test",
        fn = fn,
        library = ":" + name,
        **attributes
    )
