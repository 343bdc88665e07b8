"""on_cores: the objects of exported functions for every core, whatever the target platform is."""

load("@bazel_skylib//lib:paths.bzl", "paths")
load("//rules:defs.bzl", "JaxLibraryInfo")

DOC = "Compiles libraries for every core. Files: NAME/CORE/LIBRARY.s and .o."

CORES = ["cortex_m0", "cortex_m3", "cortex_m33", "cortex_m4f", "cortex_m55", "cortex_m7"]

_PLATFORMS = "//command_line_option:platforms"

def _every_core_impl(_settings, _attr):
    return {core: {_PLATFORMS: [str(Label("//platforms:" + core))]} for core in CORES}

_every_core = transition(
    implementation = _every_core_impl,
    inputs = [],
    outputs = [_PLATFORMS],
)

def _on_cores_impl(ctx):
    files = []
    for core, targets in ctx.split_attr.libraries.items():
        for target in targets:
            library = target[JaxLibraryInfo]
            for file in [library.assembly, library.object]:
                link = ctx.actions.declare_file(paths.join(ctx.label.name, core, file.basename))
                ctx.actions.symlink(output = link, target_file = file)
                files.append(link)
    return [DefaultInfo(files = depset(files), runfiles = ctx.runfiles(files))]

on_cores = rule(
    implementation = _on_cores_impl,
    doc = DOC,
    attrs = {
        "libraries": attr.label_list(
            doc = "jax_llvm_library targets.",
            cfg = _every_core,
            mandatory = True,
            providers = [JaxLibraryInfo],
        ),
    },
)
