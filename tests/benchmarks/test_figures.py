from pathlib import Path

import pytest

from benchmarks.figures import Material, draw
from runtime.errors import FormatError, OutputError, SpikingMusicError

NOTHING = Material([], "paper", {}, [], 9.0, [])


def test_what_can_be_drawn_is_drawn_and_the_rest_is_named(tmp_path: Path) -> None:
    out = tmp_path / "out"
    missing = draw(NOTHING, out, "the command", overwrite=False)
    assert [line.partition(" ")[0] for line in missing] == ["figure-3", "figure-4", "figure-5"]
    assert {path.name for path in out.iterdir()} == {f"figure-1.{s}" for s in ("svg", "png", "txt")}
    assert "the command" in (out / "figure-1.txt").read_text()
    with pytest.raises(OutputError, match="exists already"):
        draw(NOTHING, out, "again", overwrite=False)


def test_bad_material_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no arrays here")
    for units, error in (([tmp_path / "text"] * 2, FormatError), ([tmp_path], SpikingMusicError)):
        with pytest.raises(error):
            draw(Material([], "paper", {}, [], 9.0, units), tmp_path / "out", "", overwrite=False)
        assert not (tmp_path / "out").exists()
