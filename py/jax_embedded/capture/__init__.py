# SPDX-License-Identifier: Apache-2.0
"""Stage 1, capture: a Python function -> Dump. Only this package imports jax."""
