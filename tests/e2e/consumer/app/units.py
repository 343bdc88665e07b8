"""Part of the consumer's own Python."""

MILLI = 1e-3
