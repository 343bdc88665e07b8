# SPDX-License-Identifier: Apache-2.0
"""Stage 5, emit: what the user gets, as text."""
