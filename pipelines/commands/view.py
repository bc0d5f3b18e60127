"""`gmn view`: a network as a page to look around in, or as a small picture."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.commands.command import Document, command
from pipelines.commands.inputs import ARCHITECTURE, WEIGHTS
from pipelines.commands.networks import read
from pipelines.commands.outputs import replace_option
from pipelines.commands.variables import variables_option
from pipelines.errors import PipelineError

if TYPE_CHECKING:
    from spec import Architecture

PAGE, PICTURE = (".html", ".htm"), ".svg"


@command(
    examples=(
        "gmn view net.yaml weights.safetensors -o net.html",
        "gmn view net.yaml a.safetensors --against b.safetensors -o both.html",
        "gmn view resnet -o resnet.svg",
    )
)
@click.argument("net", type=ARCHITECTURE)
@click.argument("weights", type=WEIGHTS, required=False)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="The page (.html) or picture (.svg) to write; by default NET's name with .html, here.",
)
@click.option(
    "--against",
    type=WEIGHTS,
    help="Weights of the same architecture, matched onto WEIGHTS and shown beside them.",
)
@click.option(
    "--kind",
    type=click.Choice(["parameter", "computation"]),
    default="parameter",
    show_default=True,
    help="The graph that is shown.",
)
@click.option("--open", "opens", is_flag=True, help="Open it in a browser.")
@click.option("--serve", is_flag=True, help="Show it on this machine's localhost; write no file.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port of --serve; else a free one.")
@replace_option
@variables_option
def view(
    net: Path,
    weights: Path | None,
    out: Path | None,
    against: Path | None,
    kind: str,
    opens: bool,
    serve: bool,
    port: int | None,
    replace: bool,
    variables: dict[str, Any],
) -> Document:
    """See a network NET (YAML, a reference network's name, or a model), with its WEIGHTS.

    Writes one page that opens from disk, without a network: blocks of edges as matrices, down to
    single weights; their statistics; symmetries beside a control. Without WEIGHTS it shows the
    structure alone.
    """
    from graphgen import drawing
    from graphgen.errors import concerning
    from graphgen.files import claim_file

    if serve and out is not None:
        raise click.UsageError("--serve writes no file: leave --out away, or --serve")
    if port is not None and not serve:
        raise click.UsageError("--port is that of --serve, which is not given")
    name = net.stem or net.resolve().stem
    target = out if out is not None else Path(f"{name}.html")
    picture = target.suffix.lower() == PICTURE
    if not picture and target.suffix.lower() not in PAGE:
        raise PipelineError(f"{target}: expected the name of a page (.html) or a picture (.svg)")
    if picture and against is not None:
        raise click.UsageError("a picture shows one network: --against needs a page (.html)")
    if not serve:
        claim_file(target, replace)
    architecture, found = read(net, variables)
    if against is not None and found is None and weights is None:
        raise click.UsageError("--against compares weights: give WEIGHTS to compare them with")
    with concerning(weights or net):
        given = weights if weights is not None else found
        if picture:
            text = drawing.svg(architecture, given, kind=kind)
        else:
            text = drawing.view(architecture, given, name=name, against=against, kind=kind)
    document = {
        "architecture": architecture.hash,
        "kind": kind,
        "written": None if serve else target,
        "bytes": len(text.encode()),
        "parameters": sum(prod(shape) for shape in architecture.parameters.values()),
    }
    if serve:
        show(text, port or 0, opens)
        return document
    write(target, text)
    click.echo(f"{target}: {size(text)}, {facts(architecture)}")
    if opens:
        launch(target.resolve().as_uri())
    return document


def write(target: Path, text: str) -> None:
    """Write a page as a whole."""
    from graphgen.files import atomic_path

    with atomic_path(target) as path:
        path.write_text(text, encoding="utf-8")


def size(text: str) -> str:
    """Say how large a page is."""
    count = len(text.encode())
    return f"{count / 1e6:.2f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def facts(net: Architecture) -> str:
    """Count what an architecture has."""
    count = sum(prod(shape) for shape in net.parameters.values())
    return f"{count:,} parameters in {len(net.parameters)} tensors"


def launch(address: str) -> None:
    """Open an address in a browser, or say that there is none."""
    import webbrowser

    if not webbrowser.open(address):
        click.echo(f"no browser was found: open {address} in one", err=True)


def show(text: str, port: int, opens: bool) -> None:
    """Serve a page on localhost until interrupted."""
    from graphgen.drawing.serving import serve

    try:
        serve(text, port, started=launch if opens else None)
    except OSError as error:
        raise PipelineError(
            f"port {port} of localhost cannot be had ({error.strerror}); name another by --port"
        ) from error
