# SPDX-License-Identifier: Apache-2.0
"""Stages 3 and 4, link and codegen: Program -> LinkedModule -> ObjectCode.

Only this package imports llvmlite.
"""
