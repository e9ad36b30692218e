import json
from collections.abc import Callable
from pathlib import Path

from runtime.bundle import Bundle

Run = Callable[..., tuple[int, str, str]]


def test_a_page_is_made_of_recordings(
    cli: Run, toy_bundle: Bundle, piece: Path, tmp_path: Path
) -> None:
    out = tmp_path / "test.html"
    words = ("listen", "make", out, "--bundle", toy_bundle.path, "--decoder", "fast", "--opus", 12)
    code, output, _ = cli(*words, "--data", f"mine={piece.parent}", "--json")
    assert code == 0
    facts = json.loads(output)
    assert facts["bytes"] == out.stat().st_size
    assert facts["clips"] == "piece"
    assert "at least 5 clips" in facts["advice"]
    assert facts["conditions"].endswith("toy fast, Opus 12")
    assert cli(*words)[0] == 2  # it is there already


def test_what_cannot_be_made_is_one_line_and_no_file(cli: Run, piece: Path, tmp_path: Path) -> None:
    out = tmp_path / "test.html"
    for words, reason in (
        (("--folder", "theirs"), "--folder theirs: write NAME="),
        (("--decoder", "slow"), "decoder 'slow'"),
        (("--mu", "8"), "--mu 8: none of the bundles is MU_SPARSE"),
        (("--post", "nowhere", "--decoder", "listening"), "nowhere: is not an address"),
        (("--data", f"mine={tmp_path / 'none'}"), "holds no recordings"),
    ):
        code, _, errors = cli("listen", "make", out, "--data", f"mine={piece.parent}", *words)
        assert code == 2
        assert reason in errors
        assert len(errors.splitlines()) == 1
        assert not out.exists()


def test_results_are_scored(cli: Run, tmp_path: Path) -> None:
    ratings = {"reference": 95, "low-pass 3.5 kHz": 30, "low-pass 7.0 kHz": 60, "distorted": 5}
    trial = {"clip": "a", "ratings": ratings | {"spikes": 70}}
    for name in ("ann", "bob"):
        data = {"format": 1, "test": "t", "listener": name, "seed": 1, "trials": [trial] * 4}
        (tmp_path / f"{name}.json").write_text(json.dumps(data))
    files = sorted(tmp_path.glob("*.json"))
    code, output, _ = cli("listen", "score", *files, "--figure", tmp_path / "heard", "--json")
    assert code == 0
    found = json.loads(output)
    assert found["means"][0]["name"] == "reference"
    assert found["kept"]["bs1534"] == {"listeners": 2, "trials": 8}
    assert (tmp_path / "heard.svg").exists()
    assert (tmp_path / "heard.png").exists()
    assert "by 2 listeners in 8 trials" in (tmp_path / "heard.txt").read_text()
    assert "spikes" in cli("listen", "score", *files, "--screening", "paper")[1]
    code, _, errors = cli("listen", "score", *files, "--figure", tmp_path / "heard")
    assert code == 2
    assert "exists already" in errors
