"""`gmn import`: a model of another framework as an architecture in YAML, with its weights."""

from __future__ import annotations

import contextlib
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.commands.command import Document, command
from pipelines.commands.inputs import MODEL
from pipelines.commands.outputs import replace_option
from pipelines.errors import PipelineError

if TYPE_CHECKING:
    from graphgen.importers import Imported

FILE = click.Path(path_type=Path)
MOST_CHECKED = 1 << 24
"""A model of more parameters is compared with its framework if that is asked for."""


def parse_shapes(
    context: click.Context, parameter: click.Parameter, pairs: tuple[str, ...]
) -> dict[str, tuple[int, ...]]:
    """Read shapes such as `x=3,32,32`."""
    result = {}
    for pair in pairs:
        name, _, sizes = pair.rpartition("=")
        numbers = sizes.split(",")
        if not name or not all(n.isascii() and n.isdigit() and 0 < len(n) < 10 for n in numbers):
            raise click.BadParameter(
                f"expected NAME=SIZES, such as x=3,32,32, got {pair!r}", context, parameter
            )
        result[name] = tuple(map(int, numbers))
    return result


def parse_axis(context: click.Context, parameter: click.Parameter, value: str) -> int | str | None:
    """Read an axis, `none` or `auto`."""
    if value == "auto":
        return value
    if value == "none":
        return None
    if value.isascii() and value.isdigit() and len(value) < 3:
        return int(value)
    raise click.BadParameter(f"expected 0, 1, ..., none or auto, got {value!r}", context, parameter)


@command(
    "import",
    examples=(
        "gmn import model.onnx",
        "gmn import model.pt2 -o mlp.yaml --weights mlp.safetensors",
    ),
)
@click.argument("model", type=MODEL)
@click.option("-o", "--out", type=FILE, help="The YAML file to write; printed without it.")
@click.option("--weights", type=FILE, help="A file (.safetensors, .npz) for the weights, too.")
@click.option(
    "--check/--no-check",
    default=None,
    help="Compare with the framework on random inputs; by default up to 16 million parameters.",
)
@click.option(
    "--shape",
    "shapes",
    multiple=True,
    callback=parse_shapes,
    metavar="NAME=SIZES",
    help="The shape of an input that is left open, without the batch: input_ids=128, x=3,32,32.",
)
@click.option("--output", "outputs", multiple=True, help="The name of an output that is meant.")
@click.option(
    "--batch-axis",
    callback=parse_axis,
    default="auto",
    help="The axis of the inputs that holds the samples, or none; by default it is found.",
)
@replace_option
def import_(
    model: Path,
    out: Path | None,
    weights: Path | None,
    check: bool | None,
    shapes: dict[str, tuple[int, ...]],
    outputs: tuple[str, ...],
    batch_axis: int | str | None,
    replace: bool,
) -> Document:
    """Import MODEL as an architecture in YAML: an .onnx or .pt2 file, or a Hugging Face folder.

    What cannot be said exactly is refused, and then nothing is written. Commands that take an
    architecture take MODEL itself, too.
    """
    from graphgen.files import claim_file
    from graphgen.importers import read_model

    for path in (out, weights):
        if path is not None:
            claim_file(path, replace)
    if weights is not None and weights.suffix.lower() not in (".safetensors", ".npz"):
        raise PipelineError(f"{weights}: weights are written as .safetensors or .npz; name it so")
    if out is not None and weights is not None and out.resolve() == weights.resolve():
        raise PipelineError(f"{out}: is named for the architecture and for the weights; name two")
    imported = read_model(model, shapes=shapes, outputs=outputs, batch_axis=batch_axis)
    verdict = verdict_of(imported, model, check, outputs)
    write(imported, out, weights)
    if out is None:
        click.echo(imported.text, nl=False)
    count = sum(prod(shape) for shape in imported.net.parameters.values())
    written = [str(path) for path in (out, weights) if path is not None]
    click.echo(
        f"{', '.join(written) or model}: {len(imported.net.layers)} layers, {count:,} parameters "
        f"in {len(imported.net.parameters)} tensors" + (f", from {model}" if written else ""),
        err=out is None,
    )
    click.echo(verdict, err=out is None)
    document = {
        "model": model,
        "architecture": out if out is not None else imported.text,
        "weights": weights,
        "hash": imported.net.hash,
        "layers": len(imported.net.layers),
        "parameters": count,
        "checked": verdict,
        "unsaid": list(imported.unsaid),
    }
    if imported.unsaid and weights is None and model.is_dir():
        shown = ", ".join(imported.unsaid[:3]) + (", ..." if len(imported.unsaid) > 3 else "")
        click.echo(
            f"{model} has {len(imported.unsaid)} tensors in another form ({shown}), so that it is "
            "not fit to be WEIGHTS of this architecture; --weights writes those that are",
            err=out is None,
        )
    return document


def verdict_of(
    imported: Imported, model: Path, check: bool | None, outputs: tuple[str, ...]
) -> str:
    """Compare an import with its framework, and say how that went."""
    from graphgen.importers.checking import UncheckedError, checked

    if check is None:
        size = sum(array.size for array in imported.weights.values())
        if size > MOST_CHECKED:
            return f"not checked against the framework: it has {size:,} numbers; --check does it"
    elif not check:
        return "not checked against the framework"
    try:
        return checked(imported, model, outputs)
    except UncheckedError as reason:
        if check:
            raise PipelineError(f"{model}: cannot be checked: {reason}") from reason
        return f"not checked against the framework: {reason}"


def write(imported: Imported, out: Path | None, weights: Path | None) -> None:
    """Write the files that are asked for, both or none."""
    from graphgen.files import atomic_path, write_weights

    with contextlib.ExitStack() as files:
        if out is not None:
            text = files.enter_context(atomic_path(out))
            text.write_text(imported.text, encoding="utf-8")
        if weights is not None:
            write_weights(files.enter_context(atomic_path(weights)), imported.weights)
