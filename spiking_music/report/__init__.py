"""The demo, which does everything with one recording, and its report."""
