"""The page in a real browser, opened from a file: hear, switch, repeat, rate, reload, finish."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from spiking_music.listening.conditions import REFERENCE
from spiking_music.listening.page import Words, page
from spiking_music.listening.results import read_results
from spiking_music.listening.score import score
from spiking_music.listening.trials import Trial, identity

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

# Sounds that say where they are: sound k at sample t is k + t / length, played into an array.
RENDER = """async ([loop, chosen, at, seconds]) => {
  const rate = 8000, length = rate;
  const context = new OfflineAudioContext(1, seconds * rate, rate);
  const heard = new Player(context);
  heard.load([1, 2].map((sound) => {
    const buffer = context.createBuffer(1, length, rate);
    buffer.getChannelData(0).forEach((_, t, samples) => { samples[t] = sound + t / length; });
    return buffer;
  }));
  if (loop) heard.repeat(...loop);
  context.resume = async () => {};
  heard.play();
  if (at) context.suspend(at).then(() => {
    heard.choose(chosen);
    OfflineAudioContext.prototype.resume.call(context);
  });
  return [...(await context.startRendering()).getChannelData(0)];
}"""
RATE, SOON, FADE = 8000, 240, 40  # samples, as in player.js


def test_a_switch_goes_on_at_the_same_sample(tab: "Page", page_file: Path) -> None:
    tab.goto(page_file.as_uri())
    switch = 32 * 128  # contexts are suspended between blocks of 128 samples
    heard = np.array(tab.evaluate(RENDER, [None, 1, switch / RATE, 0.9]))
    place = (np.arange(len(heard)) - SOON) / RATE
    before, after = slice(SOON + 2 * FADE, switch), slice(switch + 4 * FADE, None)
    assert np.abs(heard[before] - (1 + place[before])).max() < 1e-4
    assert np.abs(heard[after] - (2 + place[after])).max() < 1e-4
    assert np.abs(np.diff(heard[SOON + 2 * FADE :])).max() < 4 / FADE  # no click
    # BS.1534-3: a raised cosine out, then one in, and never both sounds at once.
    shape = 0.5 - 0.5 * np.cos(np.pi * np.arange(FADE) / FADE)
    out, into = (slice(switch + start, switch + start + FADE) for start in (0, FADE))
    assert np.abs(heard[out] / (1 + place[out]) - (1 - shape)).max() < 0.03
    assert np.abs(heard[into] / (2 + place[into]) - shape).max() < 0.03


def test_a_part_repeats_between_fades(tab: "Page", page_file: Path) -> None:
    tab.goto(page_file.as_uri())
    heard = np.array(tab.evaluate(RENDER, [[0.2, 0.8], 0, 0, 1.5]))
    length = round(0.6 * RATE)
    for turn in range(2):
        start = SOON + turn * length
        inner = np.arange(2 * FADE, length - FADE)
        assert np.abs(heard[start + inner] - (1.2 + inner / RATE)).max() < 1e-4
        assert abs(heard[start + length - 1]) < 0.01
    assert abs(heard[SOON + length]) < 0.01


def test_a_part_lasts_half_a_second_at_least(tab: "Page", page_file: Path) -> None:
    _to_trials(tab, page_file)
    tab.get_by_role("slider", name="End of the part that repeats").fill("0.1")
    assert tab.evaluate("player.loop") == [0, 0.5]
    tab.get_by_role("button", name="Repeat all").click()
    assert tab.evaluate("player.loop") == [0, 1.5]


def test_a_seed_settles_every_order(tab: "Page", page_file: Path) -> None:
    tab.goto(page_file.as_uri())
    orders = "(seed) => plan(test, seed).map(({trial, order}) => [trial.clip, order])"
    one, again, *others = (tab.evaluate(orders, seed) for seed in (5, 5, 6, 7, 8))
    assert one == again
    assert any(other != one for other in others)
    for _, order in one:
        assert sorted(order) == sorted(one[0][1])
    firsts = {tuple(tab.evaluate(orders, seed)[1][1]) for seed in range(40)}
    assert len(firsts) > 20


def test_a_whole_test_by_keyboard_with_a_reload_in_the_middle(
    tab: "Page", page_file: Path, trials: list[Trial], tmp_path: Path
) -> None:
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    _to_trials(tab, page_file, seed="7")
    given: dict[str, dict[str, int]] = {}
    for number in range(2):
        clip, order = tab.evaluate(
            "((entry) => [entry.trial.clip, entry.order])(entries()[store.state.entry])"
        )
        given[clip] = {}
        for place, name in enumerate(order):
            tab.keyboard.press("abcde"[place])
            steps = place + number
            for _ in range(steps):
                tab.keyboard.press("PageUp")
            tab.keyboard.press("ArrowLeft")
            given[clip][name] = min(100, 50 + 10 * steps) - 1
            if (number, place) == (1, 2):
                tab.reload()
                _wait_for_sounds(tab)
                kept = tab.get_by_role("slider", name="Quality of").evaluate_all(
                    "all => all.map((one) => one.getAttribute('aria-valuetext'))"
                )
                assert [text.split(",")[0] for text in kept[:3]] == [
                    str(given[clip][name]) for name in order[:3]
                ]
                assert set(kept[3:]) == {"not rated yet"}
                assert tab.locator(".next").is_disabled()
        tab.keyboard.press("n")
        if number == 0:
            _wait_for_sounds(tab)
    with tab.expect_download() as downloading:
        tab.get_by_role("button", name="Save the ratings").click()
    file = tmp_path / downloading.value.suggested_filename
    downloading.value.save_as(file)
    (session,) = read_results([file])
    assert session.test == identity(trials)
    assert session.seed == 7
    assert session.listener == "ann"
    assert {trial.clip: trial.ratings for trial in session.trials} == given
    assert len(score([session], "none").means) == 5
    assert {url.partition(":")[0] for url in asked} <= {"file", "blob", "data"}


def test_who_is_quick_skips_nothing(tab: "Page", page_file: Path) -> None:
    _to_trials(tab, page_file)
    _rate_all(tab)
    # Twice within one turn of the page: the next sounds cannot be there yet.
    assert tab.evaluate("next(); next(); document.querySelector('.rows').inert") is True
    assert tab.evaluate("store.state.entry") == 3
    assert tab.locator(".next").is_disabled()
    _wait_for_sounds(tab)
    assert tab.evaluate("document.querySelector('.rows').inert") is False


def test_sounds_of_the_volume_that_come_late_do_not_replace_those_of_a_trial(
    tab: "Page", page_file: Path
) -> None:
    tab.add_init_script(
        """AudioContext.prototype.decodeAudioData = new Proxy(
          AudioContext.prototype.decodeAudioData, {
            async apply(decode, context, given) {
              const found = await Reflect.apply(decode, context, given);
              if (!window.release) {
                await new Promise((go) => { window.release = go; });
                window.came = true;
              }
              return found;
            },
          });"""
    )
    tab.goto(page_file.as_uri())
    tab.get_by_role("button", name="Begin").click()
    tab.wait_for_function("() => window.release")
    assert tab.get_by_role("button", name="Play").is_disabled()
    tab.get_by_role("button", name="It is comfortable").click()
    _wait_for_sounds(tab)
    tab.evaluate("window.release()")
    tab.wait_for_function("() => window.came")
    assert tab.evaluate("player.buffers.length") == 6


def test_only_what_is_heard_is_rated(tab: "Page", page_file: Path) -> None:
    _to_trials(tab, page_file)
    tab.get_by_role("button", name="Play A").click()
    tab.get_by_role("slider", name="Quality of C").focus()
    tab.keyboard.press("ArrowRight")
    assert tab.get_by_role("button", name="Play C").get_attribute("aria-pressed") == "true"
    assert tab.evaluate("rating.player.chosen") == 3


def test_what_is_hidden_stays_hidden(tab: "Page", page_file: Path, trials: list[Trial]) -> None:
    _to_trials(tab, page_file)
    shown = tab.locator("#rating").inner_html()
    for name in trials[0].sounds:
        assert name == REFERENCE or name not in shown
    assert [len(shown.split(f"Play {letter}")) for letter in "ABCDE"] == [2] * 5


def test_sound_is_heard_and_paused(tab: "Page", page_file: Path) -> None:
    _to_trials(tab, page_file)
    tab.evaluate(
        """() => {
          const meter = player.context.createAnalyser();
          player.output.connect(meter);
          window.level = () => {
            const samples = new Float32Array(2048);
            meter.getFloatTimeDomainData(samples);
            return Math.max(...samples.map(Math.abs));
          };
        }"""
    )
    tab.keyboard.press("Space")
    tab.wait_for_function("() => level() > 0.01")
    assert tab.get_by_role("button", name="Pause").get_attribute("aria-pressed") == "true"
    tab.keyboard.press("Space")
    tab.wait_for_function("() => level() === 0")


def test_a_screen_reader_is_told(tab: "Page", page_file: Path) -> None:
    _to_trials(tab, page_file)
    tab.keyboard.press("b")
    assert tab.get_by_role("status").filter(has_text="Playing B").count() == 1
    tab.keyboard.press("ArrowRight")
    slider = tab.get_by_role("slider", name="Quality of B")
    assert slider.get_attribute("aria-valuetext") == "51, Fair"
    unnamed = tab.locator("button:visible, input:visible").evaluate_all(
        """all => all.filter((one) => !(one.getAttribute('aria-label') || one.textContent.trim()
          || (one.labels && one.labels.length)))"""
    )
    assert unnamed == []


def test_results_go_to_the_address_and_to_no_other(
    tab: "Page", trials: list[Trial], tmp_path: Path, post_box: tuple[str, list[bytes]]
) -> None:
    address, received = post_box
    file = tmp_path / "post.html"
    file.write_text(page(trials, Words(post=address)), encoding="utf-8")
    tab.goto(file.as_uri())
    tab.evaluate(
        """[0, 1, 2, 3].forEach((entry) => store.answer(entry));
        go({screen: 'end', seed: 1, finished: 'now'})"""
    )
    tab.get_by_role("button", name="Send the ratings").click()
    tab.get_by_text("Sent. Thank you!").wait_for()
    assert json.loads(received[0])["test"] == identity(trials)


def test_results_that_do_not_arrive_are_told(
    browser: object, trials: list[Trial], tmp_path: Path
) -> None:
    file = tmp_path / "post.html"
    file.write_text(page(trials, Words(post="http://127.0.0.1:9/")), encoding="utf-8")
    tab = browser.new_page()  # type: ignore[attr-defined]  # its console will tell the failure
    tab.goto(file.as_uri())
    assert tab.evaluate("send('http://127.0.0.1:9/', {})") is False
    assert tab.evaluate("fetch('http://127.0.0.1:10/').catch((error) => 'refused')") == "refused"
    tab.close()


@pytest.fixture
def post_box() -> Iterator[tuple[str, list[bytes]]]:
    """A server that keeps what is posted to it."""
    received: list[bytes] = []

    class Box(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()

        def log_message(self, *words: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Box)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/results", received
    server.shutdown()
    thread.join()
    server.server_close()


def _to_trials(tab: "Page", file: Path, seed: str = "1") -> None:
    """Go through start, volume and practice to the first trial."""
    tab.goto(file.as_uri())
    tab.get_by_label("Your name or code").fill("ann")
    tab.get_by_text("Order of the sounds").click()
    tab.get_by_label("Seed").fill(seed)
    tab.get_by_role("button", name="Begin").click()
    tab.get_by_role("button", name="It is comfortable").click()
    _wait_for_sounds(tab)
    for further in ("Next sound", "Begin the test"):
        for letter in "ABCDE":
            tab.get_by_role("button", name=f"Play {letter}").click()
        tab.get_by_role("button", name=further).click()
        _wait_for_sounds(tab)
    tab.get_by_role("heading", name="Sound 1 of 2").wait_for()
    _wait_for_sounds(tab)


def _rate_all(tab: "Page") -> None:
    for letter in "abcde":
        tab.keyboard.press(letter)
        tab.keyboard.press("ArrowLeft")


def _wait_for_sounds(tab: "Page") -> None:
    tab.wait_for_function(
        "() => store.state.screen === 'rating' && player.buffers.length > 1"
        " && !document.querySelector('#rating').hasAttribute('aria-busy')"
    )
