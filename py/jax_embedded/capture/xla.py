# SPDX-License-Identifier: Apache-2.0
"""What changes with every jaxlib: XLA's flags, the names of its dump files, its schemas."""

import ctypes
import os
import re
from dataclasses import dataclass
from pathlib import Path

from jax_embedded.errors import ExportError, InternalError

_FLAGS = (
    # Vector widths, and what is a kernel at all, must not follow the machine that builds.
    "--xla_cpu_max_isa=AVX",
    # Dots as kernels, not as calls of Eigen or YNNPACK.
    "--xla_cpu_multi_thread_eigen=false",
    "--xla_cpu_strict_dot_conv_math=true",
    "--xla_cpu_experimental_ynn_fusion_type=",
    # Nobody runs XLA's own machine code.
    "--xla_backend_optimization_level=0",
)
_THUNK_SCHEMA = {
    "xla/service/cpu/executable.proto": "0892a9f1b228244e",
    "xla/backends/cpu/runtime/thunk.proto": "6c29d1cf3c1ff360",
}


@dataclass(frozen=True)
class XlaRelease:
    """How to get the dump out of one release of jaxlib.

    flags: XLA_FLAGS, without those that name the dump's folder and module.
    schema: fingerprints of the descriptors that the parser was written for.
    """

    flags: tuple[str, ...]
    schema: dict[str, str]


# `small_while_loop_byte_threshold=0`: otherwise a small loop becomes one function with another ABI.
# `disable_tiled_emitter`: loops of scalars, which suit every core and can be joined.
_BACKEND_OPTIONS = (
    "--xla_backend_extra_options=xla_cpu_disable_tiled_emitter,"
    "xla_cpu_small_while_loop_byte_threshold=0"
)
# `dump_emitter_re`: the LLVM IR of kernels, not their MLIR after each pass.
RELEASES = {  # the oldest first
    "0.10.2": XlaRelease((*_FLAGS, _BACKEND_OPTIONS), _THUNK_SCHEMA),
    "0.12.0.1": XlaRelease(
        (*_FLAGS, "--xla_dump_emitter_re=^llvm$", _BACKEND_OPTIONS),
        _THUNK_SCHEMA,
    ),
}

MODULE = "jax_embedded_function"  # the traced function's __name__, hence jit_<MODULE> in XLA
_MAIN_MODULE = "__compute_module"  # as the IR in it says


def release_of(version: str) -> XlaRelease:
    """Errors: ExportError for a jaxlib that has not been tried."""
    if version not in RELEASES:
        raise ExportError(
            "jaxlib-version",
            f"jaxlib: expected one of the releases {', '.join(RELEASES)}; found {version}",
            "pin one of these releases of jax and jaxlib",
        )
    return RELEASES[version]


def schema_library() -> Path:
    """The file of the jaxlib that Python imports in which XLA's schemas are."""
    import jaxlib

    return Path(jaxlib.__file__).parent / "libjax_common.so"


def prepare_process(release: XlaRelease, dump_folder: Path) -> None:
    """Sets the environment of this process for one compilation; call it before jax is imported, or
    in the fork of a process that imported it after `forget_environment`.

    One core: XLA partitions work by the core count, and compiling while it dumps IR races. It is
    the one that the process runs on, so that several processes have several.
    """
    os.sched_setaffinity(0, {ctypes.CDLL(None).sched_getcpu()})
    forget_environment()
    os.environ["XLA_FLAGS"] = " ".join(
        [
            *release.flags,
            f"--xla_dump_to={dump_folder}",
            f"--xla_dump_hlo_module_re=^jit_{MODULE}$",
        ]
    )


def forget_environment() -> None:
    """What the user set for JAX and XLA is not for us."""
    for name in list(os.environ):
        if name.startswith(("JAX_", "XLA_", "TF_")):
            del os.environ[name]
    os.environ["JAX_PLATFORMS"] = "cpu"


def read_kernels(dump_folder: Path) -> dict[str, str]:
    """The kernels' unoptimised LLVM IR by LLVM module name.

    The main module's name is missing in the file's if XLA did not split it.

    Errors: InternalError if the files of more than one HLO module are there.
    """
    kernels = {}
    prefixes = set()
    for path in sorted(dump_folder.glob("*.ir-no-opt.ll")):
        match = re.fullmatch(rf"(module_\d+)\.jit_{MODULE}(?:\.(.+))?\.ir-no-opt\.ll", path.name)
        if match:
            prefixes.add(match[1])
            kernels[match[2] or _MAIN_MODULE] = path.read_text()
    if len(prefixes) > 1:
        raise InternalError(f"XLA's dump: expected one module, found {sorted(prefixes)}")
    return kernels


def read_hlo(dump_folder: Path) -> str:
    """The optimised HLO module as text. Errors: InternalError if there is not exactly one."""
    paths = sorted(dump_folder.glob(f"module_*.jit_{MODULE}.cpu_after_optimizations.txt"))
    if len(paths) != 1:
        raise InternalError(f"XLA's dump: expected one HLO module, found {len(paths)}")
    return paths[0].read_text()
