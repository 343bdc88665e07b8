"""qemu-system-arm as a runner."""

load("//toolchains/runner:runner.bzl", "runner_info")

DOC = "A board that qemu-system-arm emulates."

def _qemu_runner_impl(ctx):
    runner = runner_info(
        command = [ctx.file._run, ctx.file.qemu, ctx.attr.machine],
        files = depset([ctx.file._run, ctx.file.qemu]),
    )
    return [platform_common.ToolchainInfo(runner = runner)]

qemu_runner = rule(
    implementation = _qemu_runner_impl,
    doc = DOC,
    attrs = {
        "machine": attr.string(
            doc = "The board, as `qemu-system-arm -M help` lists it.",
            mandatory = True,
        ),
        "qemu": attr.label(
            doc = "The emulator.",
            allow_single_file = True,
            default = Label("@jax_embedded_qemu//:qemu-system-arm"),
        ),
        "_run": attr.label(
            allow_single_file = True,
            default = Label("//toolchains/qemu:run.sh"),
        ),
    },
)
