# SPDX-License-Identifier: Apache-2.0
"""Stage 2, parse: Dump -> Program. XLA's protobuf messages are read only here."""
