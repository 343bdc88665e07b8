"""cmsis_dsp: Arm's CMSIS-DSP, out of the source package that pip has of it."""

_REQUIREMENT = (
    "cmsisdsp==1.10.3 " +
    "--hash=sha256:307d32298faa7c58db912851027fce35f886fec7eb1a27c4b309ce1a97f47519"
)

_PIP = [
    "-m",
    "pip",
    "download",
    "--quiet",
    "--no-input",
    "--no-deps",
    "--no-binary=:all:",
    "--no-build-isolation",
    "--require-hashes",
    "--disable-pip-version-check",
    "--requirement=requirement.txt",
]

# pip wants to know what a source package needs before it hands it out, and would install a build system for that.
_NO_BUILD = """
from pathlib import Path

def get_requires_for_build_wheel(config_settings=None):
    return []

def prepare_metadata_for_build_wheel(folder, config_settings=None):
    info = Path(folder, "{name}-{version}.dist-info")
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
    return info.name
"""

_BUILD = """
load("@rules_cc//cc:cc_library.bzl", "cc_library")

# In float32, of what tests/bench calls.
cc_library(
    name = "cmsis_dsp",
    testonly = True,
    srcs = [
        "Source/BasicMathFunctions/arm_add_f32.c",
        "Source/BasicMathFunctions/arm_dot_prod_f32.c",
        "Source/FilteringFunctions/arm_fir_f32.c",
        "Source/MatrixFunctions/arm_mat_mult_f32.c",
        "Source/MatrixFunctions/arm_mat_vec_mult_f32.c",
    ] + glob(["PrivateInclude/**/*.h"]),
    hdrs = glob(["Include/**/*.h"]),
    # As its documentation advises.
    copts = [
        "-Ofast",
        "-w",
    ],
    defines = [
        "ARM_MATH_LOOPUNROLL",
        # Without CMSIS-Core, which float32 does not need.
        "__GNUC_PYTHON__",
    ],
    includes = [
        "Include",
        "PrivateInclude",
    ],
    visibility = ["//visibility:public"],
)

# Of what runtime/dsp calls, by the rules of C for floating point.
cc_library(
    name = "float32",
    srcs = [
        "Source/BasicMathFunctions/arm_dot_prod_f32.c",
        "Source/CommonTables/arm_common_tables.c",
        "Source/CommonTables/arm_const_structs.c",
        "Source/CommonTables/arm_mve_tables.c",
        "Source/MatrixFunctions/arm_mat_mult_f32.c",
        "Source/MatrixFunctions/arm_mat_vec_mult_f32.c",
        "Source/TransformFunctions/arm_bitreversal2.c",
        "Source/TransformFunctions/arm_cfft_f32.c",
        "Source/TransformFunctions/arm_cfft_init_f32.c",
        "Source/TransformFunctions/arm_cfft_radix8_f32.c",
    ] + glob(["PrivateInclude/**/*.h"]),
    hdrs = glob(["Include/**/*.h"]),
    copts = [
        "-O3",
        "-fdata-sections",
        "-ffunction-sections",
        "-w",
    ],
    defines = [
        "ARM_MATH_LOOPUNROLL",
        "__GNUC_PYTHON__",
    ],
    includes = [
        "Include",
        "PrivateInclude",
    ],
    linkstatic = True,
    visibility = ["//visibility:public"],
)
"""

def _cmsis_dsp_repository_impl(rctx):
    name, version = _REQUIREMENT.split(" ")[0].split("==")
    rctx.file("requirement.txt", _REQUIREMENT + "\n")
    rctx.file("no_build/setuptools/__init__.py", "")
    rctx.file("no_build/setuptools/build_meta.py", _NO_BUILD.format(name = name, version = version))
    python = rctx.which("python3")
    if not python:
        fail("ERROR(jax_embedded): CMSIS-DSP: expected python3 with pip on PATH, found none.\n  Fix: install it.")
    result = rctx.execute([python] + _PIP, environment = {"PYTHONPATH": str(rctx.path("no_build"))})
    if result.return_code:
        fail(("ERROR(jax_embedded): CMSIS-DSP: expected pip to download it, found:\n{}{}\n" +
              "  Fix: see pip's message; its package index must be reachable.").format(result.stdout, result.stderr))
    archive = "%s-%s" % (name, version)
    rctx.extract(archive + ".tar.gz", stripPrefix = archive)
    rctx.file("BUILD.bazel", _BUILD)

_cmsis_dsp_repository = repository_rule(implementation = _cmsis_dsp_repository_impl)

def _cmsis_dsp_impl(_mctx):
    _cmsis_dsp_repository(name = "jax_embedded_cmsis_dsp")

cmsis_dsp = module_extension(implementation = _cmsis_dsp_impl)
