# SPDX-License-Identifier: Apache-2.0
"""`capture` for tests that call it often."""

from jax_embedded.capture.capture import CaptureRequest, capture, warm_up

__all__ = ["CaptureRequest", "capture"]

warm_up()
