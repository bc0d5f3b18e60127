"""Pages of a few networks, and a browser's window on one of them, for the tests of the viewer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from browsing import Window
from numpy.typing import NDArray
from playwright.sync_api import Browser

import graphgen
from graphgen.drawing.matrix import MatrixView
from graphgen.drawing.page import page
from graphgen.drawing.values import page_data
from graphgen.testing import random_weights


@dataclass(frozen=True)
class Made:
    """A page, with the weights that it shows and the structure that they belong to."""

    html: str
    data: dict[str, Any]
    numbers: NDArray[np.float32]
    weights: dict[str, NDArray[Any]]
    template: graphgen.Template


@cache
def made(name: str) -> Made:
    """Make the page `net` or, with another network beside it, `net-beside`; `net-nan` holds NaN."""
    net, _, variant = name.partition("-")
    weights = random_weights(net, np.random.default_rng(0), np.float32)
    template = graphgen.template(net)
    against = None
    if variant == "beside":
        against = random_weights(net, np.random.default_rng(1), np.float32)
    if variant == "nan":
        first = next(t.name for t in template.edge_tensors if len(t.shape) > 1)
        weights[first].reshape(-1)[5:8] = np.nan
    given = None if variant == "bare" else weights
    data, numbers = page_data(net, given, against=against)
    return Made(page(data, numbers), data, numbers, weights, template)


class Looking(Window):
    """A page of a network that is open in a browser; in its scripts `viewer` is its state."""

    def __init__(
        self, browser: Browser, found: Made, path: Path, address: str, options: dict[str, Any]
    ) -> None:
        self.made = found
        super().__init__(browser, path, address, options)

    def find(self, text: str) -> None:
        """Type into the search, after its key."""
        self.page.locator("#map").focus()
        self.page.keyboard.press("/")
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")
        self.settled()

    def block(self, tensor: str) -> int:
        """Give the index of the block that owns a tensor."""
        blocks = self.made.template.blocks
        return next(i for i, b in enumerate(blocks) if b.tensor == tensor and not b.tied)

    def place(
        self, tensor: str, coordinate: tuple[int, ...], across: float = 0.5
    ) -> tuple[float, float]:
        """Give where on the screen an element of a tensor is, so far across it."""
        index = self.block(tensor)
        y, x = MatrixView(self.made.template.blocks[index]).place(tuple(map(int, coordinate)))
        found = self.run(
            """([index, y, x, across]) => {
                const box = viewer.network.boxOfBlock.get(index);
                const part = viewer.layout.boxes.get(box.id);
                const { width, height } = viewer.network.matrices[index];
                const { left, top } = viewer.canvas.getBoundingClientRect();
                const { camera } = viewer;
                return [left + camera.x + (part.x + (x + across) * part.w / width) * camera.k,
                        top + camera.y + (part.y + (y + .5) * part.h / height) * camera.k];
            }""",
            [index, y, x, across],
        )
        return found[0], found[1]

    def displayed(self, which: str = "this") -> dict[int, NDArray[np.float32]]:
        """Read every block that is held value by value, as it is drawn now."""
        found = self.run(
            """(which) => viewer.network.blocks.map((block, index) => {
                const grid = viewer.grids.exact(index, which);
                return grid && [grid.height, grid.width, [...grid.array].map(String)];
            })""",
            which,
        )
        return {
            index: np.array(grid[2], dtype=np.float64).astype(np.float32).reshape(grid[:2])
            for index, grid in enumerate(found)
            if grid is not None
        }

    def pixel(self, x: float, y: float) -> list[int]:
        """Read the colour of a place on the screen from the map."""
        found: list[int] = self.run(
            """([x, y]) => {
                const { left, top } = viewer.canvas.getBoundingClientRect();
                const ratio = viewer.canvas.width / viewer.canvas.clientWidth;
                const place = [(x - left) * ratio, (y - top) * ratio];
                return [...viewer.context.getImageData(...place, 1, 1).data];
            }""",
            [x, y],
        )
        return found[:3]
