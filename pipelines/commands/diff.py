"""`gmn diff`: what differs between two networks, and what one calls the other's tensors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.commands.command import Document, No, command
from pipelines.commands.inputs import ARCHITECTURE, WEIGHTS
from pipelines.commands.networks import read
from pipelines.commands.outputs import replace_option
from pipelines.commands.view import PAGE, write
from pipelines.errors import PipelineError

if TYPE_CHECKING:
    from graphgen import Diff


@command(
    examples=(
        "gmn diff net.yaml model.pt2",
        "gmn diff net.yaml net.yaml --weights-a a.safetensors --weights-b b.safetensors",
    )
)
@click.argument("a", type=ARCHITECTURE)
@click.argument("b", type=ARCHITECTURE)
@click.option("--weights-a", type=WEIGHTS, help="Weights of A; by default a model's own.")
@click.option("--weights-b", type=WEIGHTS, help="Weights of B.")
@click.option("--structure", is_flag=True, help="Compare architectures alone, also of models.")
@click.option(
    "--align/--no-align",
    default=None,
    help="Look for a symmetry between the weights; by default of three million at most.",
)
@click.option(
    "--names",
    "names_file",
    type=click.Path(path_type=Path),
    help="File for the section `checkpoint` by which A's description reads B's files.",
)
@click.option(
    "--page",
    type=click.Path(path_type=Path),
    help="Page (.html) of both, as of `gmn view --against`; needs weights and one graph.",
)
@click.option("--exit-code", is_flag=True, help="End with 1 where anything differs.")
@replace_option
def diff(
    a: Path,
    b: Path,
    weights_a: Path | None,
    weights_b: Path | None,
    structure: bool,
    align: bool | None,
    names_file: Path | None,
    page: Path | None,
    exit_code: bool,
    replace: bool,
) -> Document | No:
    """Compare two networks A and B (YAML, a reference network's name, or a model).

    Prints a line a difference: layers that were added (+), removed (-) and changed (~), and what
    makes no difference to the function (=). Weights are compared modulo the network's symmetries:
    permuted neurons are the same network.
    """
    import graphgen
    from graphgen.differences.variables import authored
    from graphgen.files import claim_file

    if structure and (weights_a or weights_b):
        raise click.UsageError("--structure compares no weights: leave it or them away")
    if page is not None and page.suffix.lower() not in PAGE:
        raise PipelineError(f"{page}: expected the name of a page (.html)")
    for target in filter(None, (names_file, page)):
        claim_file(target, replace)
    sides = []
    for net, weights in ((a, weights_a), (b, weights_b)):
        architecture, own = read(net, {})
        sides.append((architecture, None if structure else weights or own))
    (first, ours), (second, theirs) = sides
    if ours is None or theirs is None:
        if weights_a or weights_b:
            raise click.UsageError("--weights-a and --weights-b go together: give both, or none")
        ours = theirs = None
    nets = [str(net) if authored(str(net)) else side for net, side in ((a, first), (b, second))]
    found = graphgen.diff(nets[0], nets[1], ours, theirs, align=align)
    click.echo(str(found))
    document: dict[str, Any] = {
        "a": a, "b": b, **found.plain(), "names_file": names_file, "page": page,
    }  # fmt: skip
    if names_file is not None:
        write(names_file, section(found, a, b))
        click.echo(f"{names_file}: how {a} reads the files of {b}")
    if page is not None:
        write(page, drawn(found, ours, theirs, f"{a.stem}, {b.stem}"))
        click.echo(str(page))
    return No(document) if exit_code and found else document


def section(found: Diff, a: Path, b: Path) -> str:
    """Write the map of names as the language has it."""
    import yaml

    if found.names is None:
        why = "names agree" if found.same_function else "the graphs differ"
        raise PipelineError(f"there is no map of names of {a} and {b}: {why}")
    told = {"checkpoint": found.names.checkpoint()}
    return str(yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=100))


def drawn(found: Diff, ours: Any, theirs: Any, name: str) -> str:
    """Draw both networks, the second as it lies on the first."""
    from graphgen import drawing

    if ours is None or not found.same_function:
        why = "the graphs differ" if ours is not None else "there are no weights to compare"
        raise PipelineError(f"--page shows two networks of one graph with their weights: {why}")
    moved = theirs if found.names is None else found.names.apply(theirs)
    return drawing.view(found.first, ours, name=name, against=moved)
