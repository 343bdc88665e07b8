# SPDX-License-Identifier: Apache-2.0
"""The data that the stages hand to each other."""
