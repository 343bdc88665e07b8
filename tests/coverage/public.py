# SPDX-License-Identifier: Apache-2.0
"""What a module of JAX has to offer."""

import importlib
import types


def public(module: str) -> set[str]:
    """Names of functions: no modules, no types, and none of the primitives NAME_p, which functions
    call.
    """
    found = importlib.import_module(module)
    return {
        name
        for name, value in vars(found).items()
        if not name.startswith("_")
        and not name.endswith("_p")
        and callable(value)
        and not isinstance(value, types.ModuleType | type)
    }


def has(module: str, name: str) -> bool:
    """Whether there is a function of that name, which may have a dot in it."""
    *path, last = [*module.split("."), *name.split(".")]
    try:
        return hasattr(importlib.import_module(".".join(path)), last)
    except ImportError:
        return False
