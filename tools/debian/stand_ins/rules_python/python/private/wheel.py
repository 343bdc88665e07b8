# SPDX-License-Identifier: Apache-2.0
"""wheel.py REQUIREMENT [PIP-ARGUMENT...]: installs one wheel, pinned by hash, into ./site-packages.

Prints the names of the packages it needs on this machine as JSON, in the form of a Bazel name.
"""

import compileall
import json
import subprocess
import sys
from email.parser import HeaderParser
from pathlib import Path
from py_compile import PycInvalidationMode

from pip._vendor.packaging.requirements import Requirement

_OPTIONS = """--quiet --no-input --no-deps --no-compile --only-binary=:all: --require-hashes
--disable-pip-version-check --no-warn-script-location --root-user-action=ignore
--break-system-packages --target=site-packages --requirement=requirement.txt"""


def main(requirement: str, extra: list[str]) -> None:
    Path("requirement.txt").write_text(requirement + "\n")
    pip = [sys.executable, "-m", "pip", "install", *_OPTIONS.split(), *extra]
    done = subprocess.run(pip, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    # Importing jax takes four times as long without; unchecked hashes keep the bytes the same.
    compileall.compile_dir(
        "site-packages",
        quiet=2,
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
    )
    metadata = next(Path("site-packages").glob("*.dist-info/METADATA")).read_text()
    needed = set()
    for line in HeaderParser().parsestr(metadata).get_all("Requires-Dist") or []:
        other = Requirement(line)
        if other.marker is None or other.marker.evaluate({"extra": ""}):
            needed.add(other.name.lower().replace("-", "_").replace(".", "_"))
    print(json.dumps(sorted(needed)))


main(sys.argv[1], sys.argv[2:])
