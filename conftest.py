"""Tests marked `browser` run in a real Chromium: where there is none they are left out, loudly."""

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)

PATIENCE = 300_000  # milliseconds; a machine may be busy


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if CHROMIUM is not None:
        return
    needing = [item for item in items if item.get_closest_marker("browser")]
    items[:] = [item for item in items if item not in needing]
    config.hook.pytest_deselected(items=needing)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    # Told whatever was chosen: with several processes this one has collected nothing.
    if CHROMIUM is None:
        terminalreporter.section("not run", red=True)
        terminalreporter.write_line("tests in a browser: there is no Chromium; make browser")


@pytest.fixture(scope="module")  # not longer, since its event loop keeps others from running
def browser() -> "Iterator[Browser]":
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, timeout=PATIENCE)
        yield chromium
        chromium.close()


@pytest.fixture
def tab(browser: "Browser") -> "Iterator[Page]":
    """A fresh page that keeps nothing of others; what its scripts cannot do fails the test."""
    context = browser.new_context(accept_downloads=True, viewport={"width": 1100, "height": 900})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("console", lambda said: failures.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    assert not failures
