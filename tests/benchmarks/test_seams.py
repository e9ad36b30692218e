from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.seams import measure, write
from runtime.bundle import Bundle


def test_every_way_is_measured(
    toy_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The toy's windows have 16 frames.
    for name, frames in {"HALF": 1, "NEAR": 2, "FAR": 3}.items():
        monkeypatch.setattr(f"benchmarks.seams.{name}", frames)
    path = tmp_path / "a.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 120 * 512), 22_050)
    heard: list[float] = []
    figures = measure(path, toy_bundle.path, 2, heard.append)
    write(figures, tmp_path / "seams.json")
    ways = [(row["decoder"], row["way"]) for row in figures["rows"]]
    assert ways[0] == ("fast", "cut")
    assert ways[2] == ("diffusion", "cut")
    assert len(ways) == len(heard) == 5
    for row in figures["rows"]:
        assert all(np.isfinite(value) for name, value in row.items() if "_" in name)
    assert (tmp_path / "seams.json").exists()
