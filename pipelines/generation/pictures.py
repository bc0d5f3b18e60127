"""Pictures of samples, each over the training network that it is nearest to."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import matplotlib.style
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipelines.generation.population import Population, Rows, tensors_of
from pipelines.generation.sphere_tracing import render
from pipelines.inrs.decode import decode
from pipelines.report.colours import LIGHT

SIZE, RESOLUTION = 1.1, 120


def picture(
    signals: str,
    sizes: Sequence[int],
    population: Population,
    rows: Mapping[str, tuple[Rows, Rows]],
) -> bytes:
    """Draw a PNG with a row of pictures for each entry: its name, weights and decoded values.

    Curves are drawn as lines, images as they are, and solids by sphere tracing. Equal networks give
    equal bytes, with one version of matplotlib.
    """
    count = len(next(iter(rows.values()))[0])
    with matplotlib.style.context("default"):
        figure = Figure(
            figsize=(SIZE * count + 0.7, SIZE * len(rows)), layout="constrained", dpi=RESOLUTION
        )
        axes = figure.subplots(len(rows), count, squeeze=False)
        for line, (name, (values, found)) in zip(axes, rows.items(), strict=True):
            if signals == "curves":
                curves(line, found, sizes)
            else:
                images(line, pictures_of(signals, sizes, population, values, found))
            line[0].set_ylabel(name)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def pictures_of(
    signals: str, sizes: Sequence[int], population: Population, values: Rows, found: Rows
) -> Rows:
    """Give the pictures of networks, (N, height, width, channels), from 0 to 1."""
    if signals == "solids":
        weights = tensors_of(population.template, torch.from_numpy(values))

        def distance(points: Rows) -> Rows:
            with torch.inference_mode():
                places = torch.from_numpy(np.ascontiguousarray(points, np.float32))
                return decode(population.net, weights, places, population.offset)[..., 0].numpy()

        return render(distance, len(values))[..., None]
    return found.reshape(len(found), *sizes, -1).clip(0, 1)


def images(axes: Sequence[Axes], pictures: Rows) -> None:
    """Draw pictures in grey, or in colour where they have three channels."""
    for axis, picture in zip(axes, pictures, strict=True):
        shown = picture if picture.shape[2] == 3 else picture[..., 0]
        axis.imshow(shown, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)


def curves(axes: Sequence[Axes], found: Rows, sizes: Sequence[int]) -> None:
    """Draw curves over [-1, 1], all with the same limits."""
    places, largest = np.linspace(-1, 1, sizes[0]), float(np.abs(found).max()) or 1.0
    for axis, curve in zip(axes, found, strict=True):
        axis.plot(places, curve.reshape(len(places), -1), color=LIGHT[0], linewidth=1)
        axis.set(ylim=(-largest, largest), xticks=[], yticks=[])
