"""`gmn check`: is a description, with its weights, in order, and is it of your network?"""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.commands.command import Document, No, command
from pipelines.commands.inputs import ARCHITECTURE, ARRAYS, WEIGHTS
from pipelines.commands.networks import is_model, network_of
from pipelines.commands.variables import variables_option

if TYPE_CHECKING:
    from graphgen import Checkpoint
    from graphgen.comparison import Difference
    from spec import Architecture


@command(
    examples=(
        "gmn check net.yaml weights.safetensors --values",
        "gmn check net.yaml weights.safetensors --inputs x.npy --outputs y.npy",
    )
)
@click.argument("net", type=ARCHITECTURE)
@click.argument("weights", type=WEIGHTS, required=False)
@click.option("--values", is_flag=True, help="Read the weights and refuse NaN and infinity.")
@click.option("--resolved", is_flag=True, help="Print the resolved form as YAML.")
@click.option(
    "--inputs",
    type=ARRAYS,
    multiple=True,
    help="A batch of inputs (.npy); for several, one each in order, or .npz by their names.",
)
@click.option(
    "--outputs",
    type=ARRAYS,
    multiple=True,
    help="What the network gives for them, as it is compared with; likewise.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="The largest difference, as a share of the spread of an output; else by the dtype.",
)
@variables_option
def check(
    net: Path,
    weights: Path | None,
    values: bool,
    resolved: bool,
    inputs: tuple[Path, ...],
    outputs: tuple[Path, ...],
    tolerance: float | None,
    variables: dict[str, Any],
) -> Document | No:
    """Check a network NET (YAML, or a model), and WEIGHTS (a file or folder) against it.

    With --inputs and --outputs it is run, and compared with what your own network gives; the exit
    code is 1 if they differ.
    """
    import yaml

    own = weights is None and is_model(net)
    if own or weights is not None:
        architecture, checkpoint, place = network_of(net, weights, variables)
    else:
        from pipelines.commands.networks import architecture_of

        architecture, checkpoint, place = architecture_of(net, variables), None, net
    document: dict[str, Any] = {
        "name": architecture.name,
        "hash": architecture.hash,
        "layers": len(architecture.layers),
        "parameters": sum(map(prod, architecture.parameters.values())),
        "inputs": architecture.inputs,
        "outputs": dict(zip(architecture.outputs, architecture.output_shapes, strict=True)),
    }
    if resolved:
        document["resolved"] = architecture.resolved()
        text = yaml.safe_dump(architecture.resolved(), sort_keys=False, default_flow_style=None)
        click.echo(text, nl=False)
    else:
        click.echo(str(architecture))
        click.echo(f"hash {architecture.hash}")
    if checkpoint is None:
        for option, given in (("--values", values), ("--inputs", inputs), ("--outputs", outputs)):
            if given:
                raise click.UsageError(f"{option} needs WEIGHTS to look at")
        return document
    if bool(inputs) != bool(outputs):
        raise click.UsageError(
            "--inputs and --outputs go together, what goes in and what comes out"
        )
    import graphgen
    from graphgen.errors import concerning

    with concerning(place):
        graph = graphgen.compile(architecture, checkpoint.weights)
        graph.verify()
        if values:
            graph.check_values()
    click.echo(f"{place}: fits, {checkpoint}")
    document["weights"] = place
    if not inputs:
        return document
    found = differences(architecture, checkpoint, inputs, outputs, tolerance)
    document["compared"] = [
        {"output": one.output, "agrees": one.agrees, "difference": one.relative, "says": str(one)}
        for one in found
    ]
    return document if all(one.agrees for one in found) else No(document)


def differences(
    net: Architecture,
    checkpoint: Checkpoint,
    inputs: tuple[Path, ...],
    outputs: tuple[Path, ...],
    tolerance: float | None,
) -> list[Difference]:
    """Run a network, and print and give its outputs' differences from those in files."""
    from graphgen.comparison import LIMITS, Wide, causes, compare, given_inputs, table
    from graphgen.errors import concerning

    with concerning(", ".join(map(str, inputs))):
        x = given_inputs(net, arrays_in(inputs, tuple(net.inputs)), "--inputs")
    with concerning(", ".join(map(str, outputs))):
        expected = given_outputs(arrays_in(outputs, net.outputs), net)
    wide = Wide.of(net, checkpoint.weights, list(x.values()))
    actual = wide.outputs()
    found = []
    with concerning(", ".join(map(str, outputs))):
        for name, y in expected:
            limit = LIMITS.get(y.dtype.name, LIMITS["float32"]) if tolerance is None else tolerance
            found.append(compare(name, actual[name], y, limit))
    click.echo(table(found))
    wrong = [each for each in found if not each.agrees]
    for each in wrong:
        click.echo(str(each))
    if wrong and not any(each.problem for each in wrong):
        for cause in causes(wide, expected, max(each.limit for each in found)):
            click.echo(cause)
    return found


def arrays_in(paths: tuple[Path, ...], names: tuple[str, ...]) -> Any:
    """Read arrays from files: by name, in order, or the one that there is."""
    from graphgen.files.npy import read_arrays

    found = [read_arrays(path) for path in paths]
    if len(found) > 1:
        return [x[next(iter(x))] if isinstance(x, dict) and len(x) == 1 else x for x in found]
    (only,) = found
    if isinstance(only, dict) and set(only) != set(names):
        numbered = [f"arr_{i}" for i in range(len(only))]
        if set(only) == set(numbered):  # as numpy.savez calls arrays without a name
            return [only[name] for name in numbered]
        if len(only) == len(names) == 1:
            return list(only.values())
    return only


def given_outputs(given: Any, net: Architecture) -> list[tuple[str, Any]]:
    """Give the outputs that are compared with by their names."""
    from graphgen.comparison import named_outputs

    if isinstance(given, dict):
        return named_outputs(net, list(given.values()), list(given), "--outputs has")
    arrays = given if isinstance(given, list) else [given]
    return named_outputs(net, arrays, None, "--outputs has")
