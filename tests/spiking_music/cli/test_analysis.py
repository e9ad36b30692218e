import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import symusic

from runtime.bundle import Bundle

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def played(tmp_path: Path) -> Path:
    """Four recordings of 4 s: three with a list of notes, one with MIDI and a pedal."""
    folder = tmp_path / "played"
    folder.mkdir()
    random = np.random.default_rng(0)
    for place in range(4):
        soundfile.write(folder / f"{place}.wav", random.normal(0, 0.1, 88_200), 22_050)
        onsets, pitches = np.sort(random.uniform(0, 4, 80)), random.integers(60, 63, 80)
        if place < 3:
            rows = np.stack([onsets, onsets + 0.1, pitches, np.full(80, 64)], axis=1)
            np.savetxt(folder / f"{place}.tsv", rows, header="onset offset note velocity")
            continue
        score = symusic.Score(480, ttype="Tick")
        track = symusic.Track()
        for onset, pitch in zip(onsets, pitches, strict=True):
            track.notes.append(symusic.Note(round(onset * 960), 96, int(pitch), 64))
        for time, value in ((960, 127), (1920, 0)):
            track.controls.append(symusic.ControlChange(time, 64, value))
        score.tracks.append(track)
        score.dump_midi(folder / f"{place}.mid")
    soundfile.write(folder / "unknown.wav", np.zeros(4000), 22_050)
    return folder


def test_an_analysis_leaves_arrays_pictures_and_a_table(
    cli: Run, toy_bundle: Bundle, copy_of_toy: Callable[[], Path], played: Path, tmp_path: Path
) -> None:
    bundles = (toy_bundle.path, copy_of_toy().rename(tmp_path / "copy"))
    out = tmp_path / "out"
    words = ("analyse", *bundles, "--data", f"mine={played}", "--out", out, "--shuffles", 20)
    code, output, errors = cli(*words)
    assert code == 0, errors
    assert output == (out / "units.md").read_text() + "\n"
    assert "mine: 4 pieces" in output
    names = {path.name for path in out.iterdir()}
    for stem in (f"mine-{toy_bundle.path.name}-atlas", "mine-copy-atlas", "mine-figure-5"):
        assert {f"{stem}{suffix}" for suffix in (".svg", ".png", ".txt")} <= names
    assert "analyse" in (out / "mine-figure-5.txt").read_text()
    with np.load(out / "mine-copy.npz") as arrays:
        assert arrays["begun"][39:42].sum() > 200
        assert arrays["begun"][-2:].tolist() == [1, 1]
        assert arrays["phi"].shape == (5, 114)
    code, _, errors = cli(*words)
    assert code == 2
    assert "exists already" in errors
    code, output, _ = cli("analyse", *words[2:], "--json", "-f", "--pieces", 2)
    assert code == 0
    assert json.loads(output) == json.loads((out / "units.json").read_text())
    assert json.loads(output)["mine"]["mel"] is None


def test_damaged_pieces_are_skipped_and_named(
    cli: Run, toy_bundle: Bundle, played: Path, tmp_path: Path
) -> None:
    (played / "3.mid").write_text("no MIDI here")
    (played / "0.tsv").write_text("no notes here\n")
    out = tmp_path / "out"
    words = ("--data", f"mine={played}", "--out", out, "--shuffles", 20, "--json")
    code, output, _ = cli("analyse", toy_bundle.path, *words)
    assert code == 0
    skipped = json.loads(output)["mine"]["skipped"]
    assert [Path(reason.partition(":")[0]).name for reason in skipped] == ["0.tsv", "3.mid"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--data", "x={played}/none"), "holds no recordings"),
        (("--data", "x={bare}"), "beside it"),
        (("--data", "a/b={played}"), "without a slash"),
        (("--data", "{played}"), "NAME="),
        (("--data", "x=maestro:{played}"), "no maestro"),
        (("--data", "x={played}", "--mu", "8"), "MU_SPARSE"),
        (("lapped", "--data", "x={played}"), "196608 units"),
        (("--data", "x={played}", "--pieces", "1", "--shuffles", "20"), "no note begins 30 times"),
        ((), "--data"),
    ],
)
def test_bad_input_ends_in_one_line_and_writes_nothing(
    cli: Run, toy_bundle: Bundle, played: Path, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    soundfile.write(bare / "unknown.wav", np.zeros(4000), 22_050)
    given = (word.format(played=played, bare=bare) for word in words)
    code, output, errors = cli("analyse", toy_bundle.path, "--out", tmp_path / "out", *given)
    assert (code, output) == (2, "")
    assert errors.count("\n") == 1
    assert told in errors
    assert not (tmp_path / "out").exists()
