# SPDX-License-Identifier: Apache-2.0
"""`python -m jax_embedded.oracle`: writes what JAX makes of a function to an .npz file.

jax_embedded.oracle.case has the file's format.
"""

import argparse
import sys
from pathlib import Path

from jax_embedded.oracle.case import save
from jax_embedded.oracle.oracle import cases


def main() -> int:
    parser = argparse.ArgumentParser(prog="jax_embedded.oracle")
    parser.add_argument("--src", required=True, type=Path)
    parser.add_argument("--fn", required=True)
    parser.add_argument("--input", action="append", default=[], metavar="NAME=SHAPE")
    parser.add_argument("--example-inputs", metavar="FUNCTION")
    parser.add_argument("--edge-values", action="store_true")
    parser.add_argument("--x64", action="store_true")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", required=True, type=Path, help="an .npz file")
    options = parser.parse_args()

    found = cases(
        options.src,
        options.fn,
        dict(text.split("=", 1) for text in options.input),
        example_inputs=options.example_inputs,
        edge_values=options.edge_values,
        draws=options.draws,
        seed=options.seed,
        x64=options.x64,
    )
    save(found, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
