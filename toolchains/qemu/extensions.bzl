"""qemu: finds qemu-system-arm on the machine. A missing one is an error only when a program is run."""

_RUN = """\
#!/bin/sh
exec '{path}' "$@"
"""

_MISSING = """\
#!/bin/sh
echo 'ERROR(jax_embedded): qemu: expected qemu-system-arm on PATH or in QEMU_SYSTEM_ARM, found none.' >&2
echo '  Fix: install it (Debian: qemu-system-arm), or set --repo_env=QEMU_SYSTEM_ARM=/path/to/qemu-system-arm.' >&2
exit 127
"""

# Since Bazel 9 a test runs where all constraints of the target platform hold, unless a toolchain says otherwise.
# (The version of a development build is empty.)
_TESTS_RUN_ON_LINUX = """
toolchain(
    name = "tests_run_on_linux",
    exec_compatible_with = ["@platforms//os:linux"],
    target_compatible_with = ["@platforms//os:none"],
    toolchain = "@bazel_tools//tools/test:empty_toolchain",
    toolchain_type = "@bazel_tools//tools/test:default_test_toolchain_type",
)
"""

def _qemu_repository_impl(rctx):
    path = rctx.os.environ.get("QEMU_SYSTEM_ARM") or rctx.which("qemu-system-arm")
    script = _RUN.format(path = path) if path and rctx.path(path).exists else _MISSING
    rctx.file("qemu-system-arm", script, executable = True)
    build = "exports_files([\"qemu-system-arm\"])\n"
    version = native.bazel_version.split(".")[0]
    if version.isdigit() and int(version) >= 9:
        build += _TESTS_RUN_ON_LINUX
    rctx.file("BUILD.bazel", build)

_qemu_repository = repository_rule(
    implementation = _qemu_repository_impl,
    configure = True,
    environ = ["PATH", "QEMU_SYSTEM_ARM"],
    local = True,
)

def _qemu_impl(_mctx):
    _qemu_repository(name = "jax_embedded_qemu")

qemu = module_extension(implementation = _qemu_impl)
