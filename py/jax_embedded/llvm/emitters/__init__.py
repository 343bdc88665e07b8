# SPDX-License-Identifier: Apache-2.0
"""Functions of ours for the thunks that XLA calls a library for."""
