"""The shipped lapped bundle, from sound to a file and back."""

import io
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from runtime.bundle import SHIPPED, open_bundle
from runtime.codec import Codec
from runtime.errors import SpikingMusicError
from runtime.from_spk import Span, from_spk
from runtime.metrics import si_snr
from runtime.playback import Playback
from runtime.spk.container import packed, unpacked
from runtime.spk.reader import SpkReader
from runtime.to_spk import Storage, to_spk

RATE = 22_050
SAMPLES = 300_001  # two chunks and a little


@cache
def codec() -> Codec:
    return Codec(open_bundle(SHIPPED / "lapped"))


@cache
def sound() -> np.ndarray:
    """Three decaying tones, one after another, and some noise."""
    t = np.arange(SAMPLES) / RATE
    random = np.random.default_rng(0)
    tones = sum(
        np.where(t >= start, np.exp(-(t - start)) * np.sin(2 * np.pi * pitch * t), 0)
        for start, pitch in ((0.2, 220.0), (5.0, 330.0), (9.0, 523.25))
    )
    return (0.2 * tones + 1e-3 * random.standard_normal(SAMPLES)).astype(np.float32)


@cache
def stored(**wish: object) -> bytes:
    file = io.BytesIO()
    to_spk(codec(), [sound()], SAMPLES, file, Storage(**wish))  # type: ignore[arg-type]
    return file.getvalue()


def test_a_piece_survives_its_file() -> None:
    piece = codec().encode(sound(), RATE)
    again = unpacked(io.BytesIO(packed(piece)))
    assert again.events == piece.events
    assert (again.mus, again.samples, again.kind) == (piece.mus, SAMPLES, "LAPPED")
    for ours, theirs in zip(piece.corrections, again.corrections, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    heard = [codec().decode(one) for one in (piece, again)]
    np.testing.assert_array_equal(*heard)
    assert heard[0].shape == (SAMPLES,)
    assert si_snr(sound(), codec().decode(piece, "waveform")) > 10


def test_blocks_of_any_size_give_the_same_file() -> None:
    file = io.BytesIO()
    blocks = np.array_split(sound(), [5000, 131_072, 131_073, 299_999])
    to_spk(codec(), blocks, SAMPLES, file)
    assert file.getvalue() == stored()


def test_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    live = io.BytesIO()
    to_spk(codec(), [sound()], None, live)
    alone = np.concatenate([*from_spk(codec(), SpkReader(io.BytesIO(live.getvalue())))])
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    file = io.BytesIO()
    to_spk(codec(), [sound()], SAMPLES, file)
    assert file.getvalue() == stored()
    pieces = [unpacked(io.BytesIO(one.getvalue())) for one in (live, file)]
    assert pieces[0].events == pieces[1].events
    np.testing.assert_array_equal(
        np.vstack(pieces[0].corrections), np.vstack(pieces[1].corrections)
    )
    np.testing.assert_array_equal(codec().decode(pieces[1]), alone)


@pytest.mark.parametrize("decoder", ["listening", "waveform", "diffusion"])
def test_a_part_is_the_same_as_in_the_whole(decoder: str) -> None:
    def heard(span: Span) -> np.ndarray:
        reader = SpkReader(io.BytesIO(stored()))
        return np.concatenate([*from_spk(codec(), reader, Playback(decoder), span)])

    whole = heard(Span())
    assert len(whole) == SAMPLES
    np.testing.assert_array_equal(heard(Span(140_000, 270_000)), whole[140_000:270_000])


@pytest.mark.parametrize("samples", [1, 2048, 131_072, 131_073])
def test_every_length_comes_back(samples: int) -> None:
    piece = codec().encode(sound()[:samples], RATE)
    again = unpacked(io.BytesIO(packed(piece)))
    assert again.events == piece.events
    assert codec().decode(again).shape == (samples,)


def test_silence_costs_next_to_nothing() -> None:
    piece = codec().encode(np.zeros(SAMPLES, np.float32), RATE)
    assert piece.events.count == 0
    assert len(packed(piece)) < 250
    assert np.abs(codec().decode(piece, "waveform")).max() == 0


@pytest.mark.parametrize("level", [1e-3, 0.1, 5.0])
def test_loudness_changes_little(level: float) -> None:
    events = codec().encode(level * sound(), RATE).events.count
    assert 0.5 < events / codec().encode(sound(), RATE).events.count < 2


def test_a_rate_is_kept() -> None:
    assert 0.58 < len(stored(kbps=0.6)) * 8e-3 / (SAMPLES / RATE) <= 0.6
    assert len(stored(kbps=0.6)) < len(stored(kbps=1.2))


def test_a_quality_is_reached() -> None:
    piece = unpacked(io.BytesIO(stored(min_si_snr=12.0)))
    assert si_snr(sound(), codec().decode(piece, "waveform")) > 11
    assert len(stored(min_si_snr=6.0)) < len(stored(min_si_snr=12.0))


def test_better_thresholds_keep_to_a_rate_and_a_quality_too() -> None:
    assert len(stored(kbps=0.6, effort="better")) * 8e-3 / (SAMPLES / RATE) <= 0.6
    piece = unpacked(io.BytesIO(stored(min_si_snr=12.0, effort="better")))
    assert si_snr(sound(), codec().decode(piece, "waveform")) > 11


def test_a_chips_thresholds_are_the_default() -> None:
    events = codec().encode(sound(), RATE, effort="certified").events
    assert codec().encode(sound(), RATE).events == events
    assert codec().encode(sound(), RATE, effort="better").events != events


@pytest.mark.parametrize(
    ("storage", "message"),
    [
        (Storage(mu=3), "give its --step"),
        (Storage(step=2048), "choose from 0"),
        (Storage(coder="rice"), "omit --coder"),
        (Storage(effort="best"), "choose certified or better"),
        (Storage(step=720, kbps=1.0), "exclude one another"),
    ],
)
def test_wishes_that_do_not_fit_are_refused(storage: Storage, message: str) -> None:
    with pytest.raises(SpikingMusicError, match=message):
        to_spk(codec(), [sound()], SAMPLES, io.BytesIO(), storage)


def test_a_decoder_of_other_kinds_names_those_that_the_model_has() -> None:
    piece = codec().encode(sound()[:5000], RATE)
    with pytest.raises(SpikingMusicError, match="choose listening or waveform or diff"):
        codec().decode(piece, "fast")


def test_a_piece_of_another_model_is_refused() -> None:
    piece = replace(codec().encode(sound()[:5000], RATE), model="ffffff")
    with pytest.raises(SpikingMusicError, match="model ffffff"):
        codec().decode(piece)
