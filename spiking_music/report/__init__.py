"""The demo, which takes one recording the whole way, and its report."""
