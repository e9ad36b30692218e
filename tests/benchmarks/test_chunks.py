from pathlib import Path

import numpy as np
import soundfile

from benchmarks.chunks import LENGTHS, measure, show, sounds


def test_longer_chunks_cost_less(tmp_path: Path) -> None:
    time = np.arange(6 * 22_050) / 22_050
    tones = sum(np.sin(2 * np.pi * 110 * k * time) * np.exp(-2 * (time % 0.5)) for k in range(1, 9))
    soundfile.write(tmp_path / "tones.wav", 0.05 * np.asarray(tones), 22_050)
    (sound,) = sounds(str(tmp_path), 3, seconds=5)
    assert len(sound) == 5 * 22_050
    rows = measure({"made up": [sound]}, steps=[700])
    short, _, whole = rows
    assert [row.chunks for row in rows] == list(LENGTHS)
    assert short.kbps > whole.kbps > 0
    show(rows, None)
