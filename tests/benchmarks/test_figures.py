import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.figures import Material, draw
from runtime.errors import FormatError, OutputError, SpikingMusicError
from spiking_music.evaluation.anchors import DISTORTED, LOW_ANCHOR, MIDDLE_ANCHOR
from spiking_music.listening.conditions import REFERENCE

NOTHING = Material([], "paper", {}, [], 9.0, [])


def test_what_can_be_drawn_is_drawn_and_the_rest_is_named(tmp_path: Path) -> None:
    out = tmp_path / "out"
    missing = draw(NOTHING, out, "the command", overwrite=False)
    assert [line.partition(" ")[0] for line in missing] == ["figure-3", "figure-4", "figure-5"]
    assert {path.name for path in out.iterdir()} == {f"figure-1.{s}" for s in ("svg", "png", "txt")}
    assert "the command" in (out / "figure-1.txt").read_text()
    with pytest.raises(OutputError, match="exists already"):
        draw(NOTHING, out, "again", overwrite=False)


def test_figure_3_is_that_of_the_listening_test(tmp_path: Path) -> None:
    files = []
    for listener in ("a", "b"):
        ratings = {REFERENCE: 95, LOW_ANCHOR: 10, MIDDLE_ANCHOR: 40, DISTORTED: 5, "FREE": 60}
        trials = [{"clip": "1", "ratings": ratings}]
        result = {"format": 1, "test": "t", "listener": listener, "seed": 0, "trials": trials}
        files.append(tmp_path / f"{listener}.json")
        files[-1].write_text(json.dumps(result))
    missing = draw(replace(NOTHING, ratings=files), tmp_path / "out", "", overwrite=False)
    assert "figure-3" not in " ".join(missing)
    assert "FREE" in (tmp_path / "out" / "figure-3.svg").read_text()


def test_bad_material_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no arrays here")
    for units, error in (([tmp_path / "text"] * 2, FormatError), ([tmp_path], SpikingMusicError)):
        with pytest.raises(error):
            draw(Material([], "paper", {}, [], 9.0, units), tmp_path / "out", "", overwrite=False)
        assert not (tmp_path / "out").exists()
