"""Benchmarks of the project, one per file, run by `python -m benchmarks`."""

import runtime  # noqa: F401, before ONNX Runtime: see there
