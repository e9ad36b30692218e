"""Networks in a chip's integers."""
