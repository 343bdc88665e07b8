# SPDX-License-Identifier: Apache-2.0
"""Which jax and jaxlib Python imports: there must be one of each."""

import re
import sys
from importlib import metadata
from pathlib import Path

from jax_embedded.errors import ExportError

PACKAGES = ("jax", "jaxlib")


def installed_versions() -> dict[str, str]:
    """Version by package, for each of PACKAGES; imports none of them.

    Errors: ExportError if one is missing, or lies in two places of sys.path.
    """
    for package in PACKAGES:
        _check_one(package)
    return {package: _version(package) for package in PACKAGES}


def _check_one(package: str) -> None:
    # One place can be reached by two entries: a repository's folder and a link to it.
    places: dict[Path, str] = {}
    for entry in sys.path:
        module = Path(entry, package, "__init__.py")
        if module.is_file():
            places.setdefault(module.resolve(), entry)
    if len(places) > 1:
        raise ExportError(
            "two-jax",
            f"{package}: expected one on sys.path, found {len(places)}",
            f"register the {package} of your deps in an exporter_python_toolchain,"
            " or drop it from deps",
            tuple(f"{_found(package, entry)} in {_shown(entry)}" for entry in places.values()),
        )


def _found(package: str, entry: str) -> str:
    versions = [found.version for found in metadata.distributions(name=package, path=[entry])]
    return f"{package} {versions[0]}" if versions else f"{package} without a version"


def _shown(entry: str) -> str:
    """Below the runfiles, whose first folder names the repository; elsewhere as it is."""
    return re.sub(r".*\.runfiles/", "", entry)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError as error:
        raise ExportError(
            "no-jax",
            f"{package}: expected it to be installed, found none",
            f"install {package} for this Python ({sys.executable})",
        ) from error
