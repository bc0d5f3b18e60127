"""Pages of the viewer in headless Chromium without a GPU: size, first picture, panning.

Frames a second are at most 60, and wall times are those of a machine that may be busy with other
things: processor time tells what the page itself asks for. That of the main thread, which reads the
page, unpacks its data and draws, bounds the first picture of an idle machine from above; that of
a frame counts all of Chromium's processes.
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
    """Give the processor time so far of what this process began: Chromium and its driver."""
    parents, ticks = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        process = int(stat.parent.name)
        parents[process], ticks[process] = int(fields[1]), sum(map(int, fields[11:13]))
    ours, found = set(), {os.getpid()}
    while found:
        found = {process for process, parent in parents.items() if parent in found}
        ours |= found
    return sum(ticks[process] for process in ours) / os.sysconf("SC_CLK_TCK")


def measure(browser: Browser, path: Path, frames: int) -> dict[str, Measure]:
    """Open a page and move its map about, whole and near."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    window = context.new_page()
    window.set_default_timeout(300_000)
    session = context.new_cdp_session(window)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    window.goto(path.as_uri())
    window.wait_for_selector("html[data-ready]", state="attached")
    metrics = session.send("Performance.getMetrics")["metrics"]
    opening = next(each["value"] for each in metrics if each["name"] == "TaskDuration")
    drawn = int(window.evaluate("document.documentElement.dataset.drawn"))
    found = {
        "page": Measure(path.stat().st_size / 1e6, "MB", 2),
        "first picture": Measure(drawn / 1000, "s", 1.5),
        "opening, main thread": Measure(opening, "processor s", 1.5),
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
