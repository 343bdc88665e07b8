# SPDX-License-Identifier: Apache-2.0
"""Traces the user's function with JAX and takes what XLA:CPU made of it."""

import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jax_embedded.capture import xla
from jax_embedded.capture.installed import installed_versions
from jax_embedded.child import run_in_child
from jax_embedded.errors import ExportError, InternalError
from jax_embedded.ir.dump import Dump, Leaf, root_order
from jax_embedded.schema import ENVELOPE, EXECUTABLE, Schema, encode, read_schema, split_envelope


@dataclass(frozen=True)
class CaptureRequest:
    """What to capture.

    src: the Python file that defines the function.
    fn: the function's name.
    inputs: shape text by argument name; or
    example_inputs: the name of a function of the file that returns the arguments.
    outputs: names of the results in the order of jax.tree.leaves; None makes them of the paths.
    donate: names of the arguments that are updated in place.
    x64: whether JAX computes with 64-bit types.
    """

    src: Path
    fn: str
    inputs: Mapping[str, str] | None = None
    example_inputs: str | None = None
    outputs: tuple[str, ...] | None = None
    donate: tuple[str, ...] = ()
    x64: bool = False


def capture(request: CaptureRequest) -> Dump:
    """Runs JAX in a process of its own.

    Errors: ExportError for everything that is wrong with the request or the function,
    InternalError if XLA fails.
    """
    return run_in_child("capture", lambda: _capture(request))


def warm_up() -> None:
    """Does once for all later captures of this process, which fork it, what takes most of the time
    of a short function: imports what it needs of JAX and reads XLA's schemas.
    """
    xla.forget_environment()
    from jax.extend import source_info_util  # noqa: F401

    from jax_embedded.capture import donation, function, lowerings  # noqa: F401

    read_schema(xla.schema_library())


def _capture(request: CaptureRequest) -> Dump:
    versions = installed_versions()
    release = xla.release_of(versions["jaxlib"])
    with tempfile.TemporaryDirectory() as folder:
        xla.prepare_process(release, Path(folder))
        border, envelope = _trace_and_compile(request)
        schema = _read_checked_schema(release)
        kernels = xla.read_kernels(Path(folder))
        hlo = xla.read_hlo(Path(folder))
    source = _portable_path(str(request.src.absolute()), request.src)
    return Dump(
        function=request.fn,
        source=source,
        parameters=border.parameters,
        results=border.results,
        donated=border.donated,
        versions=versions,
        flags=release.flags,
        hlo=_portable_hlo(hlo, request.src),
        executable=_canonical_executable(schema, envelope, request.src),
        schema=schema.descriptors,
        kernels=kernels,
    )


@dataclass(frozen=True)
class _Border:
    """As in Dump."""

    parameters: tuple[Leaf, ...]
    results: tuple[Leaf, ...]
    donated: dict[int, int]


def _trace_and_compile(request: CaptureRequest) -> tuple[_Border, bytes]:
    import jax
    from jax.extend import source_info_util

    from jax_embedded.capture import function as user
    from jax_embedded.capture.donation import pair_donated
    from jax_embedded.capture.lowerings import register_lowerings

    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_x64", request.x64)
    # Whoever calls this function is nobody's business, neither the dump's nor that of a message.
    source_info_util.register_exclusion(str(Path(__file__).parents[1]))
    register_lowerings()
    module = user.load_module(request.src)
    if jax.config.jax_enable_x64 != request.x64:
        raise ExportError(
            "x64",
            f"{request.src.name}: expected jax_enable_x64 = {request.x64},"
            f" found that the file sets it to {jax.config.jax_enable_x64}",
            f"set x64 = {jax.config.jax_enable_x64}, or remove it from the file",
        )
    function = user.find_function(module, request.fn)
    if request.example_inputs is not None:
        arguments = user.arguments_from_example(module, function, request.example_inputs)
    else:
        arguments = user.arguments_from_shapes(function, request.inputs or {})
    traced: list[_Border] = []

    def flat(*values: Any) -> list[Any]:
        returned = arguments.call(function, values)
        found = user.flatten_results(returned, function, request.outputs)
        arrays = [jax.numpy.asarray(array) for _, _, array in found]
        results = tuple(
            Leaf(path, name, user.shape_of(array, path))
            for (path, name, _), array in zip(found, arrays, strict=True)
        )
        donated = pair_donated(arguments, returned, results, request.donate)
        traced[:] = [_Border(arguments.leaves, results, donated)]
        return [arrays[result] for result in root_order(donated, len(arrays))]

    flat.__name__ = flat.__qualname__ = xla.MODULE
    try:
        donated = arguments.places(request.donate)
        jitted = jax.jit(flat, keep_unused=True, donate_argnums=donated)
        lowered = jitted.lower(*arguments.avals())
    except BaseException as error:
        raise user.user_error(error, f"tracing {request.fn}") from error
    try:
        envelope = lowered.compile().runtime_executable().serialize()
    except jax.errors.JaxRuntimeError as error:
        missing = re.search(r"No FFI handler registered for (\S+)", str(error))
        if missing:
            raise ExportError(
                "unsupported-operation",
                f"{request.fn}: expected operations of JAX, found a foreign call of {missing[1]}",
                "write it in JAX: what jax.ffi calls is code for the host",
            ) from error
        raise InternalError(
            f"XLA could not compile {request.fn}", tuple(str(error).splitlines())
        ) from error
    return traced[-1], envelope


def _read_checked_schema(release: xla.XlaRelease) -> Schema:
    schema = read_schema(xla.schema_library())
    found = schema.fingerprints()
    for file, expected in release.schema.items():
        if found.get(file) != expected:
            raise ExportError(
                "jaxlib-version",
                f"jaxlib: {file}: expected the descriptor {expected}, found {found.get(file)}",
                "use the jaxlib wheel that was released under this version",
            )
    return schema


def _canonical_executable(schema: Schema, envelope: bytes, src: Path) -> bytes:
    """The executable without what depends on the run or the machine."""
    inner = schema.decode(ENVELOPE, split_envelope(envelope))
    executable = schema.decode(EXECUTABLE, inner.serialized_executable)
    executable.ClearField("object_files")
    executable.ClearField("target_machine_options")
    executable.ClearField("data_layout")
    symbols = sorted(executable.compiled_symbols, key=lambda symbol: symbol.name)
    executable.ClearField("compiled_symbols")
    executable.compiled_symbols.extend(symbols)
    executable.hlo_module.ClearField("config")
    module = executable.hlo_module.hlo_module
    module.ClearField("id")
    files = module.stack_frame_index.file_names
    files[:] = [_portable_path(name, src) for name in files]
    _clear_thunk_module_ids(executable.thunk_sequence)
    return encode(executable)


def _clear_thunk_module_ids(sequence: Any) -> None:
    for thunk in sequence.thunks:
        thunk.info.ClearField("module_id")
        kind = thunk.WhichOneof("impl")
        impl = getattr(thunk, kind) if kind else None
        for name in ("called_sequence", "cond_sequence", "body_sequence"):
            if hasattr(impl, name):
                _clear_thunk_module_ids(getattr(impl, name))
        for branch in getattr(impl, "branch_sequences", ()):
            _clear_thunk_module_ids(branch)


def _portable_hlo(text: str, src: Path) -> str:
    """The FileNames table of the HLO text names files of this machine."""
    return re.sub(
        r'^(\d+) "(/[^"]*)"$',
        lambda match: f'{match[1]} "{_portable_path(match[2], src)}"',
        text,
        flags=re.MULTILINE,
    )


def _portable_path(name: str, src: Path) -> str:
    """A source path relative to the runfiles, to site-packages or to the user's file."""
    for pattern in (r".*\.runfiles/[^/]+/", r".*/site-packages/"):
        match = re.match(pattern, name)
        if match:
            return name[match.end() :]
    folder = str(src.absolute().parent) + os.sep
    return name[len(folder) :] if name.startswith(folder) else Path(name).name
