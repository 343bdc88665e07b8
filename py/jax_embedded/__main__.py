# SPDX-License-Identifier: Apache-2.0
"""`python -m jax_embedded`."""

import os
import sys

from jax_embedded.cli import main

if __name__ == "__main__":
    # `bazel run` starts in the runfiles; relative paths are from where the user stands.
    os.chdir(os.environ.get("BUILD_WORKING_DIRECTORY", "."))
    sys.exit(main())
