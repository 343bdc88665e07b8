# SPDX-License-Identifier: Apache-2.0
"""The manifest: sizes, symbols and versions of an exported function as JSON."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from jax_embedded import VERSION
from jax_embedded.emit.header import signature
from jax_embedded.ir.dump import Dump, Leaf
from jax_embedded.target import Target


def manifest(
    dump: Dump,
    name: str,
    target: Target,
    *,
    workspace_bytes: int,
    section_bytes: Mapping[str, int],
    externals: Sequence[str],
    caller_workspace: bool = False,
) -> str:
    """section_bytes: bytes of code, constant, data and zero (.bss) of the object."""
    facts: dict[str, Any] = {
        "name": name,
        "function": dump.function,
        "source": dump.source,
        "signature": signature(dump, name, caller_workspace=caller_workspace),
        "workspace": "caller" if caller_workspace else "static",
        "parameters": [_leaf(leaf) for leaf in dump.parameters],
        "results": [_leaf(leaf) for leaf in dump.results],
        "target": {
            "name": target.name,
            "triple": target.triple,
            "cpu": target.cpu,
            "features": target.features,
        },
        "bytes": {"workspace": workspace_bytes, **section_bytes},
        "externals": list(externals),
        "versions": {"jax_embedded": VERSION, **dump.versions},
        "xla_flags": list(dump.flags),
    }
    return json.dumps(facts, indent=2) + "\n"


def _leaf(leaf: Leaf) -> dict[str, Any]:
    return {
        "name": leaf.name,
        "path": leaf.path,
        "dtype": leaf.shape.dtype,
        "shape": list(leaf.shape.dims),
    }
