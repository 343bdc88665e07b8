# SPDX-License-Identifier: Apache-2.0
"""py_runtime, built into this Bazel."""

py_runtime = native.py_runtime  # buildifier: disable=native-py
