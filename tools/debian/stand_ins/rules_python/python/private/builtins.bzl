# SPDX-License-Identifier: Apache-2.0
"""The built-in providers under names of their own: a file that assigns PyInfo cannot read the global PyInfo."""

BuiltinPyInfo = PyInfo  # buildifier: disable=native-py
BuiltinPyRuntimeInfo = PyRuntimeInfo  # buildifier: disable=native-py
