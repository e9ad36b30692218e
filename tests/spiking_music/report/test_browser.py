"""The report in a real browser."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from runtime.bundle import Bundle
from spiking_music.cli.terminal import stage
from spiking_music.report import demo

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

WIDER = """() => [...document.querySelectorAll("main *")].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.width && !one.closest("svg") && box.right > document.documentElement.clientWidth + 1;
}).map((one) => one.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module", params=[120, 1], ids=["in the page", "beside it"])
def made(
    spiking_bundle: Bundle,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Path:
    folder = tmp_path_factory.mktemp("report")
    audio = folder / "a recording with quite a long name.wav"
    soundfile.write(audio, np.random.default_rng(0).normal(0, 0.1, 4 * 22_050), 22_050)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "LONGEST_S", request.param)
        demo.run(audio, folder / "out", spiking_bundle.path, False, stage)
    return folder / "out" / "report.html"


def test_a_switch_of_sounds_stays_at_the_same_position(tab: "Page", made: Path) -> None:
    tab.goto(made.as_uri())
    tab.wait_for_function("() => player.sounds.every((sound) => sound.readyState >= 1)")
    assert tab.locator("audio:visible").count() == 0
    tab.get_by_label("Position").fill("2")
    tab.get_by_role("button", name="Play").click()
    tab.wait_for_function("() => player.heard.currentTime > 2.05")
    tab.get_by_role("radiogroup").get_by_text("Decoded, fast").click()
    tab.get_by_role("button", name="Pause").click()
    heard = tab.evaluate("player.sounds.map((sound) => [sound.muted, sound.currentTime])")
    assert [muted for muted, _ in heard] == [True, True, False]
    assert all(abs(time - heard[2][1]) < 0.2 for _, time in heard)
    assert heard[2][1] > 2.05


def test_it_ends_and_begins_again(tab: "Page", made: Path) -> None:
    tab.goto(made.as_uri())
    tab.wait_for_function("() => player.sounds.every((sound) => sound.readyState >= 1)")
    tab.get_by_label("Position").fill("3.8")
    tab.get_by_role("button", name="Play").click()
    tab.wait_for_function("() => player.heard.paused && player.heard.currentTime > 3.9")
    tab.get_by_role("button", name="Play").click()
    tab.wait_for_function("() => !player.heard.paused && player.heard.currentTime < 2")


@pytest.mark.parametrize("width", [390, 800, 1280])
def test_nothing_is_cut_at_any_width(tab: "Page", made: Path, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 900})
    tab.goto(made.as_uri())
    assert tab.evaluate(WIDER) == []
