# SPDX-License-Identifier: Apache-2.0
"""Seeded inputs of a function and what stock JAX makes of them.

Nothing of the exporter takes part but the reading of shapes.
"""

import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jax_embedded.shape import DTYPES, parse_shape


@dataclass(frozen=True)
class Case:
    """One draw.

    inputs: by argument name.
    results: of JAX in the precision that was asked for, in the order of jax.tree.leaves.
    references: the same in float64.
    """

    inputs: dict[str, np.ndarray]
    results: list[np.ndarray]
    references: list[np.ndarray]


def cases(
    src: Path,
    fn: str,
    inputs: Mapping[str, str],
    *,
    draws: int = 3,
    seed: int = 0,
    x64: bool = False,
) -> list[Case]:
    """Runs the function; call it in a process of its own, which it gives a pinned instruction set.

    inputs: shape text by argument name. Floats are drawn from the normal distribution, integers
        from 0 to 100.
    """
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["XLA_FLAGS"] = "--xla_cpu_max_isa=AVX"
    import jax

    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_x64", x64)
    spec = importlib.util.spec_from_file_location("functions", src)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function = getattr(module, fn)

    random = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        values = {name: _draw(random, text, name) for name, text in inputs.items()}
        results = jax.tree.leaves(jax.jit(function)(**values))
        with jax.enable_x64(True):
            wide = {name: _widen(value) for name, value in values.items()}
            references = jax.tree.leaves(jax.jit(function)(**wide))
        found.append(
            Case(values, list(map(np.asarray, results)), list(map(np.asarray, references)))
        )
    return found


def _draw(random: np.random.Generator, text: str, name: str) -> np.ndarray:
    shape = parse_shape(text, name)
    dtype = np.dtype(DTYPES[shape.dtype].numpy)
    if dtype.kind == "b":
        return random.integers(0, 2, shape.dims).astype(dtype)
    if dtype.kind in "iu":
        return np.asarray(random.integers(0, 101, shape.dims)).astype(dtype)
    return np.asarray(random.standard_normal(shape.dims)).astype(dtype)


def _widen(value: np.ndarray) -> np.ndarray:
    return value.astype(np.float64) if value.dtype == np.float32 else value
