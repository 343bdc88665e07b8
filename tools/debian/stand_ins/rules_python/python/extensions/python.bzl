# SPDX-License-Identifier: Apache-2.0
"""python.toolchain() for the interpreter that is on the machine."""

_BUILD = """\
load("@rules_python//python:py_runtime.bzl", "py_runtime")
load("@rules_python//python:py_runtime_pair.bzl", "py_runtime_pair")

py_runtime(
    name = "runtime",
    interpreter_path = {path},
    python_version = "PY3",
    stub_shebang = {shebang},
)

py_runtime_pair(
    name = "pair",
    py3_runtime = ":runtime",
)

toolchain(
    name = "toolchain",
    exec_compatible_with = ["@platforms//os:linux"],
    target_compatible_with = ["@platforms//os:linux"],
    toolchain = ":pair",
    toolchain_type = "@bazel_tools//tools/python:toolchain_type",
)
"""

def _local_python_impl(rctx):
    want = rctx.attr.python_version
    path = rctx.which("python" + want) or rctx.which("python3")
    if not path:
        fail(("ERROR(jax_embedded): Python: expected python{} or python3 on PATH, found neither.\n" +
              "  Fix: install one of them.").format(want))
    result = rctx.execute([path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
    if result.return_code:
        fail(("ERROR(jax_embedded): Python: expected {} to run, found: {}\n" +
              "  Fix: reinstall it.").format(path, result.stderr))
    version = result.stdout.strip()
    if want and version != want:
        # buildifier: disable=print
        print("python.toolchain asks for Python {}; this machine's {} is {}".format(want, path, version))
    rctx.file("BUILD.bazel", _BUILD.format(path = repr(str(path)), shebang = repr("#!" + str(path))))
    rctx.file("interpreter.bzl", "INTERPRETER = {}\n\nVERSION = {}\n".format(repr(str(path)), repr(version)))

_local_python = repository_rule(
    implementation = _local_python_impl,
    attrs = {"python_version": attr.string()},
    configure = True,
    environ = ["PATH"],
    local = True,
)

def _python_impl(mctx):
    # The root module comes first; one of its toolchains is the default, as in rules_python.
    version = ""
    for module in mctx.modules:
        for toolchain in module.tags.toolchain:
            if not version or (toolchain.is_default and module.is_root):
                version = toolchain.python_version
    _local_python(name = "pythons_hub", python_version = version)

python = module_extension(
    implementation = _python_impl,
    tag_classes = {
        "defaults": tag_class(attrs = {"python_version": attr.string()}),
        "toolchain": tag_class(attrs = {
            "configure_coverage_tool": attr.bool(),
            "ignore_root_user_error": attr.bool(),
            "is_default": attr.bool(),
            "python_version": attr.string(mandatory = True),
        }),
    },
)
