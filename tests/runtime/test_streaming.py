"""What comes and goes in pieces is what comes and goes whole, bit for bit."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.bundle import Bundle
from runtime.codec import Codec
from runtime.errors import FormatError, SpikingMusicError
from runtime.events import EventMatrix
from runtime.piece import Chunk
from runtime.playback import Playback

HOP, CHUNK, CONTEXT = 512, 16, 4
RANDOM = np.random.default_rng(0)
SOUND = RANDOM.normal(0, 0.2, 60_000).astype(np.float32)
BITS = RANDOM.random((5, 160)) < 0.4

FAST, DIFFUSION = Playback("fast"), Playback("diffusion")
places = st.lists(st.integers(0, 60_000), max_size=6)
ways = st.sampled_from([FAST, Playback("diffusion", steps=1), Playback("diffusion", "dpm", 3)])


@pytest.fixture(scope="module", params=["toy_bundle", "mu_bundle"])
def codec(request: pytest.FixtureRequest) -> Codec:
    return Codec(request.getfixturevalue(request.param))


def chunks(bits: np.ndarray, frames: int, mus: list[int], first: int = 0) -> Iterator[Chunk]:
    """Chunks of so many frames from one of them on, each with a mu of its own."""
    for index in range(first, -(-bits.shape[1] // frames)):
        part = bits[:, index * frames : (index + 1) * frames]
        yield Chunk(EventMatrix.from_bits(part), mus[index % len(mus)], index)


def mus(codec: Codec) -> list[int]:
    return [3, 30, 12] if codec.manifest.has_mu else [255]


@settings(max_examples=25)
@given(places, st.integers(1, 60_000))
def test_events_do_not_depend_on_the_blocks(codec: Codec, places: list[int], length: int) -> None:
    signal = SOUND[:length]
    payload, piece = codec.analyse(signal)
    events = piece.events
    blocks = np.split(signal, sorted(place for place in places if place <= length))
    found = [*codec.encode_stream(blocks)]
    assert EventMatrix.joined([one.events for one in found], 5) == events
    assert [one.index for one in found] == list(range(len(found)))
    np.testing.assert_array_equal(np.concatenate([one.payload for one in found], 1), payload)
    assert all(one.events.frames == CHUNK for one in found[:-1])


def test_what_is_coded_at_once_is_what_is_coded_in_turn(
    codec: Codec, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn, threes = codec.encode_stream([SOUND]), chunks(BITS, CHUNK, mus(codec))
    whole = np.concatenate([*codec.decode_stream(threes, FAST)])
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    once = codec.encode_stream([SOUND], live=False)
    for one, other in zip(turn, once, strict=True):
        assert (one.index, one.events) == (other.index, other.events)
        np.testing.assert_array_equal(one.payload, other.payload)
    threes = chunks(BITS, CHUNK, mus(codec))
    again = codec.decode_stream(threes, FAST, live=False)
    np.testing.assert_array_equal(np.concatenate([*again]), whole)


def test_one_sample_after_the_other_is_enough(codec: Codec) -> None:
    signal = SOUND[:20_000]
    found = [*codec.encode_stream(signal[i : i + 1] for i in range(len(signal)))]
    assert (
        EventMatrix.joined([one.events for one in found], 5) == codec.encode(signal, 22050).events
    )


@settings(max_examples=25)
@given(ways, st.integers(1, 160), st.integers(1, 60))
def test_sound_does_not_depend_on_the_chunks(
    codec: Codec, way: Playback, frames: int, width: int
) -> None:
    bits, mu = BITS[:, :frames], mus(codec)[:1]
    whole = np.concatenate([*codec.decode_stream(chunks(bits, 1000, mu), way)])
    parts = np.concatenate([*codec.decode_stream(chunks(bits, width, mu), way)])
    assert whole.shape == (frames * HOP,)
    np.testing.assert_array_equal(parts, whole)


@settings(max_examples=40)
@given(ways, st.integers(1, 160), st.data())
def test_a_part_sounds_as_it_does_in_the_whole(
    codec: Codec, way: Playback, frames: int, data: st.DataObject
) -> None:
    bits, first = BITS[:, :frames], data.draw(st.integers(0, frames - 1))
    whole = np.concatenate([*codec.decode_stream(chunks(bits, CHUNK, mus(codec)), way)])
    start = codec.start(first, way)
    assert start % CHUNK == 0
    later = chunks(bits, CHUNK, mus(codec), start // CHUNK)
    part = np.concatenate([*codec.decode_stream(later, way, first=first)])
    np.testing.assert_array_equal(part, whole[first * HOP :])


def test_a_part_needs_little_before_it(codec: Codec) -> None:
    assert codec.start(0) == codec.start(1) == 0
    assert codec.start(1000, FAST) >= 1000 - 2 * CHUNK
    assert codec.start(1000, DIFFUSION) >= 1000 - 5 * CHUNK


def test_events_come_as_soon_as_their_context_has(codec: Codec) -> None:
    taken = 0

    def blocks() -> Iterator[np.ndarray]:
        nonlocal taken
        for start in range(0, len(SOUND), HOP):
            taken += 1
            yield SOUND[start : start + HOP]

    for index, _ in enumerate(codec.encode_stream(blocks())):
        assert taken == min((index + 1) * CHUNK + CONTEXT, -(-len(SOUND) // HOP))


@pytest.mark.parametrize(("decoder", "behind"), [("fast", 1), ("diffusion", 3)])
def test_sound_comes_within_so_many_chunks(codec: Codec, decoder: str, behind: int) -> None:
    taken = heard = 0

    def given_chunks() -> Iterator[Chunk]:
        nonlocal taken
        for chunk in chunks(BITS, CHUNK, mus(codec)):
            assert taken - heard / (CHUNK * HOP) <= behind
            taken += 1
            yield chunk

    for block in codec.decode_stream(given_chunks(), Playback(decoder, steps=9)):
        heard += len(block)


def test_each_chunk_is_heard_at_its_own_mu(mu_bundle: Bundle) -> None:
    codec = Codec(mu_bundle)
    # The toy's sound rises with mu: 1 + mu / 10.
    low, high = (
        np.concatenate([*codec.decode_stream(chunks(BITS[:, :48], CHUNK, mu), FAST)])
        for mu in ([0], [0, 10, 0])
    )
    size = CHUNK * HOP
    np.testing.assert_array_equal(low[:size], high[:size])
    np.testing.assert_allclose(2 * low[size : 2 * size], high[size : 2 * size], rtol=1e-6)
    np.testing.assert_array_equal(low[2 * size :], high[2 * size :])


def test_a_larger_mu_makes_fewer_events(mu_bundle: Bundle) -> None:
    counts = [Codec(mu_bundle).encode(SOUND, 22050, mu).events.count for mu in (0, 8, 16, 31)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 4 * counts[-1] > 0


def test_chunks_must_fit_the_bundle(toy_bundle: Bundle, mu_bundle: Bundle) -> None:
    with pytest.raises(SpikingMusicError, match="mu 7"):
        [*Codec(toy_bundle).decode_stream(chunks(BITS, CHUNK, [7]))]
    with pytest.raises(SpikingMusicError, match="mu 77"):
        [*Codec(mu_bundle).decode_stream(chunks(BITS, CHUNK, [77]))]
    with pytest.raises(FormatError, match="4 units"):
        [*Codec(toy_bundle).decode_stream(chunks(BITS[:4], CHUNK, [255]))]


def test_nothing_is_nothing(codec: Codec) -> None:
    assert [*codec.encode_stream([])] == []
    assert [*codec.encode_stream([SOUND[:0]])] == []
    for decoder in ("fast", "diffusion"):
        assert [*codec.decode_stream([], Playback(decoder))] == []
