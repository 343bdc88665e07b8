# SPDX-License-Identifier: Apache-2.0
"""py_test, built into this Bazel."""

def py_test(
        name,
        python_version = None,  # buildifier: disable=unused-variable
        **kwargs):
    """py_test of the one interpreter there is.

    Args:
      name: the target's name.
      python_version: a version such as "3.14", for which there is no choice here; the built-in rule takes only PY3.
      **kwargs: the rule's other attributes.
    """
    native.py_test(name = name, **kwargs)  # buildifier: disable=native-py
