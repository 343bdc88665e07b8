# SPDX-License-Identifier: Apache-2.0
"""`python -m jax_embedded.oracle`: writes what JAX makes of a function to an .npz file."""

import argparse
import sys
from pathlib import Path

import numpy as np

from jax_embedded.oracle.oracle import cases


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

    inputs = dict(text.split("=", 1) for text in options.input)
    found = cases(
        options.src, options.fn, inputs, draws=options.draws, seed=options.seed, x64=options.x64
    )
    arrays: dict[str, np.ndarray] = {}
    for draw, case in enumerate(found):
        arrays |= {f"{draw}/input/{name}": value for name, value in case.inputs.items()}
        arrays |= {f"{draw}/result/{i}": result for i, result in enumerate(case.results)}
        arrays |= {f"{draw}/reference/{i}": value for i, value in enumerate(case.references)}
    np.savez(options.out, **arrays)
    return 0


if __name__ == "__main__":
    sys.exit(main())
