"""A browser, and a window on a page on disk; without Chromium tests fail, and say what to do."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 60_000
"""Milliseconds that a busy machine is given."""
SERIOUS = ("serious", "critical")
SCREENSHOTS = os.environ.get("SCREENSHOTS")
NUMBERS = count()


def chromium() -> str:
    """Give the path of a Chromium, or fail: these tests are not skipped in silence."""
    for name in PROGRAMS:
        found = shutil.which(name)
        if found:
            return found
    pytest.fail(
        "pages are tested in Chromium, which is not installed: run .ci/browser as root "
        "(or: apt-get update; apt-get install -y chromium)"
    )


@contextmanager
def chromium_browser() -> Iterator[Browser]:
    """Start a browser: one at a time in a process, so tests share the fixture `browser`."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        yield found
        found.close()


def name_of_test() -> str:
    """Name the test that runs, as a file may be called."""
    test = os.environ["PYTEST_CURRENT_TEST"].rpartition(" ")[0].removeprefix("tests/")
    return re.sub(r"[^\w.=-]+", "-", test.replace(".py", "")).strip("-")


class Window:
    """A page that is open in a browser, what it complained of, and what it asked for."""

    def __init__(self, browser: Browser, path: Path, address: str, options: dict[str, Any]) -> None:
        window = {"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce"}
        self.page = browser.new_context(**{**window, **options}).new_page()
        self.page.set_default_timeout(PATIENCE)
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complained(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked(request.url))
        self.page_address = path.as_uri()
        self.page.goto(self.page_address + address)
        self.ready()

    def complained(self, text: str) -> None:
        """Keep a complaint, but for one about these tests, which read pixels back."""
        if "Multiple readback operations" not in text:
            self.complaints.append(text)

    def asked(self, url: str) -> None:
        """Keep what was asked for, but for pictures that the page holds itself."""
        if not url.startswith(("data:", "blob:")):
            self.requests.append(url.split("#")[0])

    def ready(self) -> None:
        """Wait until the page has furnished itself."""
        self.page.wait_for_selector("html[data-ready]", state="attached")

    def run(self, script: str, argument: Any = None) -> Any:
        """Evaluate JavaScript in the page."""
        return self.page.evaluate(script, argument)

    def settled(self) -> None:
        """Wait for two frames."""
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def closed(self) -> None:
        """Close the page, and see that it complained of nothing and asked only for itself.

        Its last look is kept in the folder that the variable SCREENSHOTS names, if there is one.
        """
        if SCREENSHOTS:
            self.page.screenshot(path=Path(SCREENSHOTS, f"{name_of_test()}-{next(NUMBERS)}.png"))
        self.page.context.close()
        assert self.complaints == []
        assert self.requests == [self.page_address]


def serious_faults(page: Page) -> list[tuple[str, list[str]]]:
    """List the serious and critical faults that axe-core finds in a page, and where."""
    return [
        (fault["id"], [node["html"][:120] for node in fault["nodes"]])
        for fault in Axe().run(page).response["violations"]
        if fault["impact"] in SERIOUS
    ]
