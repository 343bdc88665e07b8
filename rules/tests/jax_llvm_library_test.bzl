"""Analysis tests of jax_llvm_library."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load("@rules_python//python:py_library.bzl", "py_library")
load("//platforms:host_only.bzl", "HOST_ONLY")
load("//rules:defs.bzl", "JaxLibraryInfo", "jax_llvm_library")
load("//toolchains/exporter:exporter_python.bzl", "exporter_python_toolchain")

_PLATFORMS = "//command_line_option:platforms"

def _action(env, mnemonic):
    found = [a for a in analysistest.target_actions(env) if a.mnemonic == mnemonic]
    asserts.equals(env, 1, len(found), "actions " + mnemonic)
    return found[0]

def _option(action, name):
    return [action.argv[i + 1] for i in range(len(action.argv) - 1) if action.argv[i] == name]

# Providers and output groups.

def _provides_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    library = target[JaxLibraryInfo]
    asserts.equals(env, "renamed", library.c_name)
    asserts.equals(env, "host", library.target)
    for suffix, file, group in [
        ("h", library.header, "header"),
        ("ll", library.llvm_ir, "llvm_ir"),
        ("s", library.assembly, "assembly"),
        ("o", library.object, "object"),
        ("program.txt", library.program, "program"),
        ("json", library.manifest, "manifest"),
    ]:
        asserts.equals(env, "subject." + suffix, file.basename)
        asserts.equals(env, [file], getattr(target[OutputGroupInfo], group).to_list(), group)
    asserts.true(env, library.dump.is_directory, "the dump is a directory")
    asserts.equals(env, [library.dump], target[OutputGroupInfo].dump.to_list(), "dump")

    compilation = target[CcInfo].compilation_context
    asserts.equals(env, [library.header], compilation.headers.to_list(), "headers")
    asserts.true(env, library.header.root.path in compilation.quote_includes.to_list(), "quote includes")
    inputs = target[CcInfo].linking_context.linker_inputs.to_list()
    archives = [library for i in inputs for library in i.libraries]
    asserts.equals(env, 1, len(archives), "libraries")
    asserts.equals(env, [["-lm"]], [i.user_link_flags for i in inputs if i.user_link_flags], "link flags")
    return analysistest.end(env)

_provides_test = analysistest.make(_provides_impl)

# Codegen follows the target platform; the capture does not.

def _codegen_impl(ctx):
    env = analysistest.begin(ctx)
    action = _action(env, "JaxCodegen")
    library = analysistest.target_under_test(env)[JaxLibraryInfo]
    asserts.equals(env, [ctx.attr.target_name], _option(action, "--target"))
    asserts.equals(env, ["renamed"], _option(action, "--name"))
    asserts.equals(env, ["subject"], _option(action, "--stem"))
    asserts.equals(env, ["off"], _option(action, "--fp-contract"))
    asserts.equals(env, ["size"], _option(action, "--optimize"))
    asserts.equals(env, ["2000"], _option(action, "--max-code-bytes"))
    asserts.equals(env, ["500"], _option(action, "--max-ram-bytes"))
    asserts.equals(env, ["//rules/tests:subject"], _option(action, "--label"))
    asserts.true(env, library.dump in action.inputs.to_list(), "codegen reads the dump")
    asserts.true(env, "-exec" in library.dump.path, "the dump is made for the execution platform: " + library.dump.path)
    captures = [a for a in analysistest.target_actions(env) if a.mnemonic == "JaxCapture"]
    asserts.equals(env, [], captures, "the library itself captures nothing")
    return analysistest.end(env)

_codegen_attrs = {"target_name": attr.string(mandatory = True)}

_codegen_host_test = analysistest.make(_codegen_impl, attrs = _codegen_attrs)

def _codegen_on(platform):
    return analysistest.make(
        _codegen_impl,
        attrs = _codegen_attrs,
        config_settings = {_PLATFORMS: str(Label(platform))},
    )

_codegen_m4f_test = _codegen_on("//platforms:cortex_m4f")
_codegen_m7_test = _codegen_on("//platforms:cortex_m7")

# Platforms that name no core.
_codegen_armv6_m_test = _codegen_on("//rules/tests:armv6-m")
_codegen_armv7_m_test = _codegen_on("//rules/tests:armv7-m")
_codegen_armv7e_m_test = _codegen_on("//rules/tests:armv7e-m")
_codegen_armv7e_mf_test = _codegen_on("//rules/tests:armv7e-mf")
_codegen_armv8_m_test = _codegen_on("//rules/tests:armv8-m")

# The capture's command.

def _capture_impl(ctx):
    env = analysistest.begin(ctx)
    action = _action(env, "JaxCapture")
    asserts.equals(env, ["//rules/tests:subject"], _option(action, "--label"))
    asserts.equals(env, ["f"], _option(action, "--fn"))
    asserts.equals(env, ["n=i32[]", "x=f32[3]"], _option(action, "--input"))
    asserts.equals(env, ["y", "z"], _option(action, "--output"))
    asserts.true(env, _option(action, "--src")[0].endswith(".runfiles/_main/rules/tests/subject.py"), "src is in the runfiles")
    asserts.true(env, "--x64" in action.argv, "--x64")
    return analysistest.end(env)

_capture_test = analysistest.make(_capture_impl)

# A registered set replaces the whole of the exporter's Python packages.

def _packages_impl(ctx):
    env = analysistest.begin(ctx)
    runfiles = analysistest.target_under_test(env)[DefaultInfo].default_runfiles
    found = [f.basename for f in runfiles.files.to_list() if "_pip" in f.path or "other_" in f.path]
    asserts.equals(env, sorted(ctx.attr.files), sorted(found))
    return analysistest.end(env)

_packages_test = analysistest.make(
    _packages_impl,
    attrs = {"files": attr.string_list(mandatory = True)},
    config_settings = {"//command_line_option:extra_toolchains": [str(Label("//rules/tests:other_python"))]},
)

# Mistakes.

def _failure_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ctx.attr.message)
    return analysistest.end(env)

_failure_test = analysistest.make(
    _failure_impl,
    attrs = {"message": attr.string(mandatory = True)},
    expect_failure = True,
)

_unknown_platform_test = analysistest.make(
    _failure_impl,
    attrs = {"message": attr.string(mandatory = True)},
    config_settings = {
        _PLATFORMS: str(Label("//rules/tests:unknown")),
        "//command_line_option:extra_toolchains": [str(Label("//rules/tests:unknown_toolchain"))],
    },
    expect_failure = True,
)

def jax_llvm_library_test_suite(name):
    """Declares the tests and their subjects.

    Args:
        name: string.
    """
    jax_llvm_library(
        name = "subject",
        src = "subject.py",
        fn = "f",
        inputs = {
            "n": "i32[]",
            "x": "f32[3]",
        },
        outputs = ["y", "z"],
        c_name = "renamed",
        x64 = True,
        fp_contract = "off",
        max_code_bytes = 2000,
        max_ram_bytes = 500,
        optimize = "size",
        tags = ["manual"],
    )
    jax_llvm_library(
        name = "both_inputs",
        src = "subject.py",
        fn = "f",
        inputs = {"x": "f32[3]"},
        example_inputs = "g",
        tags = ["manual"],
    )
    for part in ["other_compiler", "other_jax"]:
        py_library(
            name = part,
            srcs = [part + ".py"],
            tags = ["manual"],
        )
    exporter_python_toolchain(
        name = "other_python",
        compiler = [":other_compiler"],
        jax = [":other_jax"],
    )
    tests = {
        "both_inputs_test": (_failure_test, ":both_inputs.program", {
            "message": "ERROR(jax_embedded): //rules/tests:both_inputs: inputs: expected it without example_inputs, found both\n" +
                       "  Fix: leave one of them out. See docs/errors.md#inputs",
        }),
        "capture_test": (_capture_test, ":subject.program", {}),
        "codegen_armv6_m_test": (_codegen_armv6_m_test, ":subject", {"target_name": "cortex-m0"}),
        "codegen_armv7_m_test": (_codegen_armv7_m_test, ":subject", {"target_name": "cortex-m3"}),
        "codegen_armv7e_m_test": (_codegen_armv7e_m_test, ":subject", {"target_name": "cortex-m3"}),
        "codegen_armv7e_mf_test": (_codegen_armv7e_mf_test, ":subject", {"target_name": "cortex-m4f"}),
        "codegen_armv8_m_test": (_codegen_armv8_m_test, ":subject", {"target_name": "cortex-m33"}),
        "codegen_host_test": (_codegen_host_test, ":subject", {"target_name": "host"}),
        "codegen_m4f_test": (_codegen_m4f_test, ":subject", {"target_name": "cortex-m4f"}),
        "codegen_m7_test": (_codegen_m7_test, ":subject", {"target_name": "cortex-m7"}),
        "packages_of_capture_test": (_packages_test, ":subject.capture", {
            "files": ["other_compiler.py", "other_jax.py"],
        }),
        "packages_of_compiler_test": (_packages_test, "//py/jax_embedded:compiler", {
            "files": ["other_compiler.py"],
        }),
        "provides_test": (_provides_test, ":subject", {}),
        "unknown_platform_test": (_unknown_platform_test, ":subject", {
            "message": "ERROR(jax_embedded): //rules/tests:subject: the target platform: expected Linux on x86_64, or bare metal " +
                       "on a Cortex-M, found another.\n  Fix: ",
        }),
    }
    for test, (rule, subject, attrs) in tests.items():
        rule(
            name = test,
            target_under_test = subject,
            target_compatible_with = HOST_ONLY,
            **attrs
        )
    native.test_suite(
        name = name,
        tests = tests.keys(),
    )
