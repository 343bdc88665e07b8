"""measured_function: the programs in which a function is measured. on_boards: these for every board that is emulated."""

load("@bazel_skylib//lib:paths.bzl", "paths")
load("@rules_cc//cc:cc_binary.bzl", "cc_binary")
load("//platforms:cores.bzl", "QEMU_BOARDS")
load("//rules:defs.bzl", "JaxLibraryInfo")
load("//rules/private:jax_cases.bzl", "jax_cases", "jax_cases_source")  # buildifier: disable=bzl-visibility

_HIDDEN = {
    "tags": ["manual"],
    "testonly": True,
}
_ON_BOARD = ["//platforms:has_runner"]

def measured_function(name, library, draws = 0, case = None):
    """NAME.alone.elf, the function and what it calls, and NAME.called.elf, which calls it.

    Args:
        name: string, of the C function.
        library: label of the library that has it.
        draws: int, as in jax_llvm_test: 1 for a library without example_inputs.
        case: label of a C file that hands jxe_judge a function. By default JAX makes it of a jax_llvm_library.
    """
    if not case:
        jax_cases(
            name = name + ".cases",
            draws = draws,
            library = library,
            max_ulp = "4",
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
            "call_first.c",
        ],
        copts = ["-O2"],
        linkopts = ["-Wl,--wrap=%s,--wrap=jxe_judge" % name],
        local_defines = ["FUNCTION=" + name],
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
        additional_linker_inputs = ["alone.ld"],
        linkopts = [
            "-T$(location alone.ld)",
            "-Wl,--entry=" + name,
            "-Wl,--undefined=" + name,
            "-Wl,-z,noexecstack",
        ],
        target_compatible_with = _ON_BOARD,
        deps = [library],
        **_HIDDEN
    )

_PLATFORMS = "//command_line_option:platforms"

def _every_board_impl(_settings, _attr):
    return {platform: {_PLATFORMS: [str(Label("//platforms:" + platform))]} for platform in QEMU_BOARDS}

_every_board = transition(
    implementation = _every_board_impl,
    inputs = [],
    outputs = [_PLATFORMS],
)

def _on_boards_impl(ctx):
    machines = ctx.actions.declare_file(paths.join(ctx.label.name, "machines.json"))
    ctx.actions.write(machines, json.encode({
        platform: board.machine
        for platform, board in QEMU_BOARDS.items()
    }))
    files = [machines]

    def link(platform, file):
        copy = ctx.actions.declare_file(paths.join(ctx.label.name, platform, file.basename))
        ctx.actions.symlink(output = copy, target_file = file)
        files.append(copy)

    for platform in QEMU_BOARDS:
        for library in ctx.split_attr.libraries[platform]:
            link(platform, library[JaxLibraryInfo].manifest)
        for program in ctx.split_attr.programs[platform]:
            link(platform, program[DefaultInfo].files_to_run.executable)
    return [DefaultInfo(files = depset(files), runfiles = ctx.runfiles(files))]

on_boards = rule(
    implementation = _on_boards_impl,
    doc = "Files: NAME/machines.json, qemu's name of each platform's board; NAME/PLATFORM/PROGRAM and LIBRARY.json.",
    attrs = {
        "libraries": attr.label_list(
            doc = "jax_llvm_library targets.",
            cfg = _every_board,
            providers = [JaxLibraryInfo],
        ),
        "programs": attr.label_list(
            doc = "Programs with different names.",
            cfg = _every_board,
        ),
    },
)
