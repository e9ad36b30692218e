"""Lava, Intel's simulator of Loihi, no longer developed upstream; run in a separate process."""
