"""Pages of a few networks, open in a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from drawing.browser_pages import Looking, made
from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.fixture
def look(browser: Browser, folder: Path) -> Iterator[Callable[..., Looking]]:
    """Open a page from disk; at the end nothing was complained about, and nothing was asked for."""
    opened: list[Looking] = []

    def open_page(name: str, address: str = "", **options: object) -> Looking:
        path = folder / f"{name}.html"
        if not path.exists():
            path.write_text(made(name).html, encoding="utf-8")
        opened.append(Looking(browser, made(name), path, address, options))
        return opened[-1]

    yield open_page
    for each in opened:
        each.closed()
