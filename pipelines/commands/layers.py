"""`gmn layers`: what can a description say?"""

from __future__ import annotations

import click


@click.command()
@click.argument("name", required=False)
def layers(name: str | None) -> None:
    """List all layers by families, or tell about one: NAME.

    Fields with defaults, an example, shapes, tensors, primitives, PyTorch's name and the paper.
    """
    import spec.guide

    click.echo(spec.guide.listing() if name is None else spec.guide.page(name), nl=False)
