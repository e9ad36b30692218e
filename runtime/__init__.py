"""What a user of a trained codec needs: audio, events, files, models. Never imports torch."""

import os

# ONNX Runtime would number this machine and report what is run to its maker. It asks when it is
# imported, which nothing of this project does before this package.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
