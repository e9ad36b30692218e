"""What a user of a trained codec needs: audio, events, files, models. Never imports torch."""

import os

# ONNX Runtime would otherwise give this machine an identifier and report usage to its maker. It
# reads the setting when it is imported, and nothing in this project imports it before this package.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
