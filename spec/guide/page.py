"""Pages of the guide: one a layer, and the list of all; plain text in Markdown."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterable, Iterator, Sequence

from spec.architecture import Architecture, Operation
from spec.errors import Problem, SpecError, quoted
from spec.guide.example import example, fitting, shapes_of
from spec.guide.families import TORCH_NAMES, by_family
from spec.guide.fields import described
from spec.guide.papers import PAPERS
from spec.guide.torch_differences import DIFFERENCES
from spec.layer import LAYERS, Layer
from spec.plugin_layers import add_all_layers, add_layers
from spec.primitives import Primitive, show
from spec.structures import STRUCTURES
from spec.suggestions import suggest_layer


def listing() -> str:
    """List all layers by families, with a line each; those of plugins, too."""
    add_all_layers()
    width = max(map(len, LAYERS))
    parts = []
    for title, names in by_family():
        rows = [f"  {name.ljust(width)}  {summary(LAYERS[name])}" for name in names]
        parts.append("\n".join([title, *rows]))
    return "\n\n".join(parts) + "\n"


def page(name: str) -> str:
    """Describe a layer: fields, example, shapes, tensors, primitives, PyTorch's name, paper.

    >>> print(page("tanh").splitlines()[0])
    # tanh

    Raises `SpecError` where no layer has this name.
    """
    if name in STRUCTURES:
        told = (
            "is a structure, which holds lists of layers: see docs/reference/language/structures.md"
        )
        raise SpecError([Problem(f"{quoted(name)} {told}", None)])
    if name not in LAYERS:
        add_layers([name])
    if name not in LAYERS:
        message = f"no layer is called {quoted(name)}{suggest_layer(name, LAYERS)}"
        message += " (`gmn layers` lists all)"
        raise SpecError([Problem(message, None)])
    layer = LAYERS[name]
    sections = [f"# {name}", inspect.cleandoc(layer.__doc__ or "")]
    net = next(fitting(name), None)
    rows = described(layer, {} if net is None else net.layers[-1].fields)
    head = ("field", "holds", "default", "meaning")
    sections.append(table([head, *rows]) if rows else "It has no fields.")
    if net is not None:
        sections += ["## Example", f"```yaml\n{example(name)}```", *of_example(name, net)]
    if layer.further:
        values = [(f"`<name>.{local}`", told) for local, told in layer.further.items()]
        sections += ["## Further values", table([("value", "is"), *values])]
    sections += about_torch(name)
    if name in PAPERS:
        sections += ["## Paper", PAPERS[name] + "."]
    return "\n\n".join(sections) + "\n"


def of_example(name: str, net: Architecture) -> Iterator[str]:
    """Say what comes out of an example: shapes, tensors, primitives."""
    yield "## Shapes"
    rows = [(" and ".join(map(show, ins)), show(out)) for ins, out in shapes_of(name)]
    yield table([("in", "out"), *((f"`{a}`", f"`{b}`") for a, b in rows)])
    if net.tensors:
        yield "## Tensors"
        tensors = [
            (f"`{local}`", f"`{list(tensor.shape)}`", tensor.dtype, began(tensor.initial),
             "" if tensor.trainable else "not trained")
            for local, full in net.layers[-1].tensors.items()
            for tensor in [net.tensors[full]]
        ]  # fmt: skip
        yield table([("tensor", "shape", "dtype", "at first", ""), *tensors])
    if net.operations:
        yield "## In primitives"
        lines = aligned([operation_row(operation, net) for operation in net.operations])
        yield "\n".join(["```text", *lines, "```"])


def began(initial: tuple[str, float]) -> str:
    """Say how a tensor is filled at first."""
    kind, number = initial
    words = {"uniform": "uniform within {:.4g}", "normal": "normal, deviation {:.4g}"}
    return words.get(kind, "{:.4g}").format(number)


def operation_row(operation: Operation, net: Architecture) -> tuple[str, str, str]:
    """Write an operation: the primitive with what is not default, what it takes, what it gives."""
    operands = [show(net.shapes[name]) for name in operation.inputs]
    operands += [
        f"{name.removeprefix('layer.')} {list(net.tensors[name].shape)}"
        for name in operation.parameters
    ]
    return call(operation.primitive), ", ".join(operands), show(net.shapes[operation.output])


def call(primitive: Primitive) -> str:
    """Write a primitive with those of its attributes that are not default."""
    told = []
    for field in dataclasses.fields(primitive):
        value = getattr(primitive, field.name)
        if field.default is dataclasses.MISSING or value != field.default:
            told.append(f"{field.name}={list(value) if isinstance(value, tuple) else value!r}")
    return f"{primitive.name}({', '.join(told)})"


def about_torch(name: str) -> list[str]:
    """Say what PyTorch calls the layer, and what is otherwise there."""
    if name not in TORCH_NAMES:
        return []
    known = f"`{TORCH_NAMES[name]}`"
    differences = DIFFERENCES.get(name, {})
    if not differences:
        return ["## PyTorch", f"{known}: the same names, defaults and outputs."]
    rows = [f"- `{field}`: {reason}." for field, reason in differences.items()]
    return ["## PyTorch", f"{known}: the same names, defaults and outputs, but", "\n".join(rows)]


def summary(layer: type[Layer]) -> str:
    """Give the first sentence of what a layer says of itself."""
    return inspect.cleandoc(layer.__doc__ or "").partition("\n")[0]


def table(rows: Iterable[Sequence[str]]) -> str:
    """Write a table in Markdown whose columns are aligned, without columns that are empty."""
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    kept = [i for i in range(len(cells[0])) if any(row[i] for row in cells[1:])]
    cells = [[row[i] for i in kept] for row in cells]
    widths = [max(len(row[i]) for row in cells) for i in range(len(kept))]
    lines = [
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    rule = "|" + "|".join("-" * (w + 2) for w in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def aligned(rows: Sequence[tuple[str, str, str]]) -> list[str]:
    """Write operations under each other."""
    first, second = (max(len(row[i]) for row in rows) for i in (0, 1))
    return [f"{a.ljust(first)}  {b.ljust(second)} -> {c}" for a, b, c in rows]
