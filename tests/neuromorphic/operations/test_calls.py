"""The codec is watched: what it really calls is what is counted."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from neuromorphic.operations.calls import chunk_calls, window_calls, with_context
from runtime.bundle import Bundle
from runtime.codec import Codec


@pytest.mark.parametrize("frames", [1, 3, 15, 16, 17, 24, 25, 40, 41, 100])
def test_the_codec_calls_what_is_counted(
    toy_bundle: Bundle, monkeypatch: pytest.MonkeyPatch, frames: int
) -> None:
    calls: dict[str, Counter[int]] = {}
    open_graph = Bundle.graph

    def watched(bundle: Bundle, name: str, *ports: Any) -> Any:
        run, seen = open_graph(bundle, name, *ports), calls.setdefault(name, Counter())

        def graph(feed: Any) -> Any:
            port = "audio" if name == "encoder.onnx" else "events"
            seen[feed[port].shape[2] // (512 if port == "audio" else 1)] += 1
            return run(feed)

        return graph

    monkeypatch.setattr(Bundle, "graph", watched)
    model, samples = toy_bundle.manifest, frames * 512 - 5
    events = Codec(toy_bundle).encode(np.zeros(samples, np.float32))
    assert calls["encoder.onnx"] == chunk_calls(model, frames)
    Codec(toy_bundle).decode(events, samples, "fast")
    assert calls["decoder_fast.onnx"] == chunk_calls(model, frames)
    calls.clear()
    Codec(toy_bundle).decode(events, samples, "diffusion", steps=3)
    windows = window_calls(model, frames)
    assert calls["decoder.onnx"] == Counter({width: 3 * n for width, n in windows.items()})
    assert calls["decoder_fast.onnx"] == with_context(model, windows)


def test_nothing_calls_nothing(toy_bundle: Bundle) -> None:
    assert not chunk_calls(toy_bundle.manifest, 0)
    assert not window_calls(toy_bundle.manifest, 0)
