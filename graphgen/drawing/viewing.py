"""The public functions: a page of a network, and a small static picture."""

from __future__ import annotations

from graphgen.drawing.comparing import Against
from graphgen.graph import Graph
from graphgen.sources import Net, Weights
from graphgen.template import Template


def view(
    net: Net | Graph | Template,
    weights: Weights | None = None,
    *,
    name: str | None = None,
    against: Against | None = None,
    kind: str = "parameter",
    examples: int = 2,
    seed: int = 0,
) -> str:
    """Give a page that shows a network: HTML that opens from disk, without a server or a network.

        Path("net.html").write_text(graphgen.drawing.view(net, weights), encoding="utf-8")

    Blocks of edges are drawn as matrices, whose rows line up with the neurons that they lead to;
    without weights the structure alone. `name` is the page's title, by default the network's own.
    `against` are weights of the same architecture, which are
    matched onto these and shown beside them. Each symmetry comes with so many `examples`.
    """
    from graphgen.drawing.page import page
    from graphgen.drawing.values import page_data

    data, numbers = page_data(
        net, weights, name=name, against=against, kind=kind, examples=examples, seed=seed
    )
    return page(data, numbers)


def svg(
    net: Net | Graph | Template,
    weights: Weights | None = None,
    *,
    kind: str = "parameter",
    width: float | None = None,
    dark: bool | None = None,
) -> str:
    """Give a small static picture of a network, as an SVG of its own.

        Path("net.svg").write_text(graphgen.drawing.svg(net, weights), encoding="utf-8")

    `width` is that of the picture in pixels, by default its own; `dark` is by default what the
    reader's system prefers.
    """
    from graphgen.drawing.svg import draw
    from graphgen.drawing.values import network

    found = network(net, weights, kind)
    graph = found.template if found.arrays is None else found.template.bind(found.arrays)
    return draw(graph, width=width, dark=dark)
