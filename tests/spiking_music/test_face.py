"""The public face: its words, what importing it loads, and the way from sound to sound."""

import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

import spiking_music as sm
from runtime.bundle import Bundle

ROOT = Path(__file__).parents[2]
WORDS = {
    "AudioError",
    "BundleError",
    "ChipError",
    "Codec",
    "EventMatrix",
    "EventsError",
    "FormatError",
    "GraphError",
    "MissingPackageError",
    "OutputError",
    "Piece",
    "Playback",
    "SpikingMusicError",
    "__version__",
    "load",
    "open_network",
    "read",
    "read_audio",
    "to_nir",
    "write",
    "write_audio",
}


def test_its_words_are_these() -> None:
    assert set(sm.__all__) == WORDS == set(dir(sm))
    assert len(sm.__all__) == len(WORDS)
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        _ = sm.lode


@pytest.mark.parametrize("name", sorted(WORDS - {"__version__"}))
def test_all_of_it_is_described(name: str) -> None:
    thing = getattr(sm, name)
    assert inspect.getdoc(thing)
    if inspect.isclass(thing):
        for part, member in inspect.getmembers(thing):
            if not part.startswith("_") and (
                inspect.isroutine(member) or isinstance(member, property)
            ):
                assert inspect.getdoc(member), f"{name}.{part}"


def test_importing_it_loads_nothing_heavy() -> None:
    code = (
        "import sys, spiking_music;"
        "bad = {'torch', 'onnx', 'onnxruntime', 'nir', 'numpy', 'scipy'} & set(sys.modules);"
        "assert not bad, bad"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_sound_becomes_a_file_and_sound_of_the_same_length(
    toy_bundle: Bundle, tmp_path: Path
) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (20_001, 2))
    soundfile.write(tmp_path / "in.wav", noise, 44_100)
    codec = sm.load(toy_bundle.path)
    samples, rate = sm.read_audio(tmp_path / "in.wav")
    assert (samples.shape, rate) == ((20_001,), 44_100)
    piece = codec.encode(samples, rate)
    assert codec.encode(soundfile.read(tmp_path / "in.wav", dtype="int16")[0], rate) == piece
    sm.write(tmp_path / "x.spk", piece)
    assert sm.read(tmp_path / "x.spk") == piece
    with pytest.raises(sm.OutputError, match="exists already"):
        sm.write(tmp_path / "x.spk", piece)
    sm.write(tmp_path / "x.spk", piece, "paper", force=True)
    assert sm.read(str(tmp_path / "x.spk")) == piece
    sound = codec.decode(piece)
    assert sound.shape == (piece.samples,) == (round(20_001 / 2),)
    sm.write_audio(tmp_path / "out.wav", sound, piece.sample_rate)
    again, rate = sm.read_audio(tmp_path / "out.wav")
    assert (again.shape, rate) == (sound.shape, 22_050)
    np.testing.assert_allclose(again, np.clip(sound, -1, 1), atol=2**-15)
    sm.write_audio(tmp_path / "out.wav", sound.tolist(), piece.sample_rate, force=True)
    assert sm.read_audio(tmp_path / "out.wav", 8_000)[0].shape == (round(10_000 * 8000 / 22_050),)


def test_several_channels_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(sm.AudioError, match=r"\(5, 2\)"):
        sm.write_audio(tmp_path / "x.wav", np.zeros((5, 2)), 22_050)


def test_silence_is_read_with_a_warning(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", np.zeros(9), 8_000)
    with pytest.warns(UserWarning, match="is silent"):
        assert sm.read_audio(tmp_path / "x.wav")[0].shape == (9,)


def test_a_model_that_is_not_there_is_named() -> None:
    with pytest.raises(sm.BundleError, match="smal: no such bundle"):
        sm.load("smal")
