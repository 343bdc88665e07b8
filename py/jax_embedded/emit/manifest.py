# SPDX-License-Identifier: Apache-2.0
"""The manifest: sizes, symbols and versions of an exported function as JSON."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from jax_embedded import VERSION
from jax_embedded.emit.header import signature
from jax_embedded.ir.c_function import CFunction, CParameter
from jax_embedded.ir.dump import Dump, Leaf
from jax_embedded.target import Target


def manifest(
    dump: Dump,
    function: CFunction,
    target: Target,
    *,
    workspace_bytes: int,
    workspace_lower_bound: int,
    stack_bytes: int,
    section_bytes: Mapping[str, int],
    externals: Sequence[str],
) -> str:
    """workspace_lower_bound: bytes that any placement of the temporaries takes.
    stack_bytes: on a Cortex-M, without what externals take.
    section_bytes: bytes of code, constant, data and zero (.bss) of the object."""
    facts: dict[str, Any] = {
        "name": function.name,
        "function": dump.function,
        "source": dump.source,
        "signature": signature(function),
        "workspace": "caller" if function.caller_workspace else "static",
        "parameters": [_parameter(parameter) for parameter in function.parameters],
        "returns": function.returned.result if function.returned else None,
        "arguments": [_leaf(leaf) for leaf in dump.parameters],
        "results": [_leaf(leaf) for leaf in dump.results],
        "target": {
            "name": target.name,
            "triple": target.triple,
            "cpu": target.cpu,
            "features": target.features,
        },
        "bytes": {
            "workspace": workspace_bytes,
            "workspace_lower_bound": workspace_lower_bound,
            **({} if target.name == "host" else {"stack": stack_bytes}),
            **section_bytes,
        },
        "externals": list(externals),
        "versions": {"jax_embedded": VERSION, **dump.versions},
        "xla_flags": list(dump.flags),
    }
    return json.dumps(facts, indent=2) + "\n"


def _parameter(parameter: CParameter) -> dict[str, Any]:
    """What a caller must know: how it is passed, and which argument and result lies where in it."""
    passed = "value" if parameter.by_value else "pointer"
    return {
        "name": parameter.name,
        "passed": passed,
        **({"struct": parameter.struct} if parameter.struct else {}),
        "bytes": parameter.nbytes,
        "align": parameter.align,
        "fields": [
            {
                "name": field.name,
                "offset": field.offset,
                "argument": field.argument,
                "result": field.result,
            }
            for field in parameter.fields
        ],
    }


def _leaf(leaf: Leaf) -> dict[str, Any]:
    return {
        "name": leaf.name,
        "path": leaf.path,
        "dtype": leaf.shape.dtype,
        "shape": list(leaf.shape.dims),
    }
