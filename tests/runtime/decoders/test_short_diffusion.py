"""Diffusion in short frames of a bundle of the paper's kinds, as shipped."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from runtime.audio.recordings import read_audio
from runtime.audio.samples import Samples
from runtime.bundle import Bundle, open_bundle
from runtime.codec import Codec
from runtime.decoders.short_diffusion import known
from runtime.errors import BundleError, SpikingMusicError
from runtime.events import EventMatrix
from runtime.kinds import CLIPS
from runtime.metrics import si_snr
from runtime.piece import Piece
from runtime.playback import Playback
from train.objectives.distances import mel_distance


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return open_bundle(Path("spectral"))


@pytest.fixture(scope="module")
def codec(bundle: Bundle) -> Codec:
    return Codec(bundle)


@pytest.fixture(scope="module")
def sound() -> Samples:
    recording = read_audio(CLIPS / "2-beethoven-adagio.flac", 22_050)
    return recording.samples[: 22_050 * 11]


@pytest.fixture(scope="module")
def piece(codec: Codec, sound: Samples) -> Piece:
    return codec.encode(sound, 22_050)


def test_it_sounds_nearer_than_the_waveform(codec: Codec, piece: Piece, sound: Samples) -> None:
    waveform, sampled = (codec.decode(piece, name, 4) for name in ("fast", "diffusion"))
    assert mel_distance(sound, sampled) < mel_distance(sound, waveform) - 0.005
    assert si_snr(sound, sampled) > si_snr(sound, waveform) - 0.5


def test_the_seed_is_all_that_is_random(codec: Codec, piece: Piece) -> None:
    first, same, other = (codec.decode(piece, "diffusion", 2, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert np.abs(first - other).max() > 1e-4


@pytest.mark.parametrize(("sampler", "steps"), [("ddim", 1), ("ddim", 8), ("dpm", 4)])
@pytest.mark.parametrize("first", [1, 256, 300])
def test_a_part_sounds_as_within_the_whole(
    codec: Codec, piece: Piece, sampler: str, steps: int, first: int
) -> None:
    way = Playback("diffusion", sampler, steps, 5)
    whole = codec.decode(piece, "diffusion", steps, 5, sampler)
    start = codec.start(first, way)
    chunks = [chunk for chunk in piece.chunks() if (chunk.index + 1) * 256 > start]
    assert chunks[0].index * 256 == start
    part = np.concatenate([*codec.decode_stream(chunks, way, first)])
    wanted = whole[first * 512 :]
    np.testing.assert_array_equal(part[: len(wanted)], wanted)


def test_more_steps_than_it_was_made_for_are_refused(codec: Codec, piece: Piece) -> None:
    with pytest.raises(SpikingMusicError, match="9 steps: this model takes from 1 to 8"):
        codec.decode(piece, "diffusion", 9)


def test_another_hop_is_refused(bundle: Bundle) -> None:
    codec = Codec(replace(bundle, manifest=replace(bundle.manifest, hop=1024)))
    silence = codec.piece(EventMatrix.from_bits(np.zeros((80, 2), np.bool_)), 2048)
    with pytest.raises(BundleError, match=r"diffusion.onnx is for hops of 512 samples"):
        codec.decode(silence, "diffusion")


def test_what_is_known_of_silence_is_finite() -> None:
    base, levels, coarse = known(np.zeros(8 * 512, np.float32), np.zeros(8, np.float32), 22_050)
    assert base.shape == levels.shape == (7, 512)
    assert not base.any()
    assert np.isfinite(levels).all()
    np.testing.assert_array_equal(coarse, np.ones(7, np.float32))
