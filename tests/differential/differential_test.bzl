"""differential_test: compares an exported function with JAX, on the host."""

load("@rules_cc//cc:cc_binary.bzl", "cc_binary")
load("@rules_python//python:py_test.bzl", "py_test")
load("//platforms:host_only.bzl", "HOST_ONLY")

def differential_test(
        name,
        library,
        src,
        fn,
        inputs = {},
        example_inputs = "",
        edge_values = False,
        deps = [],
        data = [],
        x64 = False,
        **kwargs):
    """Calls the C function and judges its results by docs/numerics.md.

    The cases: the example's own values, if there are, and three seeded draws.

    Args:
        name: string.
        library: label of the jax_llvm_library.
        src: label of its src.
        fn: string, its fn.
        inputs: dict, its inputs.
        example_inputs: string, its example_inputs.
        edge_values: bool, whether zeros, infinities, nan, subnormals and the like are cases, too; for
            elementwise functions. Each element of their results is judged by itself.
        deps: list of labels, its deps.
        data: list of labels, its data.
        x64: bool, its x64.
        **kwargs: as in py_test.
    """
    for group in ["manifest", "object"]:
        native.filegroup(
            name = name + "." + group,
            testonly = True,
            srcs = [library],
            output_group = group,
            tags = ["manual"],
        )
    cc_binary(
        name = name + ".so",
        testonly = True,
        srcs = [":" + name + ".object"],
        linkopts = ["-lm"],
        linkshared = True,
        tags = ["manual"],
        target_compatible_with = HOST_ONLY,
    )
    main = Label("//tests/differential:differential_main.py")
    py_test(
        name = name,
        size = "small",
        srcs = [main],
        main = main,
        args = [
            "--library=$(rootpath :%s.so)" % name,
            "--manifest=$(rootpath :%s.manifest)" % name,
            "--src=$(rootpath %s)" % src,
            "--fn=" + fn,
        ] + [
            "--input=%s=%s" % (argument, shape)
            for argument, shape in inputs.items()
        ] + (
            ["--example-inputs=" + example_inputs] if example_inputs else []
        ) + (
            ["--edge-values"] if edge_values else []
        ) + (
            ["--x64"] if x64 else []
        ),
        data = data + [
            src,
            ":" + name + ".manifest",
            ":" + name + ".so",
        ],
        python_version = "3.14",
        target_compatible_with = HOST_ONLY,
        deps = deps + [Label("//py/jax_embedded:oracle")],
        **kwargs
    )
