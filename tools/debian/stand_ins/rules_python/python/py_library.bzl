# SPDX-License-Identifier: Apache-2.0
"""py_library, built into this Bazel."""

py_library = native.py_library  # buildifier: disable=native-py
