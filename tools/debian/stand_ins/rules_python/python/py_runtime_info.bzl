# SPDX-License-Identifier: Apache-2.0
"""PyRuntimeInfo, built into this Bazel."""

load("//python/private:builtins.bzl", "BuiltinPyRuntimeInfo")

PyRuntimeInfo = BuiltinPyRuntimeInfo
