# SPDX-License-Identifier: Apache-2.0
"""`capture` for tests that call it often: what it imports and reads is there before it forks."""

import jax  # noqa: F401

from jax_embedded.capture.capture import CaptureRequest, capture
from jax_embedded.capture.xla import schema_library
from jax_embedded.schema import read_schema

__all__ = ["CaptureRequest", "capture"]

read_schema(schema_library())
