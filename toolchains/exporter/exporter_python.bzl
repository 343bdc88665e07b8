"""The toolchain that says which Python packages the exporter runs with: one set, replaced whole."""

load("@rules_python//python:py_info.bzl", "PyInfo")
load("@rules_python//python:py_library.bzl", "py_library")

_TOOLCHAIN_TYPE = Label("//toolchains/exporter:toolchain_type")

def _exporter_python_impl(ctx):
    return [platform_common.ToolchainInfo(
        compiler = ctx.attr.compiler,
        jax = ctx.attr.jax,
    )]

_exporter_python = rule(
    implementation = _exporter_python_impl,
    doc = "The packages that jax_embedded runs with. Use exporter_python_toolchain.",
    attrs = {
        "compiler": attr.label(
            doc = "See exporter_python_toolchain.",
            mandatory = True,
            providers = [PyInfo],
        ),
        "jax": attr.label(
            doc = "See exporter_python_toolchain.",
            mandatory = True,
            providers = [PyInfo],
        ),
    },
)

def exporter_python_toolchain(name, jax, compiler, **kwargs):
    """Declares the set of Python packages that functions are captured and compiled with.

    **EXAMPLE**

    ```starlark
    exporter_python_toolchain(
        name = "exporter_python",
        compiler = ["@pip//llvmlite", "@pip//protobuf", "@pip//pyelftools"],
        jax = ["@pip//jax", "@pip//jaxlib", "@pip//numpy"],
    )
    ```

    Args:
        name: string, of the toolchain, for register_toolchains.
        jax: list of labels, what functions are traced with: jax, jaxlib and numpy, and what every
            function may import without naming it.
        compiler: list of labels, what the exporter itself imports: llvmlite, protobuf and pyelftools.
        **kwargs: tags, testonly and other attributes of every rule, for the toolchain.
    """
    parts = {"compiler": compiler, "jax": jax}
    for part, packages in parts.items():
        py_library(
            name = name + "." + part,
            tags = ["manual"],
            visibility = ["//visibility:private"],
            deps = packages,
        )
    _exporter_python(
        name = name + ".packages",
        tags = ["manual"],
        visibility = ["//visibility:private"],
        **{part: ":" + name + "." + part for part in parts}
    )
    native.toolchain(
        name = name,
        toolchain = ":" + name + ".packages",
        toolchain_type = _TOOLCHAIN_TYPE,
        **kwargs
    )

def _resolved_packages_impl(ctx):
    packages = getattr(ctx.toolchains[_TOOLCHAIN_TYPE], ctx.attr.part)
    return [
        DefaultInfo(runfiles = packages[DefaultInfo].default_runfiles),
        packages[PyInfo],
    ]

resolved_packages = rule(
    implementation = _resolved_packages_impl,
    doc = "One part of the toolchain's packages, for the `deps` of Python targets.",
    attrs = {
        "part": attr.string(
            doc = "The argument of exporter_python_toolchain.",
            mandatory = True,
            values = ["compiler", "jax"],
        ),
    },
    provides = [PyInfo],
    toolchains = [_TOOLCHAIN_TYPE],
)
