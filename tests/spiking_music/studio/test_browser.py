"""The studio in a real browser."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runtime.bundle import Bundle

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
Serve = Callable[..., Any]


@pytest.fixture
def files(tmp_path: Path, wav: bytes, midi: bytes) -> list[Path]:
    paths = [tmp_path / "piece.wav", tmp_path / "piece.mid"]
    for path, content in zip(paths, (wav, midi), strict=True):
        path.write_bytes(content)
    return paths


def open_with(tab: "Page", studio: Any, *files: Path) -> None:
    tab.goto(f"http://127.0.0.1:{studio.port}/")
    tab.get_by_text("Drop a recording here").wait_for()
    tab.locator("#file").set_input_files(files)
    settle(tab)


def settle(tab: "Page") -> None:
    tab.locator("#bits .rate").first.wait_for()
    tab.locator("#job").wait_for(state="hidden")


PIXELS = """() => new Promise((done) => requestAnimationFrame(() => {
  const canvas = document.querySelector("#stage");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let events = 0, notes = 0;
  for (let i = 0; i < data.length; i += 4) {
    if (data[i] > data[i + 2] + 60) events += 1;
    if (Math.min(data[i], data[i + 1], data[i + 2]) > 225) notes += 1;
  }
  done([events, notes]);
}))"""


def pixels(tab: "Page") -> list[int]:
    """How many points of the stage have a colour of events, of notes."""
    return tab.evaluate(PIXELS)


def test_a_piece_is_seen_and_heard(
    tab: "Page", serve: Serve, both_bundle: Bundle, files: list[Path]
) -> None:
    open_with(tab, serve(both_bundle), *files)
    tab.wait_for_function("() => !document.querySelector('#show-notes').disabled")
    assert tab.locator("#name").text_content() == "piece.wav"
    events, notes = pixels(tab)
    assert events > 1000
    tab.get_by_label("notes").uncheck()
    assert pixels(tab)[1] < notes
    tab.get_by_label("events", exact=True).uncheck()
    assert pixels(tab)[0] < events / 10
    tab.get_by_role("button", name="Play", exact=True).click()
    tab.wait_for_function("() => Number(document.querySelector('#time').value) > 0.2")
    tab.get_by_text("Decoded", exact=True).click()
    assert tab.get_by_role("radio", name="Decoded").is_checked()
    tab.keyboard.press("Escape")
    tab.get_by_role("button", name="Pause").click()
    assert "Intel Loihi 1" in tab.locator("#joules").inner_text()


def test_a_file_that_is_chosen_before_the_page_is_ready_is_not_lost(
    tab: "Page", serve: Serve, toy_bundle: Bundle, files: list[Path]
) -> None:
    held: list[Any] = []
    tab.route("**/model", lambda route: held.append(route))
    with tab.expect_request("**/model"):
        tab.goto(f"http://127.0.0.1:{serve(toy_bundle).port}/")
    tab.locator("#file").set_input_files(files[0])
    held.pop().continue_()
    settle(tab)
    assert tab.locator("#name").text_content() == "piece.wav"


def test_mu_changes_what_is_read(
    tab: "Page", serve: Serve, both_bundle: Bundle, files: list[Path]
) -> None:
    open_with(tab, serve(both_bundle), files[0])
    before = tab.locator("#bits").inner_text()
    slider = tab.get_by_role("slider", name="mu")
    assert slider.input_value() == "16"
    slider.fill("28")
    tab.locator("#bits small").filter(has_text="was").first.wait_for()
    settle(tab)
    assert tab.locator("#bits").inner_text() != before
    assert "was" in tab.locator("#bits small").all_inner_texts()[0]
    assert tab.locator("#mu-value").text_content() == "28"


def test_a_model_of_one_rate_has_no_mu(
    tab: "Page", serve: Serve, toy_bundle: Bundle, files: list[Path]
) -> None:
    open_with(tab, serve(toy_bundle), files[0])
    assert tab.get_by_role("slider", name="mu").is_disabled()
    assert tab.get_by_text("trained for a single rate").is_visible()


def test_units_are_heard_and_muted(
    tab: "Page", serve: Serve, both_bundle: Bundle, files: list[Path]
) -> None:
    open_with(tab, serve(both_bundle), files[0])
    rates = tab.locator("#grid button").evaluate_all("all => all.map((one) => one.title)")
    unit = next(i for i, rate in enumerate(rates) if "in 0.0 %" not in rate)
    with tab.expect_response(f"**/units/{unit}/sound") as answered:
        tab.get_by_role("button", name=f"Unit {unit},").click()
    assert answered.value.ok
    assert tab.get_by_role("heading", name=f"Unit {unit}").is_visible()
    tab.get_by_role("button", name="Mute", exact=True).click()
    tab.get_by_text("What the muted carried").wait_for()
    named = tab.get_by_role("button", name=f"Unit {unit},").get_attribute("aria-label")
    assert named is not None
    assert named.endswith("muted")
    tab.get_by_role("button", name="Unmute all").click()
    tab.get_by_text("What the muted carried").wait_for(state="detached")
    # The lowest unit is the lowest row of the stage.
    box = tab.locator("#stage").bounding_box()
    assert box
    tab.locator("#stage").click(position={"x": 200, "y": box["height"] - 30})
    assert tab.get_by_role("heading", name="Unit 0").is_visible()


def test_a_reload_finds_the_piece_again_and_another_tab_does_not(
    tab: "Page", serve: Serve, toy_bundle: Bundle, files: list[Path]
) -> None:
    studio = serve(toy_bundle)
    open_with(tab, studio, files[0])
    tab.reload()
    settle(tab)
    assert tab.locator("#name").text_content() == "piece.wav"
    other = tab.context.new_page()
    other.goto(f"http://127.0.0.1:{studio.port}/")
    other.get_by_text("Drop a recording here").wait_for()
    assert other.locator("#name").text_content() == ""


def test_a_piece_that_is_dropped_is_taken_and_work_on_it_is_cancelled(
    tab: "Page", serve: Serve, toy_bundle: Bundle, slow: Any, wav: bytes
) -> None:
    tab.goto(f"http://127.0.0.1:{serve(toy_bundle, codec=slow).port}/")
    tab.get_by_text("Drop a recording here").wait_for()
    tab.evaluate(
        """(bytes) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([new Uint8Array(bytes)], "dropped.wav"));
          for (const type of ["dragover", "drop"]) {
            document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true }));
          }
        }""",
        list(wav),
    )
    tab.get_by_role("status").filter(has_text="Decode").wait_for()
    # The events are there before the work has ended.
    tab.wait_for_function(f"async () => (await ({PIXELS})())[0] > 1000")
    tab.get_by_role("button", name="Cancel").click()
    tab.locator("#job").wait_for(state="hidden")
    assert tab.locator("#name").text_content() == "dropped.wav"
    assert tab.get_by_role("radio").count() == 1  # the original


def test_a_wish_that_is_cancelled_is_taken_back(
    tab: "Page", serve: Serve, toy_bundle: Bundle, slow: Any, files: list[Path]
) -> None:
    slow.go.set()
    open_with(tab, serve(toy_bundle, codec=slow), files[0])
    slow.go.clear()
    tab.get_by_role("button", name="Unit 2,").click()
    tab.get_by_role("button", name="Mute", exact=True).click()
    tab.locator("#grid .muted").wait_for()
    tab.get_by_role("button", name="Cancel").click()
    tab.locator("#grid .muted").wait_for(state="detached")
    tab.locator("#job").wait_for(state="hidden")


def test_a_unit_may_be_chosen_before_there_are_events(
    tab: "Page", serve: Serve, toy_bundle: Bundle
) -> None:
    tab.goto(f"http://127.0.0.1:{serve(toy_bundle).port}/")
    tab.wait_for_function("async () => { (await studio).units.choose(3); return true; }")
    assert tab.locator("#unit-facts").text_content() == "Never fires here."


def test_an_answer_that_comes_after_the_next_wish_is_not_shown(
    tab: "Page", serve: Serve, both_bundle: Bundle, files: list[Path]
) -> None:
    open_with(tab, serve(both_bundle), files[0])
    tab.evaluate(
        """async () => {
          const { api } = await studio;
          const bytes = api.bytes;
          api.bytes = () => new Promise((_, refuse) => {
            api.bytes = bytes;
            window.late = () => refuse(new Error("this encoding has been replaced"));
          });
        }"""
    )
    tab.get_by_role("slider", name="mu").fill("28")
    tab.wait_for_function("() => window.late")
    tab.get_by_role("slider", name="mu").fill("0")
    tab.locator("#bits small").filter(has_text="was").first.wait_for()
    settle(tab)
    shown = tab.locator("#bits").inner_text()
    tab.evaluate("new Promise((done) => { late(); setTimeout(done); })")
    assert tab.locator("#trouble").is_hidden()
    assert tab.locator("#bits").inner_text() == shown
    assert tab.locator("#mu-value").text_content() == "0"


def test_what_is_no_recording_is_told(
    tab: "Page", serve: Serve, toy_bundle: Bundle, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("no sound")
    tab.goto(f"http://127.0.0.1:{serve(toy_bundle).port}/")
    tab.locator("#file").set_input_files(tmp_path / "notes.txt")
    tab.get_by_role("alert").filter(has_text="notes.txt: is not an audio file").wait_for()


def test_the_example_is_one_click_away(tab: "Page", serve: Serve, toy_bundle: Bundle) -> None:
    tab.goto(f"http://127.0.0.1:{serve(toy_bundle).port}/")
    tab.get_by_role("button", name="Try a piano recording").click()
    settle(tab)
    assert tab.locator("#name").text_content() == "1-chopin-nocturne.flac"


COVERED = """() => [...document.querySelectorAll("button, input, label.button")].filter((one) => {
  one.scrollIntoView({ block: "center" });
  const box = one.getBoundingClientRect();
  const hidden = !box.width || getComputedStyle(one).visibility === "hidden" || box.width < 3;
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return !hidden && !(one.contains(top) || one.closest("label")?.contains(top));
}).map((one) => one.outerHTML)"""


@pytest.mark.parametrize("width", [390, 800, 1280])
def test_nothing_covers_a_button_or_leaves_the_page(
    tab: "Page", serve: Serve, toy_bundle: Bundle, slow: Any, files: list[Path], width: int
) -> None:
    slow.go.set()
    tab.set_viewport_size({"width": width, "height": 700})
    open_with(tab, serve(toy_bundle, codec=slow), *files)
    slow.go.clear()
    tab.get_by_role("button", name="Unit 2,").click()
    tab.get_by_role("button", name="Mute", exact=True).click()
    tab.get_by_role("button", name="Cancel").wait_for()
    assert tab.evaluate(COVERED) == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    slow.go.set()
    settle(tab)


def test_a_click_on_the_sound_goes_there_and_one_on_events_chooses_a_unit(
    tab: "Page", serve: Serve, toy_bundle: Bundle, files: list[Path]
) -> None:
    open_with(tab, serve(toy_bundle), files[0])
    box = tab.locator("#stage").bounding_box()
    assert box
    middle = 58 + (box["width"] - 58) / 2
    tab.locator("#stage").click(position={"x": middle, "y": 20})
    assert tab.locator("#unit").is_hidden()
    tab.wait_for_function(
        "() => Math.abs(Number(document.querySelector('#time').value) - 0.75) < 0.05"
    )
    tab.locator("#stage").click(position={"x": middle, "y": box["height"] - 30})
    assert tab.get_by_role("heading", name="Unit 0").is_visible()
