"""The diffusion of the shipped lapped bundle: what was coded stays, the rest is a sample."""

from functools import cache

import numpy as np
import pytest

from runtime.bundle import SHIPPED, open_bundle
from runtime.codec import Codec
from runtime.errors import SpikingMusicError
from runtime.lapped.cells import cells
from runtime.lapped.decoder import LappedDecoder, Window
from runtime.lapped.diffusion import LappedDiffusion
from runtime.lapped.model import step_of
from runtime.lapped.transform import analysis, frames
from runtime.metrics import si_snr
from runtime.piece import Piece
from runtime.playback import Playback
from runtime.thermometer import levels_of

RATE, HOP = 22_050, 2048
SAMPLES = 70 * HOP + 77  # a chunk and a little
WAYS = [("ddim", 1), ("ddim", 4), ("dpm", 8)]


@cache
def codec() -> Codec:
    return Codec(open_bundle(SHIPPED / "lapped"))


@cache
def piece() -> Piece:
    time = np.arange(SAMPLES) / RATE
    random = np.random.default_rng(0)
    hertz, phase = random.uniform(100, 1500, (6, 1)), random.uniform(0, 6, (6, 1))
    sound = 0.05 * np.sin(2 * np.pi * hertz * time + phase).sum(0) * np.exp(-4 * (time % 0.7))
    sound += 2e-3 * random.standard_normal(SAMPLES) * np.exp(-8 * (time % 0.7))
    return codec().encode(sound.astype(np.float32), RATE)


def heard(steps: int = 1, seed: int = 0, sampler: str = "ddim") -> np.ndarray:
    return codec().decode(piece(), "diffusion", steps, seed, sampler)


@pytest.mark.parametrize(("sampler", "steps"), WAYS)
def test_every_coefficient_of_the_sound_lies_in_its_cell(sampler: str, steps: int) -> None:
    units = codec().engine.model.units
    q = levels_of(piece().events, units.bins)
    step = np.repeat([step_of(index) for index in piece().mus], 64)
    step = np.append(step, step[-1])[: len(q)].astype(np.float32)
    low, high = cells(q, step, units)
    for seed in (0, 1):
        found = analysis(frames(heard(steps, seed, sampler), HOP), units.bins)
        whole = slice(1, SAMPLES // HOP)  # the sound of other frames is not all there
        assert q[whole].any()
        slack = 2e-5 * step[whole, None] + 1e-6
        assert (found[whole] >= low[whole] - slack).all()
        assert (found[whole] <= high[whole] + slack).all()


def test_another_seed_sounds_different_and_tells_the_same() -> None:
    waveform = codec().decode(piece(), "waveform")
    one, other = heard(seed=1), heard(seed=2)
    np.testing.assert_array_equal(one, heard(seed=1))
    assert np.abs(one - other).max() > 1e-4
    for sound in (one, other):
        assert len(sound) == SAMPLES
        assert si_snr(waveform, sound) > 8


def test_windows_agree_where_they_meet() -> None:
    """In one window of 70 hops the sound is the same as in two, for the most steps."""
    engine = codec().engine
    voice = LappedDiffusion(engine.model, codec().bundle)
    q = levels_of(piece().events, engine.model.units.bins)
    chunks = list(piece().chunks())
    playback = Playback("diffusion", "ddim", 8, 3)
    decoder = LappedDecoder(engine.model, voice)
    parts = np.concatenate([*decoder.decoded(chunks, 0, 0, playback)])
    rows = np.concatenate([decoder._rows(chunk) for chunk in chunks], axis=1)
    known = np.clip(np.arange(-voice.context, rows.shape[1] + voice.context), 0, rows.shape[1] - 1)
    bins = q.shape[1]
    step = np.array([step_of(index) for index in rows[bins, known]], np.float32)
    padded = np.pad(q, ((voice.context, voice.context), (0, 0)))
    window = Window(padded, step, 0, rows[bins + 1 :, known].T, len(q) - 1)
    whole = voice.heard(playback)(window)
    np.testing.assert_allclose(whole, parts, atol=1e-5)


def test_choices_that_are_not_there_are_named() -> None:
    for steps, seed, sampler, name in (
        (9, 0, "ddim", "9 steps"),
        (0, 0, "ddim", "0 steps"),
        (1, -1, "ddim", "seed -1"),
        (1, 0, "euler", "euler"),
    ):
        with pytest.raises(SpikingMusicError, match=name):
            codec().decode(piece(), "diffusion", steps, seed, sampler)
