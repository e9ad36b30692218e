"""What the project measures of itself: one file a benchmark, run by `python -m benchmarks`."""
