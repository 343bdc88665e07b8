# SPDX-License-Identifier: Apache-2.0
"""`python -m jax_embedded.oracle`: seeded inputs of a function and what stock JAX makes of them.

Nothing of the exporter takes part but the reading of shapes. Runs in a process of its own, with a
pinned instruction set, so that the bits are the same on every machine.
"""

import argparse
import importlib.util
import os
import sys
from pathlib import Path

import numpy as np

from jax_embedded.shape import DTYPES, parse_shape


def main() -> int:
    parser = argparse.ArgumentParser(prog="jax_embedded.oracle")
    parser.add_argument("--src", required=True, type=Path)
    parser.add_argument("--fn", required=True)
    parser.add_argument("--input", action="append", default=[], metavar="NAME=SHAPE")
    parser.add_argument("--x64", action="store_true")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", required=True, type=Path, help="an .npz file")
    options = parser.parse_args()

    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["XLA_FLAGS"] = "--xla_cpu_max_isa=AVX"
    import jax

    jax.config.update("jax_enable_x64", options.x64)
    spec = importlib.util.spec_from_file_location("functions", options.src)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function = getattr(module, options.fn)

    random = np.random.default_rng(options.seed)
    inputs = dict(text.split("=", 1) for text in options.input)
    arrays: dict[str, np.ndarray] = {}
    for draw in range(options.draws):
        values = {name: _draw(random, text, name) for name, text in inputs.items()}
        results = jax.tree.leaves(jax.jit(function)(**values))
        with jax.enable_x64(True):
            wide = {name: _widen(value) for name, value in values.items()}
            references = jax.tree.leaves(jax.jit(function)(**wide))
        for name, value in values.items():
            arrays[f"{draw}/input/{name}"] = value
        for i, (result, reference) in enumerate(zip(results, references, strict=True)):
            arrays[f"{draw}/result/{i}"] = np.asarray(result)
            arrays[f"{draw}/reference/{i}"] = np.asarray(reference)
    np.savez(options.out, **arrays)
    return 0


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


if __name__ == "__main__":
    sys.exit(main())
