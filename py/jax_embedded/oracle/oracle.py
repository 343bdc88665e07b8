# SPDX-License-Identifier: Apache-2.0
"""Inputs of a function and what stock JAX makes of them.

Nothing of the exporter takes part but the reading of shapes.
"""

import importlib.util
import inspect
import os
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import ml_dtypes
import numpy as np

from jax_embedded.errors import ExportError
from jax_embedded.oracle.case import Case
from jax_embedded.oracle.edge_values import placements
from jax_embedded.shape import BY_NUMPY, DTYPES, Shape, parse_shape

# JAX's libraries choose their code by the CPU and the number of its cores, unless they are told.
_PINNED = {
    "JAX_PLATFORMS": "cpu",
    "XLA_FLAGS": (
        "--xla_cpu_max_isa=AVX --xla_cpu_multi_thread_eigen=false"
        " --xla_cpu_experimental_ynn_fusion_type="  # no YNNPACK, which cannot be told
    ),
    "ONEDNN_MAX_CPU_ISA": "AVX",
    "OPENBLAS_CORETYPE": "Sandybridge",
    "OPENBLAS_NUM_THREADS": "1",
}

_WIDER = {
    np.dtype(narrow): np.dtype(wide)
    for narrow, wide in [
        ("float16", "float64"),
        (ml_dtypes.bfloat16, "float64"),
        ("float32", "float64"),
        ("complex64", "complex128"),
    ]
}


def import_jax() -> None:
    """Imports JAX with a pinned instruction set."""
    os.environ.update(_PINNED)
    import jax  # noqa: F401


def cases(
    src: Path,
    fn: str,
    inputs: Mapping[str, str] | None = None,
    *,
    example_inputs: str | None = None,
    edge_values: bool = False,
    donated: Mapping[int, int] | None = None,
    stream: int = 0,
    draws: int = 3,
    seed: int = 0,
    x64: bool = False,
) -> list[Case]:
    """Runs the function; call it in a process of its own, in which JAX was not imported but by
    `import_jax`, and which it gives a pinned instruction set.

    inputs: shape text by argument name; or
    example_inputs: the name of a function of the file that returns the arguments, a tuple in the
        order of the signature or a dict by name. Its values are the first case, unless they are
        shapes only (jax.ShapeDtypeStruct). If it yields arguments, they are those of the stream.
    draws: how many seeded cases. Floats are drawn from the normal distribution, integers from 0 to
        100, leaf by leaf.
    edge_values: whether cases of edge values follow (see jax_embedded.oracle.edge_values).
    stream: of how many calls a stream is at the end. In it each of the arguments `donated` is the
        result of the call before, in each precision its own; the others are drawn.
    donated: leaf of the arguments -> leaf of the results.
    Errors: ExportError if the function raises in float64, or if example_inputs yields too little.
    """
    import_jax()
    import jax

    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_x64", x64)
    module = _load(src)
    function = getattr(module, fn)
    signature = inspect.signature(function)
    calls, yielded = _calls(module, signature, inputs or {}, example_inputs)
    arguments = next(calls)
    # As a list, since a dict would be flattened by its sorted keys.
    found, tree = jax.tree.flatten(list(arguments.values()))
    exemplary = example_inputs is not None and not any(map(_is_shape, found))
    leaves = [_array(leaf) for leaf in found]

    def flat(*values: np.ndarray) -> list[Any]:
        by_name = dict(zip(arguments, jax.tree.unflatten(tree, values), strict=True))
        bound = inspect.BoundArguments(signature, OrderedDict(by_name))
        return jax.tree.leaves(function(*bound.args, **bound.kwargs))

    def case(kind: str, values: list[np.ndarray], wide: list[np.ndarray]) -> Case:
        return Case(kind, values, _run(flat, values, x64), _reference(flat, wide, fn))

    found = [
        case(kind, values, list(map(_widen, values)))
        for kind, values in _inputs(leaves, exemplary, edge_values, draws, seed)
    ]
    random = np.random.default_rng(seed)
    for step in range(stream):
        if not yielded:
            values = [_draw(random, leaf) for leaf in leaves]
        elif step:
            values = _next_call(calls, tree, leaves, f"{example_inputs}()", step, stream)
        else:
            values = list(leaves)
        wide = list(map(_widen, values))
        if step:
            for argument, result in (donated or {}).items():
                values[argument] = found[-1].results[result]
                wide[argument] = found[-1].references[result]
        found.append(case("stream", values, wide))
    return found


def _load(src: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(src.stem, src)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[src.stem] = module
    sys.path.append(str(src.parent))
    spec.loader.exec_module(module)
    return module


def _calls(
    module: ModuleType,
    signature: inspect.Signature,
    inputs: Mapping[str, str],
    example_inputs: str | None,
) -> tuple[Iterator[dict[str, Any]], bool]:
    """The arguments of calls by name, in the order of the signature; and whether they are yielded.

    If they are not, they are those of one call.
    """
    import jax

    if example_inputs is None:
        shapes = {name: parse_shape(text, name) for name, text in inputs.items()}
        values: Any = {
            name: jax.ShapeDtypeStruct(shape.dims, jax.numpy.dtype(DTYPES[shape.dtype].numpy))
            for name, shape in shapes.items()
        }
    else:
        values = getattr(module, example_inputs)()

    def by_name(values: Any) -> dict[str, Any]:
        if isinstance(values, tuple):
            values = dict(zip(signature.parameters, values, strict=False))
        assert values.keys() <= signature.parameters.keys()
        return {name: values[name] for name in signature.parameters if name in values}

    yielded = inspect.isgenerator(values)
    return map(by_name, values if yielded else [values]), yielded


def _next_call(
    calls: Iterator[dict[str, Any]],
    tree: Any,
    leaves: Sequence[np.ndarray],
    where: str,
    step: int,
    stream: int,
) -> list[np.ndarray]:
    import jax

    arguments = next(calls, None)
    if arguments is None:
        raise ExportError(
            "example-inputs",
            f"{where}: expected the arguments of {stream} calls, found those of {step}",
            f"yield more, or set stream = {step}",
        )
    found, found_tree = jax.tree.flatten(list(arguments.values()))
    values = [_array(leaf) for leaf in found]
    if found_tree != tree or list(map(_shape, values)) != list(map(_shape, leaves)):
        raise ExportError(
            "example-inputs",
            f"{where}, call {step}: expected the shapes and dtypes of the first,"
            f" {', '.join(map(_shape, leaves))}, found {', '.join(map(_shape, values))}",
            "yield the same tree of arrays for each call",
        )
    return values


def _shape(value: np.ndarray) -> str:
    return str(Shape(BY_NUMPY[value.dtype.name].name, value.shape))


def _is_shape(leaf: Any) -> bool:
    import jax

    return isinstance(leaf, jax.ShapeDtypeStruct)


def _array(leaf: Any) -> np.ndarray:
    import jax

    if _is_shape(leaf):
        return np.zeros(leaf.shape, leaf.dtype)
    return np.asarray(jax.numpy.asarray(leaf))


def _inputs(
    leaves: list[np.ndarray], exemplary: bool, edge_values: bool, draws: int, seed: int
) -> Iterator[tuple[str, list[np.ndarray]]]:
    if exemplary:
        yield "example", leaves
    random = np.random.default_rng(seed)
    for _ in range(draws):
        yield "draw", [_draw(random, leaf) for leaf in leaves]
    if edge_values:
        for values in placements(leaves):
            yield "edge", values


def _draw(random: np.random.Generator, leaf: np.ndarray) -> np.ndarray:
    if leaf.dtype.kind == "b":
        return np.asarray(random.integers(0, 2, leaf.shape)).astype(leaf.dtype)
    if leaf.dtype.kind in "iu":
        return np.asarray(random.integers(0, 101, leaf.shape)).astype(leaf.dtype)
    value = np.asarray(random.standard_normal(leaf.shape))
    if leaf.dtype.kind == "c":
        value = value + 1j * random.standard_normal(leaf.shape)
    return value.astype(leaf.dtype)


def _widen(value: np.ndarray) -> np.ndarray:
    return value.astype(_WIDER.get(value.dtype, value.dtype))


def _reference(function: Callable, values: list[np.ndarray], fn: str) -> list[np.ndarray]:
    try:
        return _run(function, values, True)
    except Exception as error:  # whatever the user's function raises
        found = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ExportError(
            "float64",
            f"{fn} in float64, the reference of its test: expected no exception, found {found}",
            "let dtypes follow the arguments: jnp.zeros_like(x), x.dtype",
        ) from error


def _run(function: Callable, values: list[np.ndarray], x64: bool) -> list[np.ndarray]:
    import jax

    with jax.enable_x64(x64):
        return [np.asarray(result) for result in jax.jit(function)(*values)]
