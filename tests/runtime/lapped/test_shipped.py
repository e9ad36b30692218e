"""The lapped bundle that the package ships."""

from pathlib import Path

import numpy as np
import pytest

from runtime.bundle import open_bundle
from runtime.codec import Codec
from runtime.lapped import chip
from runtime.metrics import si_snr

RATE = 22050


@pytest.fixture(scope="module")
def codec() -> Codec:
    return Codec(open_bundle(Path("lapped")))


def notes(seconds: float) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    sound = np.zeros(len(time))
    for k in range(int(2 * seconds) + 1):
        since = np.clip(time - k / 2, 0, None)
        hertz = 110 * 2 ** (k % 7 / 4)
        sound += (time >= k / 2) * np.exp(-3 * since) * np.sin(2 * np.pi * hertz * since)
    return (0.2 * sound).astype(np.float32)


def test_it_is_small_and_its_sums_fit_a_chip(codec: Codec) -> None:
    size = sum(file.stat().st_size for file in codec.bundle.path.iterdir())
    assert size <= 4_000_000
    assert max(chip.bounds(codec.engine.model.units)) < chip.LIMIT


def test_notes_come_back(codec: Codec) -> None:
    sound = notes(7)
    piece = codec.encode(sound, RATE)
    assert si_snr(sound, codec.decode(piece, "waveform")) > 12
    assert si_snr(sound, codec.decode(piece)) > 9
    assert piece.events.density < 0.002


@pytest.mark.parametrize("decibels", [-60, 10])
def test_quiet_and_clipping_sounds_come_back(codec: Codec, decibels: float) -> None:
    sound = np.clip(notes(3) * np.float32(10 ** (decibels / 20)), -1, 1)
    found = codec.decode(codec.encode(sound, RATE), "waveform")
    assert si_snr(sound, found) > (8 if decibels < 0 else 10)


def test_silence_costs_no_event_and_is_silent(codec: Codec) -> None:
    piece = codec.encode(np.zeros(3 * RATE, np.float32), RATE)
    assert piece.events.count == 0
    assert np.abs(codec.decode(piece)).max() < 1e-3
