from pathlib import Path

import numpy as np
import pytest

from runtime.errors import FormatError
from spiking_music.analysis.symbols import KEYS, LOWEST, NOTES, SYMBOLS
from spiking_music.analysis.tally import LAGS
from spiking_music.figures.units import PROBE, SHOWN, Units, atlas, keys, selectivity, strongest


def made_up(seed: int) -> Units:
    random = np.random.default_rng(seed)
    phi = random.normal(0, 0.1, (20, len(SYMBOLS)))
    phi[:, 3] = np.nan  # a rare note
    curves = random.normal(0, 0.1, (20, len(SYMBOLS), len(LAGS)))
    chance = np.full_like(phi, 0.2)
    return Units(
        f"code {seed}", 43.07, curves, phi, -chance, chance, np.abs(np.nan_to_num(phi)) > 0.2
    )


def test_the_strongest_units_come_first() -> None:
    code = made_up(0)
    chosen = strongest(code)
    phi = code.phi[chosen, PROBE]
    assert len(chosen) == SHOWN
    assert (np.diff(phi) <= 0).all()
    assert phi.min() >= np.delete(code.phi[:, PROBE], chosen).max()


def test_two_codes_are_drawn_on_the_same_scales() -> None:
    figure = selectivity(made_up(0), made_up(1))
    curves, matrices, bars = (figure.axes[place : place + 2] for place in (0, 2, 4))
    assert curves[0].get_ylim() == curves[1].get_ylim()
    assert bars[0].get_ylim() == bars[1].get_ylim()
    images = [panel.images[0] for panel in matrices]
    assert images[0].get_clim() == images[1].get_clim()
    for image, code in zip(images, (made_up(0), made_up(1)), strict=True):
        shown = np.ma.filled(image.get_array(), np.nan)
        first, last = NOTES.index("A1"), NOTES.index("A6")
        np.testing.assert_array_equal(shown, code.phi[strongest(code), first : last + 1])


def test_the_atlas_has_a_keyboard_a_unit_in_the_order_of_their_notes() -> None:
    code = made_up(0)
    titles = [panel.get_title(loc="left") for panel in atlas(code).axes]
    titles = [title for title in titles if title]
    assert {int(title.partition(":")[0]) for title in titles} == set(range(20))
    notes = [title.partition(": ")[2] for title in titles]
    places = [NOTES.index(note) if note != "none" else KEYS for note in notes]
    assert places == sorted(places)


def test_the_keyboard_is_that_of_a_piano() -> None:
    black = [outline[0, 1] > 0 for outline in keys()]
    assert sum(black) == 36
    assert [black[60 - LOWEST + step] for step in range(12)] == [
        step in (1, 3, 6, 8, 10) for step in range(12)
    ]


def test_a_file_without_arrays_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    path.write_text("no arrays here")
    with pytest.raises(FormatError, match="does not hold the arrays of an analysis"):
        Units.read(path)
