"""Reports of made-up results, open in a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import Window
from playwright.sync_api import Browser

from pipelines.report import write_report
from tests.pipelines.report_page import experiment


class Report(Window):
    """A report that is open in a browser, and what it was written from."""

    def __init__(
        self, browser: Browser, path: Path, made_from: dict[str, Any], options: dict[str, Any]
    ) -> None:
        self.made_from = made_from
        super().__init__(browser, path, options.pop("address", ""), options)

    def chart(self, name: str) -> int:
        """Bring a chart into view by the beginning of its description; give its number."""
        place = self.page.locator(f'[data-chart][aria-label^="{name}"]')
        place.scroll_into_view_if_needed()
        place.locator("canvas").wait_for()
        self.settled()
        return int(place.get_attribute("data-chart") or "")

    def place(self, chart: int, network: int) -> tuple[float, float]:
        """Give where on the screen a network's mark in a chart is."""
        found = self.run(
            """([chart, name]) => {
                const plot = report.plot(report.places[chart]);
                const place = report.networks.place.get(name);
                const mark = plot.picture.marks.find((each) => each.network === place);
                const { left, top } = plot.plot.over.getBoundingClientRect();
                const [x, y] = plot.spot(mark);
                return [left + x, top + y];
            }""",
            [chart, str(network)],
        )
        return found[0], found[1]

    def ringed(self, chart: int, network: int) -> bool:
        """Say whether the ring of what is selected is drawn around a network in a chart."""
        x, y = self.place(chart, network)
        found: bool = self.run(
            """([chart, x, y]) => {
                const { ctx } = report.plot(report.places[chart]).plot;
                const { left, top } = ctx.canvas.getBoundingClientRect();
                const root = getComputedStyle(document.documentElement);
                const wanted = root.getPropertyValue("--chosen").trim();
                const rgb = [1, 3, 5].map((i) => parseInt(wanted.slice(i, i + 2), 16));
                const ratio = devicePixelRatio;
                const at = [Math.round((x - left - 9) * ratio), Math.round((y - top - 9) * ratio)];
                const { data } = ctx.getImageData(...at, 18 * ratio, 18 * ratio);
                for (let i = 0; i < data.length; i += 4) {
                    if (rgb.every((part, at) => Math.abs(data[i + at] - part) < 9)) return true;
                }
                return false;
            }""",
            [chart, x, y],
        )
        return found


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("report")
    arguments = experiment(folder, seeds=3)
    return write_report(folder / "report.html", **arguments), arguments


@pytest.fixture
def look(browser: Browser, written: tuple[Path, dict[str, Any]]) -> Iterator[Callable[..., Report]]:
    """Open a report from disk; at the end nothing was complained of, and nothing asked for."""
    opened: list[Report] = []

    def open_page(**options: Any) -> Report:
        opened.append(Report(browser, *written, options))
        return opened[-1]

    yield open_page
    for each in opened:
        each.closed()
