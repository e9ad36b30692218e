from pathlib import Path

import pytest

from runtime.errors import OutputError
from spiking_music.figures import style


def test_a_saved_figure_is_two_pictures_and_what_made_them(tmp_path: Path) -> None:
    style.save(style.canvas(100, 50), tmp_path / "figure", "made by hand")
    svg, png, told = (tmp_path / f"figure{suffix}" for suffix in style.FILES)
    assert told.read_text() == "made by hand\n"
    assert "made by hand" in svg.read_text()
    assert b"made by hand" in png.read_bytes()
    with pytest.raises(OutputError, match="exists already"):
        style.save(style.canvas(100, 50), tmp_path / "figure", "again")
    assert told.read_text() == "made by hand\n"


def test_the_same_figure_is_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        style.save(style.canvas(100, 50), tmp_path / folder / "figure", "made by hand")
    for suffix in style.FILES:
        one, other = (tmp_path / folder / f"figure{suffix}" for folder in ("one", "other"))
        assert one.read_bytes() == other.read_bytes()


def test_the_white_of_the_colours_is_nothing_and_grey_tells_more_from_less() -> None:
    zero = style.LESS / (style.LESS + style.MORE)
    assert style.DIVERGING(zero)[:3] == pytest.approx((1, 1, 1), abs=0.02)
    grey = [sum(style.DIVERGING(end)[:3]) / 3 for end in (0.0, 1.0)]
    assert grey[1] < 0.2 < 0.4 < grey[0]
