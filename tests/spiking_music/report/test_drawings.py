import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from spiking_music.report import drawings

RNG = np.random.default_rng(0)
SOUND = RNG.normal(0, 0.1, 30_000).astype(np.float32)
ROWS = [
    drawings.Row("priced", (1e-6, 2e-6, 4e-6), mark=1e-7),
    drawings.Row("not priced", None, remark="refused"),
]
FIGURES = {
    "raster": lambda width: drawings.event_raster(RNG.random((80, 300)) < 0.5, 43.0, width),
    "long raster": lambda width: drawings.event_raster(np.ones((2, 9000), bool), 43.0, width),
    "silence": lambda width: drawings.spectrograms({"none": 0 * SOUND}, 22_050, width),
    "spectra": lambda width: drawings.spectrograms({"a": SOUND, "b": SOUND[:9]}, 22_050, width),
    "bars": lambda width: drawings.bars({"one": 1.0, "nothing": 0.0}, "kbit/s", width),
    "intervals": lambda width: drawings.intervals(ROWS, "J", "alone", width),
    "nothing spent": lambda width: drawings.intervals(
        [*ROWS, drawings.Row("idle", (0.0, 0.0, 0.0), mark=0.0)], "J", "alone", width
    ),
    "all refused": lambda width: drawings.intervals(ROWS[1:], "J", "alone", width),
}


@pytest.mark.parametrize("width", [drawings.WIDE, drawings.NARROW])
@pytest.mark.parametrize("name", FIGURES)
def test_a_drawing_is_svg_in_the_colours_of_its_page(name: str, width: float) -> None:
    text = drawings.svg(FIGURES[name](width), name)
    root = ElementTree.fromstring(text)
    assert root.get("viewBox", "").split()[2] == f"{width:g}"
    assert root.get("width") is None
    assert drawings.INK not in text
    assert drawings.FAINT not in text
    assert drawings.CARD not in text
    assert "currentColor" in text


def test_two_drawings_share_no_id_and_every_reference_is_met() -> None:
    texts = [drawings.svg(FIGURES["raster"](drawings.WIDE), name) for name in ("one", "two")]
    ids = [set(re.findall(r' id="([^"]+)"', text)) for text in texts]
    used = [set(re.findall(r'(?:url\(|href=")#([^)"]+)', text)) for text in texts]
    assert not ids[0] & ids[1]
    assert used[0] <= ids[0]
    assert used[1] <= ids[1]


def test_a_row_without_figures_is_named_with_its_remark() -> None:
    text = drawings.svg(FIGURES["all refused"](drawings.WIDE), "refused")
    assert ">not priced<" in text
    assert ">refused<" in text
