"""`gmn compile`: a network, or a whole zoo, as graphs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipelines.commands.command import Document, command
from pipelines.commands.crew import crew_options
from pipelines.commands.inputs import SETTINGS, SOURCE, WEIGHTS
from pipelines.commands.networks import is_model, network_of
from pipelines.commands.outputs import replace_option
from pipelines.commands.variables import variables_option


@command(
    "compile",
    examples=("gmn compile net.yaml weights.safetensors", "gmn compile out/zoo --out out/graphs"),
)
@click.argument("source", type=SOURCE)
@click.argument("weights", type=WEIGHTS, required=False)
@click.option("--out", type=click.Path(path_type=Path), help="Folder for a graph set.")
@click.option(
    "--params",
    type=SETTINGS,
    default=Path("params.yaml"),
    show_default=True,
    help="Settings of the splits, for a zoo.",
)
@click.option(
    "--kind",
    type=click.Choice(["parameter", "computation"]),
    default="parameter",
    show_default=True,
    help="The graph that is printed; graph sets hold parameter graphs.",
)
@click.option(
    "--views-of",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A graph set of the same zoo, as one with other splits, whose views are taken over.",
)
@crew_options
@replace_option
@variables_option
def compile_(
    source: Path,
    weights: Path | None,
    out: Path | None,
    params: Path,
    kind: str,
    views_of: Path | None,
    workers: int | None,
    scheduler: str | None,
    replace: bool,
    variables: dict[str, Any],
) -> Document:
    """Compile SOURCE: an architecture (YAML) with its WEIGHTS, a model, or a zoo's folder.

    Prints the graph; with --out also writes it as a graph set of one network. A zoo is compiled
    into the graph set --out, with splits.
    """
    if source.is_dir() and not is_model(source):
        if out is None:
            raise click.UsageError("a zoo needs --out, the folder of its graph set")
        from pipelines.commands.views import about_views, say_views
        from pipelines.compile import SPLITS, compile_zoo
        from pipelines.out_of_distribution import OUT_OF_DISTRIBUTION

        graphs = compile_zoo(params, source, out, replace, workers, scheduler, views_of)
        about = graphs.index["about"]
        sizes = about["networks"]
        counts = ", ".join(
            f"{sizes[name]} {name}" for name in (*SPLITS, *OUT_OF_DISTRIBUTION) if name in sizes
        )
        click.echo(f"{out}: {len(graphs)} graphs ({counts}), {about['diverged']} diverged left out")
        say_views(graphs)
        return {
            "out": out,
            "hash": graphs.hash,
            "graphs": len(graphs),
            "splits": sizes,
            "diverged": about["diverged"],
            "views": about_views(graphs),
        }
    import graphgen
    from graphgen.errors import concerning

    if views_of is not None:
        raise click.UsageError("only a zoo's graph set keeps views: leave --views-of out")
    if scheduler is not None or workers is not None:
        raise click.UsageError("only a zoo is compiled by several: leave --workers out")
    architecture, checkpoint, place = network_of(source, weights, variables)
    with concerning(place):
        graph = graphgen.compile(architecture, checkpoint.weights, kind)
    click.echo(str(graph))
    if out is not None:
        network = architecture, graph.weights(), {"name": click.format_filename(place)}
        graphgen.GraphSet.write(out, [network], replace=replace)
        click.echo(f"{out}: 1 graph")
    return {
        "network": place,
        "architecture": architecture.hash,
        "kind": kind,
        "nodes": graph.num_nodes,
        "edges": graph.num_edges,
        "blocks": len(graph.blocks),
        "out": out,
    }
