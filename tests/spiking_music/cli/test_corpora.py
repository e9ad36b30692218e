import json
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

from runtime.bundle import Bundle
from runtime.spk.container import read_spk

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(piece: Path, tmp_path: Path) -> Path:
    """A folder of two recordings."""
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.flac").write_bytes(piece.read_bytes())
    soundfile.write(folder / "b.wav", [0.0, 0.5, -0.5] * 999, 22_050)
    return folder


def test_a_folder_becomes_a_folder_and_goes_on(
    cli: Run, toy_bundle: Bundle, folder: Path, tmp_path: Path
) -> None:
    words = ("encode", folder, tmp_path / "out", "--jobs", 1, "--bundle", toy_bundle.path)
    code, output, errors = cli(*words)
    assert (code, errors) == (0, "")
    assert "hours a core hour" in output
    assert read_spk(tmp_path / "out" / "sub" / "a.spk").samples == 15_000
    (folder / "c.wav").write_text("no sound")
    code, output, errors = cli(*words, "--json")
    report = json.loads(output)
    assert code == 1
    assert (report["kept"], report["encoded"], report["failed"]) == (2, 0, 1)
    assert json.loads((tmp_path / "out" / "summary.json").read_text()) == report
    assert "c.wav: failed (" in errors
    assert len(errors.splitlines()) == 1
    report = json.loads(cli(*words, "--json", "--force")[1])
    assert (report["kept"], report["encoded"]) == (0, 2)


def test_resume_keeps_one_whole_file_and_makes_a_damaged_one_again(
    cli: Run, toy_bundle: Bundle, piece: Path
) -> None:
    spk = piece.with_suffix(".spk")
    words = ("encode", piece, "--resume", "--bundle", toy_bundle.path, "--json")
    assert json.loads(cli(*words)[1])["encoded"] == 1
    before = spk.read_bytes()
    assert json.loads(cli(*words)[1])["kept"] == 1
    spk.write_bytes(before[:-1])
    assert json.loads(cli(*words)[1])["encoded"] == 1
    assert spk.read_bytes() == before
    assert not (piece.parent / "summary.json").exists()


@pytest.mark.parametrize("out", [None, "x.spk", "-", "piece.flac"])
def test_many_recordings_need_a_folder_for_their_outputs(
    cli: Run, toy_bundle: Bundle, piece: Path, folder: Path, out: str | None
) -> None:
    words = [] if out is None else [out if out == "-" else piece.parent / out]
    code, _, errors = cli("encode", folder, *words, "--bundle", toy_bundle.path)
    assert code == 2
    assert "name an output folder" in errors


@pytest.mark.parametrize(
    "words",
    [
        ("piece.flac", "--resume", "--force"),
        ("piece.flac", "-", "--resume"),
        ("folder", "out", "--title", "x"),
        ("folder", "out", "--mu", "3"),
        ("folder", "out", "--kbps", "2", "--mu", "3"),
        ("folder", "out", "--scheduler", "nonsense://x"),
    ],
)
def test_what_cannot_be_is_one_line_and_leaves_nothing(
    cli: Run,
    toy_bundle: Bundle,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, errors = cli("encode", *words, "--jobs", 1, "--bundle", toy_bundle.path)
    assert code == 2
    assert errors.startswith("error: ")
    assert len(errors.splitlines()) == 1
    assert not list(tmp_path.rglob("*.spk"))
