"""The commands of `python -m benchmarks`, which import a benchmark only when it runs."""
