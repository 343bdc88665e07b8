# SPDX-License-Identifier: Apache-2.0
"""py_runtime_pair, built into this Bazel."""

load("@bazel_tools//tools/python:toolchain.bzl", _py_runtime_pair = "py_runtime_pair")

py_runtime_pair = _py_runtime_pair
