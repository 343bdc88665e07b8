# SPDX-License-Identifier: Apache-2.0
"""PyInfo, built into this Bazel."""

load("//python/private:builtins.bzl", "BuiltinPyInfo")

PyInfo = BuiltinPyInfo
