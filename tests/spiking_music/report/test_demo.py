import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from runtime.bundle import Bundle
from runtime.errors import AudioError, OutputError
from runtime.spk.container import read_spk
from spiking_music.cli.terminal import stage
from spiking_music.report import demo
from spiking_music.report.demo import OUTPUTS, SECOND, default_clip, run
from spiking_music.report.summary import summary

ISSUED = {
    "audio": {"seconds", "samples", "sample_rate"},
    "file": {"bytes", "kbps"},
    "rate": {"paper_kbps", "bound_kbps"},
    "events": {"count", "density", "per_second"},
    "quality": {"si_snr_db"},
    "wrong_bits": {"compared", "onnx", "nir", "integer", "lava"},
}


def recording(path: Path, samples: np.ndarray, rate: int = 22_050) -> Path:
    soundfile.write(path, samples, rate)
    return path


@pytest.fixture(scope="module")
def made(
    spiking_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    """The outputs of a demo, and what it returned."""
    folder = tmp_path_factory.mktemp("demo")
    sound = np.random.default_rng(0).normal(0, 0.1, (30_001, 2))
    audio = recording(folder / "a <b> & c.wav", sound, 44_100)
    out = folder / "made" / "here"
    return out, run(audio, out, spiking_bundle.path, False, stage)


def test_the_demo_leaves_what_its_report_says(made: tuple[Path, dict[str, Any]]) -> None:
    out, report = made
    assert {path.name for path in out.iterdir()} == set(OUTPUTS)
    assert json.loads((out / "report.json").read_text()) == report
    for key, names in ISSUED.items():
        assert names <= set(report[key])
    assert report["audio"]["samples"] == 15_000
    assert report["file"]["bytes"] == (out / "piece.spk").stat().st_size
    assert soundfile.info(out / "decoded.wav").frames == 15_000
    assert read_spk(out / "piece.spk").events.count == report["events"]["count"]
    assert report["reference"] == "file"  # the toy has no encoder that torch could build
    assert report["wrong_bits"] == {"compared": 150, "onnx": 0, "nir": 0, "integer": 0, "lava": 0}
    assert all({"low_j", "mid_j", "high_j", "refused"} <= set(e) for e in report["energy"].values())
    assert report["system"]["coverage"]["unknown"] == 0
    assert sum(part["share"] for part in report["system"]["parts"]) == pytest.approx(1)
    assert summary(report)


def test_a_lapped_model_is_shown_before_the_one_on_chips(tmp_path: Path) -> None:
    time = np.arange(20_000) / 22_050
    audio = recording(tmp_path / "a.wav", 0.3 * np.sin(2 * np.pi * 220 * time) * np.exp(-time))
    report = run(audio, tmp_path / "out", None, False, stage)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*OUTPUTS, *SECOND}
    first = report["first"]
    assert first["name"] == "lapped"
    assert first["bytes"] == (tmp_path / "out" / "piece.spk").stat().st_size
    assert first["waveform_si_snr_db"] > 9
    assert report["bundle"]["name"] == "small"
    assert "lapped" in summary(report)
    page = (tmp_path / "out" / "report.html").read_text()
    names = re.findall("<figcaption>(.*?)</figcaption>", page)
    assert names == ["Original", "lapped", "small, diffusion", "small, fast"]
    assert "all that <code>small.spk</code> holds" in page


def test_the_page_needs_nothing_beside_it(made: tuple[Path, dict[str, Any]]) -> None:
    page = (made[0] / "report.html").read_text()
    assert page.count('<audio controls preload="metadata" src="data:audio/flac;base64,') == 3
    assert "a &lt;b&gt; &amp; c.wav" in page
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)
    assert page.count('role="img" aria-label="') == 5
    assert "<svg" in page
    assert "prefers-color-scheme: dark" in page


def test_a_long_recording_is_heard_whole_from_files_beside_the_page(
    spiking_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "LONGEST_S", 1)
    audio = recording(tmp_path / "long.wav", np.random.default_rng(0).normal(0, 0.1, 30_000))
    out = tmp_path / "out"
    names = [f"report-{name}.flac" for name in ("original", "diffusion", "fast")]
    run(audio, out, spiking_bundle.path, False, stage)
    assert {path.name for path in out.iterdir()} == {*OUTPUTS, *names}
    assert all(soundfile.info(out / name).frames == 30_000 for name in names)
    page = (out / "report.html").read_text()
    assert re.findall(r'<audio [^>]*src="([^"]*)"', page) == names
    for path in out.iterdir():
        if path.name not in names:
            path.unlink()
    with pytest.raises(OutputError, match="original"):
        run(audio, out, spiking_bundle.path, False, stage)
    assert {path.name for path in out.iterdir()} == set(names)


def test_a_short_silence_goes_the_whole_way(spiking_bundle: Bundle, tmp_path: Path) -> None:
    audio = recording(tmp_path / "silence.wav", np.zeros(1))
    report = run(audio, tmp_path / "out", spiking_bundle.path, False, stage)
    assert report["audio"]["samples"] == 1
    assert report["quality"]["si_snr_db"] is None
    assert report["audio"]["warnings"]


def test_nothing_is_written_before_the_recording_is_read(
    spiking_bundle: Bundle, tmp_path: Path
) -> None:
    with pytest.raises(AudioError, match="missing"):
        run(tmp_path / "missing.wav", tmp_path / "out", spiking_bundle.path, False, stage)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_output_that_exists_is_kept(spiking_bundle: Bundle, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(OutputError, match=name):
        run(default_clip(), tmp_path, spiking_bundle.path, False, stage)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"
