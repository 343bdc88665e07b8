"""The public rules of jax_embedded."""

load("@rules_python//python:py_binary.bzl", "py_binary")
load("//platforms:host_only.bzl", "HOST_ONLY")
load("//rules:providers.bzl", _JaxLibraryInfo = "JaxLibraryInfo")
load("//rules/private:jax_llvm_library.bzl", "jax_llvm_library_rule")
load("//rules/private:jax_program.bzl", "jax_program")

JaxLibraryInfo = _JaxLibraryInfo

def jax_llvm_library(
        name,
        src,
        fn,
        inputs = {},
        example_inputs = "",
        outputs = [],
        donate = [],
        structs = [],
        deps = [],
        data = [],
        c_name = None,
        x64 = False,
        fp_contract = "on",
        workspace = "static",
        testonly = None,
        tags = [],
        **kwargs):
    """A JAX function as a C function, usable wherever a cc_library is.

    **EXAMPLE**

    ```starlark
    jax_llvm_library(
        name = "quadratic",
        src = "quadratic.py",
        fn = "roots",
        inputs = {"a": "f32[]", "b": "f32[]", "c": "f32[]"},
        outputs = ["lower", "upper"],
    )

    cc_binary(
        name = "main",
        srcs = ["main.c"],  # #include "examples/quadratic/quadratic.h"
        deps = [":quadratic"],
    )
    ```

    Args:
        name: string, of the target, of the header `name.h`, and of the C function unless c_name says
            otherwise.
        src: label of the Python file that defines fn. It may import jax and numpy without naming them.
        fn: string, the function.
        inputs: dict from argument name to shape, such as "f32[8,16]" or "i32[]". An argument that is
            not named keeps its default value. None at all: the function has no arguments.
        example_inputs: string, instead of inputs: a function of src that returns the arguments, as a
            tuple in the order of the signature or a dict by name; for pytrees.
        outputs: list of string, names of the results in the order of jax.tree.leaves. By default they
            are made of "out" and the path.
        donate: list of string, arguments that are updated in place: each shares its memory with the result
            that has the same tree, shapes and dtypes.
        structs: list of string, arguments that are pytrees and are passed as one `struct NAME_ARGUMENT`.
        deps: list of labels, py_library targets and pip packages that src imports. What needs jax must
            need the exporter's: see exporter_python_toolchain.
        data: list of labels, files that src reads while it is traced, laid out as in runfiles.
        c_name: string, name of the C function.
        x64: bool, whether JAX computes with 64-bit types.
        fp_contract: string, "on" (multiply-add may be fused where the core has it, as XLA does) or
            "off".
        workspace: string, where temporaries of more than 64 bytes lie: "static", or "caller": the last
            parameter, which makes the function reentrant.
        testonly: bool, as everywhere.
        tags: list of string, as everywhere.
        **kwargs: visibility, target_compatible_with and other attributes of every rule.
    """
    hidden = {
        "tags": ["manual"] + tags,
        "testonly": testonly,
        "visibility": ["//visibility:private"],
    }
    main = Label("//py/jax_embedded:__main__.py")
    py_binary(
        name = name + ".capture",
        srcs = [main, src],
        main = main,
        data = data,
        python_version = "3.14",
        target_compatible_with = HOST_ONLY,
        deps = [
            Label("//py/jax_embedded:library"),
            Label("//toolchains/exporter:jax"),
        ] + deps,
        **hidden
    )
    jax_program(
        name = name + ".program",
        library = name,
        capture = ":" + name + ".capture",
        src = src,
        fn = fn,
        inputs = inputs,
        example_inputs = example_inputs,
        outputs = outputs,
        donate = donate,
        x64 = x64,
        **hidden
    )
    jax_llvm_library_rule(
        name = name,
        program = ":" + name + ".program",
        c_name = c_name or name,
        fp_contract = fp_contract,
        structs = structs,
        workspace = workspace,
        testonly = testonly,
        tags = tags,
        **kwargs
    )
