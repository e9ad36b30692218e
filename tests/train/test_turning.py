import numpy as np
import pytest

import spiking_music as sm
from runtime.errors import SpikingMusicError
from runtime.metrics import si_snr
from train.turning import turning_codec

RATE = 22_050


@pytest.fixture(scope="module")
def tones():
    times = np.arange(24 * 512) / RATE
    return (0.1 * np.sin(2 * np.pi * 220 * times) * np.exp(-times)).astype(np.float32)


def test_turned_entries_bring_the_sound_closer(tones):
    plain, turning = sm.load("spectral"), sm.load("spectral", effort="best")
    own, found = plain.encode(tones, RATE), turning.encode(tones, RATE)
    assert 0 < np.mean(own.events.bits != found.events.bits) < 0.1
    assert si_snr(tones, plain.decode(found)) > si_snr(tones, plain.decode(own)) + 0.5


def test_a_stream_has_the_events_of_the_whole(tones):
    codec = sm.load("spectral", effort="best")
    blocks = np.array_split(tones, 7)
    streamed = codec.joined([*codec.encode_stream(blocks)], len(tones))
    assert np.array_equal(streamed.events.bits, codec.encode(tones, RATE).events.bits)


def test_another_kind_and_a_codec_without_the_search_are_refused(mu_bundle, tones):
    with pytest.raises(SpikingMusicError, match="MU_SPARSE; give a FREE one"):
        turning_codec(mu_bundle)
    with pytest.raises(SpikingMusicError, match="load the bundle with this effort"):
        sm.load("spectral").encode(tones, RATE, effort="best")
    with pytest.raises(SpikingMusicError, match="choose certified or better"):
        sm.load("lapped").encode(tones, RATE, effort="best")
