import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.memory import MOST_MIB, RATE, made_up, measure, write
from runtime.bundle import Bundle
from runtime.errors import SpikingMusicError


def test_every_way_is_measured(toy_bundle: Bundle, tmp_path: Path) -> None:
    heard: list[float] = []
    figures = measure([0.05], toy_bundle.path, heard.append)
    write(figures, tmp_path / "memory.json")
    assert json.loads((tmp_path / "memory.json").read_text()) == figures
    rows = figures["rows"]
    assert [row["verb"] for row in rows] == ["encode", "decode, diffusion", "decode, fast"]
    assert all(row["peak_mib"] > figures["idle_mib"] > 10 for row in rows)
    assert heard == [1.0]


def test_too_much_is_an_error(toy_bundle: Bundle) -> None:
    row = {"verb": "encode", "above_idle_mib": MOST_MIB + 1.0}
    with pytest.raises(SpikingMusicError, match="601 MiB"):
        write({"idle_mib": 1.0, "cores": 2, "rows": [row]}, None)


def test_the_sound_is_as_long_as_asked_for_and_not_silent() -> None:
    sound = np.concatenate([*made_up(2.5)])
    assert sound.shape == (round(2.5 * RATE), 2)
    assert 0.01 < np.abs(sound).max() < 1


def test_a_process_that_fails_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SpikingMusicError, match="idle process"):
        measure([0.01], tmp_path / "none", lambda share: None)
