"""What commands say of the views that a graph set keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from graphgen import GraphSet


def say_views(graphs: GraphSet) -> None:
    """Print a line for each view: its folder, its size, and what it cost."""
    for view in map(graphs.view, graphs.views):
        made = f"made in {view.seconds['make']:.1f} s, " if view.made_of else ""
        click.echo(
            f"{view.folder}: {len(view.columns)} numbers of each {view.level}, {made}computed "
            f"in {view.seconds['compute']:.1f} s of processor time"
        )


def about_views(graphs: GraphSet) -> list[dict[str, Any]]:
    """Give the same for programs."""
    return [
        {
            "folder": view.folder,
            "level": view.level,
            "columns": len(view.columns),
            "seconds": view.seconds,
        }
        for view in map(graphs.view, graphs.views)
    ]
