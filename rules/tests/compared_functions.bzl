"""Many functions of one file, as jax_llvm_library and jax_llvm_test make them, with JAX imported once."""

load("//rules:defs.bzl", "firmware_test")
load("//rules/private:exporters.bzl", "exporters")
load("//rules/private:jax_cases.bzl", "jax_cases_source")
load("//rules/private:jax_llvm_library.bzl", "jax_llvm_library_rule")
load("//rules/private:jax_programs.bzl", "jax_cases_of_all", "jax_program_of", "jax_programs")

_HIDDEN = {
    "tags": ["manual"],
    "visibility": ["//visibility:private"],
}

def compared_function(inputs = {}, example_inputs = "", fn = None, x64 = False, edge_values = False):
    """What is told of a function.

    Args:
        inputs: see jax_llvm_library.
        example_inputs: see jax_llvm_library.
        fn: see jax_llvm_library. By default it has the library's name.
        x64: see jax_llvm_library.
        edge_values: see jax_llvm_test.

    Returns:
        A struct.
    """
    return struct(
        edge_values = edge_values,
        example_inputs = example_inputs,
        fn = fn,
        inputs = inputs,
        x64 = x64,
    )

def variant(of, **attributes):
    """One more library of a function.

    Args:
        of: string, the name of the function's own library.
        **attributes: of jax_llvm_library.

    Returns:
        A struct.
    """
    return struct(attributes = attributes, of = of)

def exported_functions(name, src, functions, variants = {}, deps = [], **kwargs):
    """A library for each function, and one for each variant.

    Args:
        name: string, of what they have in common.
        src: label of the Python file.
        functions: dict from the name of a library to a `compared_function`.
        variants: dict from the name of a library to a `variant`.
        deps: see jax_llvm_library.
        **kwargs: of all of the libraries.
    """
    exporters(name, src, deps, **_HIDDEN)
    jax_programs(
        name = name + ".programs",
        capture = ":" + name + ".capture",
        functions = {
            library: json.encode(struct(
                example_inputs = function.example_inputs,
                fn = function.fn or library,
                inputs = function.inputs,
                x64 = function.x64,
            ))
            for library, function in functions.items()
        },
        oracle = ":" + name + ".oracle",
        src = src,
        **_HIDDEN
    )
    for library in functions:
        jax_program_of(
            name = library + ".program",
            library = library,
            programs = ":" + name + ".programs",
            **_HIDDEN
        )
    for library, made in (_own(functions) | variants).items():
        jax_llvm_library_rule(
            name = library,
            program = ":" + made.of + ".program",
            **({"c_name": library} | made.attributes | kwargs)
        )

def compared_functions(name, src, functions, variants = {}, test_tags = [], **kwargs):
    """The same, and NAME_test for each library.

    Args:
        name: string, of what they have in common.
        src: label of the Python file.
        functions: dict from the name of a library to a `compared_function`.
        variants: dict from the name of a library to a `variant`.
        test_tags: list of string, the tags of the tests.
        **kwargs: of all of the libraries.
    """
    exported_functions(name, src, functions, variants, **kwargs)
    libraries = _own(functions) | variants
    jax_cases_of_all(
        name = name + ".cases",
        testonly = True,
        edge_values = [library for library, made in libraries.items() if functions[made.of].edge_values],
        libraries = libraries.keys(),
        **_HIDDEN
    )
    for library in libraries:
        jax_cases_source(
            name = library + "_test.source",
            testonly = True,
            cases = ":" + name + ".cases",
            library = library,
            **_HIDDEN
        )
        firmware_test(
            name = library + "_test",
            srcs = [":" + library + "_test.source"],
            tags = test_tags,
            deps = [
                ":" + library,
                "//runtime/judge",
            ],
        )

def _own(functions):
    return {library: variant(library) for library in functions}
