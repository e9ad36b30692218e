import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import overfit
from spiking_music.report.demo import default_clip


def test_the_excerpt_is_the_middle_of_a_shipped_recording() -> None:
    clip = overfit.excerpt(default_clip())
    assert clip.shape == (2**17,)
    assert np.abs(clip).max() > 0.01


def test_figures_are_given_over_the_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(overfit, "EVERY", 1)
    monkeypatch.setattr(overfit, "SAMPLES", 8192)
    figures = overfit.measure(2, None)
    assert [row["step"] for row in figures["rows"]] == [1, 2]
    assert figures["clip"] == default_clip().name
    overfit.write(figures, tmp_path / "figures.json")
    assert json.loads((tmp_path / "figures.json").read_text()) == figures
    assert "si snr db" in capsys.readouterr().out
