# SPDX-License-Identifier: Apache-2.0
"""Which result takes the place of a donated argument."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax

from jax_embedded.capture.function import Arguments
from jax_embedded.errors import ExportError
from jax_embedded.ir.dump import Leaf


def pair_donated(
    arguments: Arguments, returned: Any, results: Sequence[Leaf], names: Sequence[str]
) -> dict[int, int]:
    """Leaf of a donated argument -> the result that takes its place.

    That is the part of the results with the same tree, shapes and dtypes. Where arguments alike
    compete for as many parts, they go in order; where there are more, those whose leaves bear the
    argument's name.
    Errors: ExportError if there is no such part, or no telling which.
    """
    ranges = arguments.ranges()
    trees = dict(arguments.trees)
    parts = _parts(returned)
    kinds: dict[Any, list[str]] = {}
    for name in ranges:
        if name in names:
            shapes = tuple(arguments.leaves[place].shape for place in ranges[name])
            kinds.setdefault((trees[name], shapes), []).append(name)
    pairs: dict[int, int] = {}
    for (tree, shapes), alike in kinds.items():
        fitting = [
            place
            for place, other in parts
            if other == tree and tuple(results[i].shape for i in place) == shapes
        ]
        named = {
            name: place
            for name in alike
            for place in fitting
            if [results[i].name for i in place] == [arguments.leaves[i].name for i in ranges[name]]
        }
        if len(named) < len(alike):
            if len(fitting) != len(alike):
                raise _cannot_donate(alike, arguments, ranges, results, fitting)
            named = dict(zip(alike, fitting, strict=True))
        for name in alike:
            pairs |= zip(ranges[name], named[name], strict=True)
    return dict(sorted(pairs.items()))


def _parts(returned: Any) -> list[tuple[range, Any]]:
    """Every part of a pytree that is one itself: the places of its leaves, and its structure."""
    parts = []

    def visit(tree: Any, first: int) -> None:
        structure = jax.tree.structure(tree)
        parts.append((range(first, first + structure.num_leaves), structure))
        if jax.tree_util.treedef_is_leaf(structure):
            return
        for child in jax.tree.leaves(tree, is_leaf=lambda node: node is not tree):
            visit(child, first)
            first += jax.tree.structure(child).num_leaves

    visit(returned, 0)
    return parts


def _cannot_donate(
    alike: Sequence[str],
    arguments: Arguments,
    ranges: Mapping[str, range],
    results: Sequence[Leaf],
    fitting: Sequence[range],
) -> ExportError:
    leaves = ", ".join(
        f"{arguments.leaves[i].path} {arguments.leaves[i].shape}" for i in ranges[alike[0]]
    )
    found = ", ".join(f"{results[i].path} {results[i].shape}" for i in range(len(results)))
    if len(fitting) < len(alike):
        return ExportError(
            "donate",
            f"argument {alike[len(fitting)]}: expected a result of the same tree, shapes and dtypes"
            f" to take its place, {leaves}; found {found}",
            f"return the new {alike[len(fitting)]}, or remove it from donate",
        )
    places = " or ".join(results[i].path for place in fitting for i in place[:1])
    names = ", ".join(arguments.leaves[i].name for i in ranges[alike[0]])
    return ExportError(
        "donate",
        f"argument {alike[0]}: expected one result that takes its place, found {places}",
        f"give the right one the name of the argument in outputs: {names}",
    )
