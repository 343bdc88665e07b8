# SPDX-License-Identifier: Apache-2.0
"""What JAX itself computes, and how far from it a result may be. Not part of the exporter."""
