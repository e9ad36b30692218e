import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.bundle import Bundle
from runtime.codec import Codec
from runtime.errors import SpikingMusicError
from runtime.metrics import si_snr
from runtime.rate_control import AtLeast, chosen_chunks
from runtime.spk.reader import SpkReader
from runtime.to_spk import Storage, to_spk

HOP, CHUNK = 512, 16
SOUND = np.random.default_rng(0).normal(0, 0.2, 200 * HOP).astype(np.float32)


@pytest.fixture(scope="module")
def codec(mu_bundle: Bundle) -> Codec:
    return Codec(mu_bundle)


@settings(max_examples=20)
@given(st.integers(1, CHUNK - 1), st.integers(0, 99), st.floats(-60, 0))
def test_the_mu_reaches_what_the_next_one_does_not(
    codec: Codec, frames: int, place: int, decibels: float
) -> None:
    signal = SOUND[place * HOP : (place + frames) * HOP]
    choice = AtLeast(codec, decibels)
    (chunk,) = chosen_chunks(codec, [signal], choice)

    def reached(mu: int) -> bool:
        heard = codec.decode(codec.encode(signal, 22050, mu), "fast")
        return si_snr(signal, heard) >= decibels

    assert bool(choice.missed) == (chunk.mu == 0 and not reached(0))
    assert choice.missed or reached(chunk.mu)
    assert chunk.mu == 31 or not reached(chunk.mu + 1)
    assert chunk.events == codec.encode(signal, 22050, chunk.mu).events


def test_silence_needs_no_events(codec: Codec) -> None:
    choice = AtLeast(codec, 9.0)
    chunks = [*chosen_chunks(codec, [np.zeros(3 * CHUNK * HOP, np.float32)], choice)]
    assert [chunk.mu for chunk in chunks] == [31] * 3
    assert not choice.missed


@settings(max_examples=20)
@given(st.floats(0.6, 1.0), st.integers(1, 100_000), st.sampled_from(["paper", "rice", "adaptive"]))
def test_a_file_keeps_its_rate_or_says_that_it_does_not(
    codec: Codec, kbps: float, samples: int, coder: str
) -> None:
    file = io.BytesIO()
    storage = Storage(coder, "a title", kbps=kbps)
    stored = to_spk(codec, [SOUND[:samples]], samples, file, storage)
    assert stored.bytes == len(file.getvalue())
    mus = [chunk.mu for chunk in SpkReader(io.BytesIO(file.getvalue())).stored()]
    # Later chunks make up for those at the beginning, where the header weighs most.
    if stored.missed and mus[-1] == 31:
        return
    assert stored.bytes * 8 / (samples / 22_050) <= kbps * 1000 + 1e-6


def test_more_room_is_used(codec: Codec) -> None:
    sizes = []
    for kbps in (0.7, 0.75, 0.8):
        file = io.BytesIO()
        sizes.append(to_spk(codec, [SOUND], len(SOUND), file, Storage(kbps=kbps)).bytes)
    assert sizes == sorted(set(sizes))
    seconds = len(SOUND) / 22_050
    assert sizes[1] * 8 / seconds > 0.9 * 750


@pytest.mark.parametrize("wish", [Storage(min_si_snr=9), Storage(kbps=2), Storage(mu=3)])
def test_one_rate_leaves_no_choice(toy_bundle: Bundle, wish: Storage) -> None:
    with pytest.raises(SpikingMusicError, match="FREE"):
        to_spk(Codec(toy_bundle), [SOUND], len(SOUND), io.BytesIO(), wish)
