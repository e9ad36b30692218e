"""A search that turns entries of a code by their sound."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import spiking_music as sm
from runtime.audio.recordings import read_audio
from runtime.bundle import open_bundle
from runtime.errors import SpikingMusicError
from runtime.kinds import CLIPS
from runtime.metrics import si_snr
from runtime.piece import NO_MU
from train.turning import torch_decoder, turned, turning_codec

RATE = 22_050
HOP = 512


@pytest.fixture(scope="module")
def tones():
    times = np.arange(24 * HOP) / RATE
    return (0.1 * np.sin(2 * np.pi * 220 * times) * np.exp(-times)).astype(np.float32)


@pytest.fixture(scope="module")
def music():
    return read_audio(CLIPS / "3-beethoven-allegro.flac", RATE).samples[: 128 * HOP]


@settings(max_examples=10)
@given(seed=st.integers(0, 2**32 - 1), has_price=st.booleans())
def test_a_round_lowers_the_error_and_stays_within(seed, has_price):
    rng = np.random.default_rng(seed)
    made = torch.from_numpy(rng.normal(0, 1, (HOP, 9)).astype(np.float32))
    samples = rng.normal(0, 2, 20 * HOP).astype(np.float32)
    bits = rng.random((9, 20)) < 0.5

    def decode(events):
        return (made @ events).transpose(1, 2).reshape(1, 1, -1)

    def error(bits):
        sound = decode(torch.from_numpy(bits[None].astype(np.float32)))[0, 0].numpy()
        return np.square(sound - samples).sum()

    *_, found = turned(decode, bits, samples, 2, slice(3, 15), has_price)
    assert np.array_equal(found[:, :3], bits[:, :3])
    assert np.array_equal(found[:, 15:], bits[:, 15:])
    assert has_price or error(found) < error(bits)


@pytest.mark.parametrize(("bundle", "mu"), [("spectral", None), ("spectral-mu", 12)])
def test_turned_entries_bring_the_sound_closer_at_as_many_events(music, bundle, mu):
    plain, turning = sm.load(bundle), sm.load(bundle, effort="best")
    own, found = (codec.encode(music, RATE, mu=mu) for codec in (plain, turning))
    assert 0 < np.mean(own.events.bits != found.events.bits) < 0.1
    heard = [si_snr(music, plain.decode(piece, "fast")) for piece in (own, found)]
    assert heard[1] > heard[0] + 0.5
    assert mu is None or found.events.count < 1.1 * own.events.count


def test_a_stream_has_the_events_of_the_whole(tones):
    codec = sm.load("spectral", effort="best")
    blocks = np.array_split(tones, 7)
    streamed = codec.joined([*codec.encode_stream(blocks)], len(tones))
    assert np.array_equal(streamed.events.bits, codec.encode(tones, RATE).events.bits)


@pytest.mark.parametrize(("bundle", "mu"), [("spectral", NO_MU), ("spectral-mu", 9)])
def test_the_decoder_is_that_of_the_bundle(bundle, mu):
    codec = sm.load(bundle)
    bits = np.random.default_rng(0).random((80, 60)) < 0.3
    decode = torch_decoder(open_bundle(codec.bundle.path))(mu)
    sound = decode(torch.from_numpy(bits[None].astype(np.float32)))[0, 0].numpy()
    context = codec.manifest.context_frames * HOP
    wanted = codec.waveform.decoded(bits, mu)
    np.testing.assert_allclose(sound[context:-context], wanted, atol=2e-3 * np.abs(wanted).max())


def test_other_models_and_a_codec_without_the_search_are_refused(mu_bundle, tones):
    with pytest.raises(SpikingMusicError, match="MU_SPARSE and has no search"):
        turning_codec(mu_bundle)
    with pytest.raises(SpikingMusicError, match="load the bundle with this effort"):
        sm.load("spectral").encode(tones, RATE, effort="best")
    with pytest.raises(SpikingMusicError, match="choose certified or better"):
        sm.load("lapped").encode(tones, RATE, effort="best")
