"""Pages of the viewer in headless Chromium without a GPU: size, first picture, panning.

Frames a second are at most 60. Processor time counts all of Chromium's processes, so that it says
what an idle machine could do where this one is busy.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
from playwright.sync_api import Browser, sync_playwright
from result import Measure, save

import spec
from graphgen.drawing.page import page
from graphgen.drawing.values import page_data
from graphgen.sources import reference_networks
from graphgen.testing import random_weights

NETS = Path(spec.__file__).parent / "nets"
WIDE = """
inputs: {x: [784]}
layers: [linear: {out_features: 128}, relu, linear: {out_features: 10}]
"""
LARGE = {
    "gpt2-small": (
        "gpt2.yaml",
        {"vocabulary": 50257, "length": 1024, "width": 768, "heads": 12, "depth": 12},
    ),
    "resnet-50": (
        "published/resnext.yaml",
        {
            "channels": 3, "size": 224, "classes": 1000, "stem": 64, "planes": [64, 128, 256, 512],
            "groups": 1, "base": 64, "blocks": [3, 4, 6, 3],
        },
    ),
}  # fmt: skip
PAN = """
(count) => new Promise((done) => {
    let frame = 0, start = 0;
    const step = (now) => {
        if (frame === 0) start = now;
        else viewer.camera.move(14 * Math.cos(frame / 12), 9 * Math.sin(frame / 7));
        if (frame++ < count) requestAnimationFrame(step);
        else done(1000 * count / (now - start));
    };
    requestAnimationFrame(step);
})
"""


def network(name: str) -> spec.Architecture:
    """Give the network of a name."""
    if name == "edges-1e5":
        return spec.loads(WIDE)
    file, variables = LARGE.get(name, (f"{name}.yaml", {}))
    return spec.load(NETS / file, **variables)


def processor_seconds() -> float:
    """Give the processor time of all processes of Chromium so far."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().partition(") ")
        except OSError:
            continue
        if name.split("(")[-1].startswith(("chrom", "google-chrome")):
            ticks += sum(map(int, rest.split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(browser: Browser, path: Path, frames: int) -> dict[str, Measure]:
    """Open a page and move its map about, whole and near."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    window = context.new_page()
    before = processor_seconds()
    window.goto(path.as_uri())
    window.wait_for_selector("html[data-ready]", state="attached", timeout=300_000)
    opening = processor_seconds() - before
    drawn = int(window.evaluate("document.documentElement.dataset.drawn"))
    found = {
        "page": Measure(path.stat().st_size / 1e6, "MB", 2),
        "first picture": Measure(drawn / 1000, "s", 1.5),
        "opening": Measure(opening, "processor s"),
    }
    for name, zoom in (("whole", 1.0), ("near", 4.0)):
        window.evaluate("(zoom) => { viewer.zoom(zoom, 425, 430); viewer.frame(); }", zoom)
        before = processor_seconds()
        rate = window.evaluate(PAN, frames)
        spent = 1000 * (processor_seconds() - before) / frames
        found[f"panning, {name}"] = Measure(rate, "frames a second")
        found[f"a frame, {name}"] = Measure(spent, "processor ms", 20)
    context.close()
    return found


def main() -> None:
    names = sys.argv[1:] or [*reference_networks(), "edges-1e5", *LARGE]
    measures: dict[str, Measure] = {}
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        for name in names:
            net = network(name)
            weights = random_weights(net, np.random.default_rng(0), np.float32)
            start = perf_counter()
            html = page(*page_data(net, weights))
            writing = perf_counter() - start
            path = Path(folder) / f"{name}.html"
            path.write_text(html, encoding="utf-8")
            found = {"writing": Measure(writing, "s"), **measure(browser, path, 120)}
            print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in found.items()))
            measures |= {f"{name}, {key}": value for key, value in found.items()}
        browser.close()
    if len(names) > 1:
        save("viewer", measures)


if __name__ == "__main__":
    main()
