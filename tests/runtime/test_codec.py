import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.bundle import Bundle, write_manifest
from runtime.codec import Codec
from runtime.errors import AudioError, BundleError, EventsError, FormatError, SpikingMusicError
from runtime.events import EventMatrix
from runtime.playback import Playback

HOP, CHUNK, RATE = 512, 16, 22050
LENGTHS = [1, 511, 512, 513, HOP * CHUNK - 1, HOP * CHUNK, HOP * CHUNK + 1, 40_000]


def sound(samples: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.2, samples).astype(np.float32)


def graph(bundle: Bundle, name: str, **feed: np.ndarray) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(bundle.path / name)
    return session.run(None, feed)


def some_events(frames: int, seed: int = 0) -> EventMatrix:
    return EventMatrix.from_bits(np.random.default_rng(seed).random((5, frames)) < 0.4)


@pytest.fixture(scope="module")
def codec(toy_bundle: Bundle) -> Codec:
    return Codec(toy_bundle)


@pytest.mark.parametrize("samples", LENGTHS)
def test_windows_give_what_the_whole_signal_gives(codec: Codec, samples: int) -> None:
    signal = sound(samples)
    frames = -(-samples // HOP)
    whole = np.pad(signal, (4 * HOP, 4 * HOP + frames * HOP - samples))[None, None]
    payload, events = graph(codec.bundle, "encoder.onnx", audio=whole)
    found, piece = codec.analyse(signal)
    matrix = piece.events
    assert matrix.bits.shape == (5, frames)
    np.testing.assert_array_equal(found, payload[0, :, 4:-4])
    np.testing.assert_array_equal(matrix.bits, events[0, :, 4:-4] > 0)
    assert matrix.count > 0


@settings(max_examples=25)
@given(length=st.integers(1, 30_000), more=st.integers(1, 30_000))
def test_what_follows_changes_no_earlier_event(codec: Codec, length: int, more: int) -> None:
    signal = sound(length + more)
    parts = (signal[:length], signal)
    short, long = (codec.encode(part, RATE).events for part in parts)
    settled = max(short.frames - 2, 0)  # the graph looks one frame ahead, the last may be partial
    np.testing.assert_array_equal(short.bits[:, :settled], long.bits[:, :settled])


def test_encode_and_analyse_agree(codec: Codec) -> None:
    signal = sound(20_000)
    payload, piece = codec.analyse(signal)
    assert payload.dtype == np.int8
    assert codec.encode(signal, RATE) == piece


@pytest.mark.parametrize("decoder", ["fast", "diffusion"])
@pytest.mark.parametrize("samples", LENGTHS)
def test_decoding_gives_every_sample(codec: Codec, samples: int, decoder: str) -> None:
    heard: list[float] = []
    audio = codec.decode(codec.encode(sound(samples), RATE), decoder, progress=heard.append)
    assert audio.shape == (samples,)
    assert audio.dtype == np.float32
    assert np.isfinite(audio).all()
    assert heard == sorted(heard)
    assert heard[-1] == 1.0


@pytest.mark.parametrize("frames", [1, 15, 16, 17, 50])
def test_fast_windows_give_what_the_whole_matrix_gives(codec: Codec, frames: int) -> None:
    events = some_events(frames)
    padded = np.pad(events.bits, [(0, 0), (4, 4)])[None].astype(np.float32)
    (whole,) = graph(codec.bundle, "decoder_fast.onnx", events=padded)
    audio = codec.decode(codec.piece(events, frames * HOP), "fast")
    np.testing.assert_allclose(audio, whole[0, 0, 4 * HOP : -4 * HOP], atol=1e-6)


@pytest.mark.parametrize("steps", [1, 2, 7])
@pytest.mark.parametrize("frames", [4, 16])
def test_diffusion_adds_the_residual_it_should(
    noiseless_bundle: Bundle, frames: int, steps: int
) -> None:
    events = some_events(frames)
    feed = events.bits[None].astype(np.float32)
    (wave,) = graph(noiseless_bundle, "decoder_fast.onnx", events=feed)
    # The last step is at sigma = 1/steps and finds sin(sigma pi/2) 0.5 base; residual_gain is 0.5.
    expected = wave[0, 0] * (1 + 0.5 * 0.5 * np.sin(np.pi / 2 / steps))
    codec = Codec(noiseless_bundle)
    audio = codec.decode(codec.piece(events, frames * HOP), "diffusion", steps=steps)
    np.testing.assert_allclose(audio, expected, atol=1e-5)


def test_windows_of_the_diffusion_decoder_join_without_a_seam(noiseless_bundle: Bundle) -> None:
    frames = 75
    events = EventMatrix.from_bits(np.ones((5, frames), np.bool_))
    codec = Codec(noiseless_bundle)
    audio = codec.decode(codec.piece(events, frames * HOP), "diffusion").reshape(frames, HOP)
    # With all units on, every frame but the first and the last is the same in the whole matrix;
    # windows end with such an outer frame, which the cross-fade must leave next to no weight.
    middle = audio[2:-2]
    worst = np.abs(middle - np.median(middle, axis=0)).max()
    assert worst < 0.05 * np.abs(middle).max()


def test_diffusion_depends_on_the_seed_alone(codec: Codec) -> None:
    piece = codec.piece(some_events(40), 40 * HOP)
    first, again = (codec.decode(piece, seed=7) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - codec.decode(piece, seed=8)).max() > 1e-3


def test_an_empty_signal_is_an_empty_matrix(codec: Codec) -> None:
    piece = codec.joined([*codec.encode_stream([])], 0)
    assert piece.events.bits.shape == (5, 0)
    assert codec.decode(piece).shape == (0,)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_samples_must_be_finite(codec: Codec, bad: float) -> None:
    signal = sound(20_000)
    signal[17_000] = bad
    with pytest.raises(AudioError, match="NaN"):
        codec.encode(signal, RATE)


def test_events_must_fit_the_samples(codec: Codec) -> None:
    with pytest.raises(EventsError, match="513 samples"):
        codec.piece(some_events(1), 513)


@pytest.mark.parametrize(
    "wrong",
    [{"steps": 0}, {"steps": 1001}, {"seed": -1}, {"seed": 2**64}, {"decoder": "slow"}],
)
def test_a_bad_choice_is_named(codec: Codec, wrong: dict) -> None:
    with pytest.raises(SpikingMusicError, match=str(next(iter(wrong.values())))):
        codec.decode(codec.piece(some_events(1), 512), **wrong)


def test_a_bundle_without_the_diffusion_decoder_still_decodes_fast(copy_of_toy) -> None:
    folder = copy_of_toy()
    (folder / "decoder.onnx").unlink()
    bundle = rewritten(folder)
    codec = Codec(bundle)
    assert codec.decode(codec.piece(some_events(1), 512), "fast").shape == (512,)
    with pytest.raises(SpikingMusicError, match="no decoder 'diffusion'; choose fast"):
        codec.decode(codec.piece(some_events(1), 512), "diffusion")


@pytest.mark.parametrize("content", [b"no graph", None])
def test_a_file_that_is_not_the_graph_is_named(copy_of_toy, content: bytes | None) -> None:
    folder = copy_of_toy()
    other = (folder / "decoder_fast.onnx").read_bytes()
    (folder / "encoder.onnx").write_bytes(content or other)
    with pytest.raises(BundleError, match=r"encoder\.onnx"):
        Codec(rewritten(folder)).encode(sound(10), RATE)


def test_a_graph_of_another_width_is_refused(copy_of_toy) -> None:
    bundle = rewritten(copy_of_toy(), latent=9)
    with pytest.raises(BundleError, match="instead of"):
        Codec(bundle).encode(sound(10), RATE)


def test_a_graph_that_fails_is_named(copy_of_toy) -> None:
    codec = Codec(rewritten(copy_of_toy(), units=6))
    with pytest.raises(BundleError, match=r"decoder_fast\.onnx: fails to run"):
        codec.decode(codec.piece(EventMatrix.silent(6, 1), 512), "fast")


def test_a_piece_of_another_model_is_refused(codec: Codec, noiseless_bundle: Bundle) -> None:
    piece = Codec(noiseless_bundle).piece(some_events(1), 512)
    with pytest.raises(FormatError, match="was encoded by model"):
        codec.decode(piece)


def test_a_piece_says_how_it_is_heard_unless_the_caller_does(codec: Codec) -> None:
    piece = codec.piece(some_events(9), 9 * HOP)
    said = replace(piece, playback=Playback("diffusion", "dpm", 2, 7))
    expected = codec.decode(piece, "diffusion", 2, 7, "dpm")
    np.testing.assert_array_equal(codec.decode(said), expected)
    np.testing.assert_array_equal(codec.decode(said, "fast"), codec.decode(piece, "fast"))


def test_the_runtime_never_imports_torch() -> None:
    code = (
        "import runtime.codec, runtime.spk.container, sys;"
        "bad = {'torch', 'onnxruntime', 'nir', 'h5py'} & set(sys.modules);"
        "assert not bad, bad"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def rewritten(folder: Path, **changes: object) -> Bundle:
    data = json.loads((folder / "manifest.json").read_text())
    return Bundle(folder, write_manifest(folder, {**data, **changes}))
