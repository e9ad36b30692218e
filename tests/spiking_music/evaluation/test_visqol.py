import sys

import numpy as np
import pytest

from runtime.errors import MissingPackageError
from spiking_music.evaluation.visqol import load_visqol


def test_noise_lowers_the_score_and_silence_has_none() -> None:
    pytest.importorskip("visqol")  # it comes only where there is a C compiler
    measure = load_visqol()
    rng = np.random.default_rng(0)
    time = np.arange(22_050) / 22_050
    tone = (0.2 * np.sin(2 * np.pi * 330 * time) * np.exp(-time)).astype(np.float32)
    noisy = tone + rng.normal(0, 0.02, len(tone)).astype(np.float32)
    best, worse = measure(tone, tone, 22_050), measure(tone, noisy, 22_050)
    assert best is not None
    assert worse is not None
    assert 1 <= worse < best <= 5
    assert measure(tone, 0 * tone, 22_050) is None


def test_without_its_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "visqol", None)
    with pytest.raises(MissingPackageError, match="visqol is not installed"):
        load_visqol()
