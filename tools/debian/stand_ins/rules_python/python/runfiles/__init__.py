# SPDX-License-Identifier: Apache-2.0
"""rules_python's name for the runfiles library that is built into this Bazel."""

from bazel_tools.tools.python.runfiles import runfiles

__all__ = ["Runfiles", "runfiles"]


class Runfiles:
    """Has `Create`, as rules_python's class; what it returns has `Rlocation` and `EnvVars`."""

    Create = staticmethod(runfiles.Create)
