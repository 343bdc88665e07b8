"""compared_function: a jax_llvm_library and its jax_llvm_test."""

load("//rules:defs.bzl", "jax_llvm_library", "jax_llvm_test")

def compared_function(name, fn, attributes, **kwargs):
    """NAME and NAME_test.

    Args:
        name: string, of the library.
        fn: string, the function.
        attributes: dict, the library's; edge_values is the test's.
        **kwargs: more of the library's.
    """
    jax_llvm_library(
        name = name,
        fn = fn,
        **({key: value for key, value in attributes.items() if key != "edge_values"} | kwargs)
    )
    jax_llvm_test(
        name = name + "_test",
        edge_values = attributes.get("edge_values", False),
        library = ":" + name,
    )
