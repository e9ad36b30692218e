"""A small test to listen to, and results as its page saves them."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from spiking_music.evaluation.anchors import DISTORTED, LOW_ANCHOR, MIDDLE_ANCHOR
from spiking_music.listening.conditions import REFERENCE
from spiking_music.listening.page import Words, page
from spiking_music.listening.results import Rated, Session
from spiking_music.listening.trials import Trial

CONDITIONS = (REFERENCE, LOW_ANCHOR, MIDDLE_ANCHOR, DISTORTED, "spikes")
GOOD = {REFERENCE: 100, LOW_ANCHOR: 30, MIDDLE_ANCHOR: 60, DISTORTED: 5, "spikes": 70}


@pytest.fixture(scope="session")
def trials() -> list[Trial]:
    """Two clips of 1.5 s in five conditions, tones of different pitch."""
    time = np.arange(33_075) / 22_050
    return [
        Trial(clip, {name: _tone(time, 200 + 50 * i) for i, name in enumerate(CONDITIONS)})
        for clip in ("first", "second")
    ]


@pytest.fixture(scope="session")
def page_file(trials: list[Trial], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of those trials."""
    file = tmp_path_factory.mktemp("listen") / "test.html"
    file.write_text(page(trials, Words("Test <of> pianos")), encoding="utf-8")
    return file


@pytest.fixture
def handed_in(tmp_path: Path) -> Callable[..., Path]:
    """Write the results of a listener who rated every clip in the way given."""

    def write(listener: str = "ann", *rated: Mapping[str, int], **other: object) -> Path:
        trials = [{"clip": f"clip {i}", "ratings": r} for i, r in enumerate(rated or (GOOD,))]
        data = {"format": 1, "test": "t", "listener": listener, "seed": 1, "trials": trials}
        file = tmp_path / f"{listener}-{len(list(tmp_path.iterdir()))}.json"
        file.write_text(json.dumps(data | other))
        return file

    return write


def session(*rated: Mapping[str, int], listener: str = "ann") -> Session:
    clips = (Rated(f"clip {i}", GOOD | ratings) for i, ratings in enumerate(rated))
    return Session("t", listener, 1, tuple(clips))


@pytest.fixture
def of() -> Callable[..., Session]:
    """Make what a listener handed in, of good ratings with these changes in each trial."""
    return session


def _tone(time: np.ndarray, hertz: float) -> np.ndarray:
    return (0.2 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)
