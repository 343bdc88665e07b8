"""The toolchain that says which processor code is generated for."""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")

DOC = "A processor that jax_embedded generates code for."

FIELDS = {
    "abi": "CcInfo, what generated code calls besides the C library.",
    "dsp": "string, who makes products and Fourier transforms, as `jax_embedded compile --dsp` takes it.",
    "target": "string, name of the processor as `jax_embedded compile --target` takes it.",
}

LlvmTargetInfo = provider(doc = DOC, fields = FIELDS)

# By //runtime:dsp.
_DSP = {
    "builtin": "builtin",
    "cmsis_dsp": "library",
}

def _llvm_target_impl(ctx):
    return [platform_common.ToolchainInfo(llvm_target = LlvmTargetInfo(
        abi = ctx.attr._abi[CcInfo],
        dsp = "builtin" if ctx.attr.target == "host" else _DSP[ctx.attr._dsp[BuildSettingInfo].value],
        target = ctx.attr.target,
    ))]

llvm_target = rule(
    implementation = _llvm_target_impl,
    doc = DOC,
    attrs = {
        "target": attr.string(
            doc = "Name of the processor: see `py/jax_embedded/target.py`.",
            mandatory = True,
        ),
        # Of the toolchain, so that a platform that has none is told so first, not that C cannot be compiled for it.
        "_abi": attr.label(
            default = Label("//runtime:abi"),
            providers = [CcInfo],
        ),
        "_dsp": attr.label(default = Label("//runtime:dsp")),
    },
)

def llvm_target_toolchain(name, target, target_compatible_with):
    """Declares a processor, and the toolchain that selects it.

    Args:
        name: of the toolchain.
        target: name of the processor.
        target_compatible_with: the constraints of the platforms that it is for.
    """
    llvm_target(
        name = name + "_llvm_target",
        target = target,
    )
    native.toolchain(
        name = name,
        target_compatible_with = target_compatible_with,
        toolchain = ":" + name + "_llvm_target",
        toolchain_type = Label("//toolchains/target:toolchain_type"),
    )
