from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks import certificate as benchmark
from runtime.bundle import Bundle
from runtime.errors import SpikingMusicError
from train.config import SAMPLE_RATE


def test_music_is_encoded_once(
    spiking_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certify = benchmark.certify
    monkeypatch.setattr(
        benchmark, "certify", lambda *given, **named: certify(*given, names=("integer",), **named)
    )
    music, keep = tmp_path / "music", tmp_path / "kept.npz"
    music.mkdir()
    sound = np.random.default_rng(0).normal(0, 0.1, 20_000)
    soundfile.write(music / "a.wav", sound, 22_050)
    first = benchmark.measure(spiking_bundle.path, str(music), 1.0, {}, keep)
    assert first.holds
    assert [row.name for row in first.rows][-2:] == ["onnx", "integer"]
    (music / "a.wav").unlink()
    assert benchmark.measure(spiking_bundle.path, str(music), 1.0, {}, keep) == first
    with pytest.raises(SpikingMusicError, match="name another file"):
        benchmark.measure(spiking_bundle.path, str(music), 2.0, {}, keep)
    keep.write_bytes(b"")
    with pytest.raises(SpikingMusicError, match=r"kept\.npz: not what this keeps"):
        benchmark.measure(spiking_bundle.path, str(music), 1.0, {}, keep)
    with pytest.raises(SpikingMusicError, match="--skip is for LAPPED"):
        benchmark.measure(spiking_bundle.path, str(music), 1.0, {}, keep, 0.5)
    with pytest.raises(SpikingMusicError, match="no "):
        benchmark.measure(spiking_bundle.path, str(music), 1.0, {})


def test_slices_add_up() -> None:
    sounds = np.split(np.arange(1000), [300, 310, 700])
    hour = 3600 * SAMPLE_RATE
    found = []
    for start in range(0, 1000, 170):
        found += benchmark.within(sounds, start / hour, 170.5 / hour, lambda share: None)
    assert (np.concatenate(found) == np.arange(1000)).all()
    assert max(map(len, found)) <= 170
