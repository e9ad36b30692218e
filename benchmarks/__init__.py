"""What the project measures of itself: one file a benchmark, run by `python -m benchmarks`."""

import runtime  # noqa: F401, before ONNX Runtime: see there
