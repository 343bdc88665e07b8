"""The public rules of jax_embedded."""

load("@rules_cc//cc:cc_binary.bzl", "cc_binary")
load("//platforms:runnable.bzl", "RUNNABLE")
load("//rules:providers.bzl", _JaxLibraryInfo = "JaxLibraryInfo")
load("//rules/private:exporters.bzl", "exporters")
load("//rules/private:firmware.bzl", "firmware_binary_rule", "firmware_rule_test")
load("//rules/private:jax_cases.bzl", "jax_cases", "jax_cases_source")
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
        max_code_bytes = 0,
        max_ram_bytes = 0,
        optimize = "speed",
        weights = "data",
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
            tuple in the order of the signature or a dict by name; for pytrees. It may yield those of one
            call after the other instead, for the stream of a jax_llvm_test.
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
        optimize: string, "speed" or "size": what the code is to be, fast or short.
        weights: string, where the weights of dots are that fn closes over: "data" (in memory), "code"
            (constants of its instructions, on a Cortex-M) or "auto" (what takes less). See
            docs/rules.md.
        max_code_bytes: int, of the code on a Cortex-M, which is as fast as so many bytes allow; if the
            shortest is longer, that is an error that names what is largest. 0: no limit.
        max_ram_bytes: int, of the workspace and the stack of the code on a Cortex-M, likewise.
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
    exporters(name, src, deps, data, **hidden)
    jax_program(
        name = name + ".program",
        library = name,
        capture = ":" + name + ".capture",
        oracle = ":" + name + ".oracle",
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
        max_code_bytes = max_code_bytes,
        max_ram_bytes = max_ram_bytes,
        optimize = optimize,
        structs = structs,
        weights = weights,
        workspace = workspace,
        testonly = testonly,
        tags = tags,
        **kwargs
    )

def jax_llvm_test(
        name,
        library,
        draws = 3,
        seed = 0,
        edge_values = False,
        stream = 0,
        max_ulp = 4,
        tags = [],
        **kwargs):
    """Compares an exported function with JAX on the target platform: on the host, or on a board by its runner.

    What JAX makes of the function is computed when the test is built. The cases: the values of example_inputs,
    if there are, then `draws` seeded draws, then the edge values, then the stream. A result passes by the measure of
    docs/numerics.md; the worst element is printed with its index, both values and its error.

    **EXAMPLE**

    ```starlark
    jax_llvm_test(
        name = "filter_test",
        library = ":filter",
        stream = 1000,
    )
    ```

    `name.source` is the C file with the cases, for programs that measure.

    Args:
        name: string.
        library: label of a jax_llvm_library.
        draws: int, how many cases are drawn: floats from the normal distribution, integers from 0 to 100.
        seed: int, of the draws.
        edge_values: bool, whether zeros, infinities, nan, subnormals and the like are cases too; for elementwise
            functions. Each element of their results is judged by itself.
        stream: int, of how many calls a stream is in which donated arguments go on with what the call before left.
            The other arguments are those that example_inputs yields, or else drawn, the donated ones at first too.
        max_ulp: number, the constant part of the bound.
        tags: list of string, as everywhere.
        **kwargs: as in firmware_test.
    """
    hidden = {
        "tags": ["manual"] + tags,
        "testonly": True,
    }
    jax_cases(
        name = name + ".cases",
        draws = draws,
        edge_values = edge_values,
        library = library,
        max_ulp = str(max_ulp),
        seed = seed,
        stream = stream,
        visibility = ["//visibility:private"],
        **hidden
    )
    jax_cases_source(
        name = name + ".source",
        cases = ":" + name + ".cases",
        visibility = kwargs.get("visibility"),
        **hidden
    )
    firmware_test(
        name = name,
        srcs = [":" + name + ".source"],
        tags = tags,
        deps = [
            library,
            Label("//runtime/judge"),
        ],
        **kwargs
    )

def firmware_binary(
        name,
        srcs = [],
        deps = [],
        board = None,
        time_limit_seconds = 60,
        testonly = None,
        tags = [],
        target_compatible_with = None,
        **kwargs):
    """A program for the target platform that `bazel run` starts: on a board by its runner, on the host by itself.

    **EXAMPLE**

    ```starlark
    firmware_binary(
        name = "main",
        srcs = ["main.c"],  # int main(int argc, char **argv), printf
        deps = [":quadratic"],
    )
    ```

    ```
    bazel run --platforms=@jax_embedded//platforms:qemu_m4f //:main -- 1 -3 2
    ```

    `name.elf` is the program itself, a cc_binary.

    Args:
        name: string.
        srcs: list of labels, as in cc_binary.
        deps: list of labels, as in cc_binary; the board is added.
        board: label of a cortex_m_board or another library with startup code and linker script. By default it
            follows from the platform.
        time_limit_seconds: int, after how many seconds a runner ends the program, with an error. Without effect on
            the host.
        testonly: bool, as everywhere.
        tags: list of string, as everywhere.
        target_compatible_with: list of labels, as everywhere. A platform without a known board needs `board`.
        **kwargs: visibility; args, which `bazel run` passes on; all else as in cc_binary.
    """
    _firmware(
        firmware_binary_rule,
        name,
        srcs = srcs,
        deps = deps,
        board = board,
        compatible = target_compatible_with,
        cc = kwargs,
        run = {
            "tags": tags,
            "testonly": testonly,
            "time_limit_seconds": time_limit_seconds,
        },
    )

def firmware_test(
        name,
        srcs = [],
        deps = [],
        board = None,
        time_limit_seconds = 60,
        size = "small",
        tags = [],
        target_compatible_with = None,
        **kwargs):
    """A test that is a program for the target platform, and passes if its main returns 0.

    Args:
        name: string.
        srcs: list of labels, as in cc_test.
        deps: list of labels, as in cc_test; the board is added.
        board: see firmware_binary.
        time_limit_seconds: see firmware_binary.
        size: string, as in cc_test.
        tags: list of string, as everywhere.
        target_compatible_with: list of labels, as everywhere. By default every platform with an operating system or
            a runner.
        **kwargs: visibility; args, timeout and flaky of the test; all else as in cc_binary.
    """
    _firmware(
        firmware_rule_test,
        name,
        srcs = srcs,
        deps = deps,
        board = board,
        compatible = target_compatible_with or RUNNABLE,
        cc = kwargs,
        run = {
            "size": size,
            "tags": tags,
            "testonly": True,
            "time_limit_seconds": time_limit_seconds,
        },
    )

# Attributes that are of the program when it runs.
_RUN = ["args", "flaky", "timeout"]

def _firmware(rule, name, srcs, deps, board, compatible, cc, run):
    cc_binary(
        name = name + ".elf",
        srcs = srcs,
        tags = ["manual"] + run["tags"],
        target_compatible_with = compatible,
        testonly = run["testonly"],
        deps = deps + [board or Label("//runtime")],
        **{key: value for key, value in cc.items() if key not in _RUN}
    )
    rule(
        name = name,
        binary = ":" + name + ".elf",
        target_compatible_with = compatible,
        **(run | {key: value for key, value in cc.items() if key in _RUN + ["visibility"]})
    )
