# SPDX-License-Identifier: Apache-2.0
"""`python -m jax_embedded`."""

import os
import sys

from jax_embedded.cli import main, serve_main
from jax_embedded.worker import FLAG

if __name__ == "__main__":
    # `bazel run` starts in the runfiles; relative paths are from where the user stands.
    os.chdir(os.environ.get("BUILD_WORKING_DIRECTORY", "."))
    words = sys.argv[1:]
    sys.exit(serve_main() if words == [FLAG] else main(words))
