# SPDX-License-Identifier: Apache-2.0
"""Never run: analysis tests look for the name only."""
