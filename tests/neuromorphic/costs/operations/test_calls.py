"""The codec is watched: what it really calls is what is counted."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from neuromorphic.costs.operations.calls import chunk_calls, window_calls, with_context
from neuromorphic.costs.operations.watched import WatchedBundle
from runtime.bundle import Bundle
from runtime.codec import Codec


@pytest.mark.parametrize("frames", [1, 3, 15, 16, 17, 24, 25, 40, 41, 100])
def test_the_codec_calls_what_is_counted(toy_bundle: Bundle, frames: int) -> None:
    calls: dict[str, Counter[int]] = {}

    def saw(name: str, feed: Any) -> None:
        widths = [values.shape[-1] for port, values in feed.items() if port == "events"]
        width = widths[0] if widths else feed["audio"].shape[-1] // 512
        calls.setdefault(name, Counter())[width] += 1

    model, samples = toy_bundle.manifest, frames * 512 - 5
    codec = Codec(WatchedBundle(toy_bundle.path, model, saw=saw))
    piece = codec.encode(np.zeros(samples, np.float32), 22050)
    codec.decode(piece, "fast")
    assert calls["encoder.onnx"] == calls["decoder_fast.onnx"] == chunk_calls(model, frames)
    calls.clear()
    codec.decode(piece, "diffusion", steps=3)
    windows = window_calls(model, frames)
    assert calls["decoder.onnx"] == Counter({width: 3 * n for width, n in windows.items()})
    assert calls["decoder_fast.onnx"] == with_context(model, windows)


def test_nothing_calls_nothing(toy_bundle: Bundle) -> None:
    assert not chunk_calls(toy_bundle.manifest, 0)
    assert not window_calls(toy_bundle.manifest, 0)
