"""`gmn layers`: what can a description say?"""

from __future__ import annotations

import click

from pipelines.commands.command import Document, command
from pipelines.commands.names import layers as layer_names


@command(examples=("gmn layers", "gmn layers conv2d"))
@click.argument("name", required=False, shell_complete=layer_names)
def layers(name: str | None) -> Document:
    """List all layers by families, or tell about one: NAME.

    Fields with defaults, an example, shapes, tensors, primitives, PyTorch's name and the paper.
    """
    import spec.guide

    text = spec.guide.listing() if name is None else spec.guide.page(name)
    click.echo(text, nl=False)
    if name is not None:
        return {"layer": name, "page": text}
    return {"families": dict(spec.guide.families.by_family())}
