# SPDX-License-Identifier: Apache-2.0
"""Case: one set of inputs and what JAX makes of it; in memory and as an .npz file.

The file holds these arrays, CASE and LEAF counted from 0:

    CASE/kind               "example", "draw", "edge" or "stream"
    CASE/input/LEAF         in the order of the manifest's parameters
    CASE/result/LEAF        of JAX in the precision that was asked for, in the order of its results
    CASE/reference/LEAF     the same in float64

Shapes and dtypes are those of the manifest, except that references are float64, and that numpy
reads a bfloat16 array as two bytes (V2), which `load` puts right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import ml_dtypes
import numpy as np

from jax_embedded.errors import InternalError


@dataclass(frozen=True)
class Case:
    """Arrays in the order of jax.tree.leaves, arguments in the order of the signature.

    kind: "example", the user's own values; "draw", seeded random numbers; "edge", edge values,
        whose results are judged element by element (see `compare`); "stream", one call after the
        other, where donated arguments are what the call before made of them. All are at the end.
    inputs: one array for each leaf of the arguments.
    results: of JAX in the precision that was asked for.
    references: the same in float64.
    """

    kind: str
    inputs: list[np.ndarray]
    results: list[np.ndarray]
    references: list[np.ndarray]


def save(cases: Sequence[Case], path: Path) -> None:
    arrays: dict[str, np.ndarray] = {}
    for number, case in enumerate(cases):
        arrays[f"{number}/kind"] = np.array(case.kind)
        for role, leaves in _leaves(case).items():
            arrays |= {f"{number}/{role}/{leaf}": value for leaf, value in enumerate(leaves)}
    np.savez(path, allow_pickle=False, **arrays)


def load(path: Path) -> list[Case]:
    """Reads what `save` wrote. Errors: InternalError if the file does not hold cases."""
    try:
        return _load(path)
    except Exception as error:  # zipfile and numpy raise all kinds
        found = f"{type(error).__name__} {error}"
        raise InternalError(f"{path.name}: expected cases, found {found}") from error


def _load(path: Path) -> list[Case]:
    cases: list[Case] = []
    with np.load(path) as arrays:
        for key in arrays:  # in the order of writing
            role, *rest = key.split("/")[1:]
            if role == "kind":
                cases.append(Case(str(arrays[key]), [], [], []))
            else:
                leaves = _leaves(cases[-1])[role]
                assert len(leaves) == int(rest[0])
                value = arrays[key]
                bits = value.dtype.kind == "V"
                leaves.append(value.view(ml_dtypes.bfloat16) if bits else value)
    return cases


def _leaves(case: Case) -> dict[str, list[np.ndarray]]:
    return {"input": case.inputs, "result": case.results, "reference": case.references}
