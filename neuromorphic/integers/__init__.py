"""Networks in a chip's integer arithmetic."""
