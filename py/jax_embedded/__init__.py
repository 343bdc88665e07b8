# SPDX-License-Identifier: Apache-2.0
"""jax_embedded: a JAX function in, one plain C function out."""

VERSION = "0.1.0"
