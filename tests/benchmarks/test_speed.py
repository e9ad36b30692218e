import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from benchmarks import speed
from benchmarks.speed import in_single, measure, write
from runtime.bundle import PAPER, SHIPPED, open_bundle


def test_the_shipped_bundle_is_timed_beside_torch_and_peers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed, "FRAMES", 8)
    monkeypatch.setattr(speed, "SIDE", 32)
    monkeypatch.setattr(speed, "int8", lambda *_: [{"weights": "int8", "ms": 1.0}])
    found = measure(None, 0.5, 1, False, lambda _: None)
    write(found, tmp_path / "figures.json")
    assert json.loads((tmp_path / "figures.json").read_text()) == found
    names = {row["what"] for row in found["rows"]}
    assert {"encode", "decode, fast", "U-Net step", "FLAC, there and back"} <= names
    assert {"encode", "U-Net step", "waveform window"} == found["ratios"].keys()
    assert all(row["times_real_time"] > 0 for row in found["rows"])
    assert "times as fast as torch" in capsys.readouterr().out


def test_a_lapped_bundle_is_timed_from_samples_to_a_file_and_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed, "SIDE", 32)
    monkeypatch.setattr(speed, "_peers", list)
    found = measure(SHIPPED / "lapped", 0.5, 1, False, lambda _: None)
    write(found, tmp_path / "figures.json")
    names = [row["what"] for row in found["rows"]]
    assert names[:5] == ["encode", "write the file", "read the file"] + [
        f"decode, {decoder}" for decoder in ("waveform", "listening")
    ]
    assert all(row["times_a_core"] is None or row["times_a_core"] > 0 for row in found["rows"])


def test_weights_in_single_precision_are_the_same_weights() -> None:
    import onnxruntime

    path = open_bundle(PAPER).file("decoder.onnx")
    random = np.random.default_rng(0)
    sound = random.normal(size=(2, 1, 1, 2048)).astype(np.float32)
    events = (random.random((1, 80, 4)) < 0.4).astype(np.float32)
    feed = {"sample": sound[0], "sigma": np.ones(1, np.float32), "events": events, "base": sound[1]}
    models = (path.read_bytes(), in_single(onnx.load(str(path))).SerializeToString())
    half, single = (onnxruntime.InferenceSession(model).run(None, feed)[0] for model in models)
    np.testing.assert_array_equal(half, single)
