"""measured_function: the programs in which a function is measured. on_boards: these for boards that are emulated."""

load("@bazel_skylib//lib:paths.bzl", "paths")
load("@rules_cc//cc:cc_binary.bzl", "cc_binary")
load("//platforms:cores.bzl", "QEMU_BOARDS")
load("//rules:defs.bzl", "JaxLibraryInfo")
load("//rules/private:jax_cases.bzl", "jax_cases", "jax_cases_source")  # buildifier: disable=bzl-visibility

_HIDDEN = {
    "tags": ["manual"],
    "testonly": True,
}
_ALONE = Label("//tests/sizes:alone.ld")
_ON_BOARD = ["//platforms:has_runner"]

def measured_function(name, library, function = None, draws = 0, max_ulp = 4, case = None):
    """NAME.alone.elf, the function and what it calls, and NAME.called.elf, which calls it.

    Args:
        name: string.
        library: label of the library that has the function.
        function: string, the C function, if not `name`.
        draws: int, as in jax_llvm_test: 1 for a library without example_inputs.
        max_ulp: number, as in jax_llvm_test.
        case: label of a C file that hands jxe_judge a function. By default JAX makes it of a jax_llvm_library.
    """
    function = function or name
    if not case:
        jax_cases(
            name = name + ".cases",
            draws = draws,
            library = library,
            max_ulp = str(max_ulp),
            **_HIDDEN
        )
        jax_cases_source(
            name = name + ".case",
            cases = ":" + name + ".cases",
            **_HIDDEN
        )
    cc_binary(
        name = name + ".called.elf",
        srcs = [
            case or ":" + name + ".case",
            Label("//tests/sizes:call_first.c"),
        ],
        copts = ["-O2"],
        linkopts = ["-Wl,--wrap=%s,--wrap=jxe_judge" % function],
        local_defines = ["FUNCTION=" + function],
        target_compatible_with = _ON_BOARD,
        deps = [
            library,
            "//runtime",
            "//runtime/judge",
        ],
        **_HIDDEN
    )
    cc_binary(
        name = name + ".alone.elf",
        additional_linker_inputs = [_ALONE],
        linkopts = [
            "-T$(location %s)" % _ALONE,
            "-Wl,--entry=" + function,
            "-Wl,--undefined=" + function,
            "-Wl,-z,noexecstack",
        ],
        target_compatible_with = _ON_BOARD,
        deps = [library],
        **_HIDDEN
    )

_PLATFORMS = "//command_line_option:platforms"

_DSP = "//runtime:dsp"

def _every_board_impl(settings, attr):
    return {
        platform: {
            _DSP: "cmsis_dsp" if attr.calls_dsp else settings[_DSP],
            _PLATFORMS: [str(Label("//platforms:" + platform))],
        }
        for platform in attr.platforms
    }

_every_board = transition(
    implementation = _every_board_impl,
    inputs = [_DSP],
    outputs = [
        _DSP,
        _PLATFORMS,
    ],
)

def _on_boards_impl(ctx):
    machines = ctx.actions.declare_file(paths.join(ctx.label.name, "machines.json"))
    ctx.actions.write(machines, json.encode({
        platform: QEMU_BOARDS[platform].machine
        for platform in ctx.attr.platforms
    }))
    files = [machines]

    def link(platform, file):
        copy = ctx.actions.declare_file(paths.join(ctx.label.name, platform, file.basename))
        ctx.actions.symlink(output = copy, target_file = file)
        files.append(copy)

    for platform in ctx.attr.platforms:
        for library in ctx.split_attr.libraries.get(platform, []):
            link(platform, library[JaxLibraryInfo].manifest)
        for program in ctx.split_attr.programs[platform]:
            link(platform, program[DefaultInfo].files_to_run.executable)
    return [DefaultInfo(files = depset(files), runfiles = ctx.runfiles(files))]

on_boards = rule(
    implementation = _on_boards_impl,
    doc = "Files: NAME/machines.json, qemu's name of each platform's board; NAME/PLATFORM/PROGRAM and LIBRARY.json.",
    attrs = {
        "calls_dsp": attr.bool(doc = "Whether exported functions call a DSP library."),
        "libraries": attr.label_list(
            doc = "jax_llvm_library targets.",
            cfg = _every_board,
            providers = [JaxLibraryInfo],
        ),
        "platforms": attr.string_list(
            doc = "Of QEMU_BOARDS.",
            default = QEMU_BOARDS.keys(),
        ),
        "programs": attr.label_list(
            doc = "Programs with different names.",
            cfg = _every_board,
        ),
    },
)
