"""Edits of a network: one that may change what it computes, or one that cannot."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from random import Random
from typing import Any

from spec.architecture import Architecture
from spec.errors import SpecError
from spec.load import from_resolved
from spec.primitives import Shape
from spec.testing.listing import Unfit, same
from spec.testing.pen import Pen
from spec.testing.writers import ACTIVATIONS

Entry = dict[str, Any]
Form = dict[str, Any]

KINDS: tuple[tuple[str, ...], ...] = (
    ("relu", "tanh", "silu", "softsign", "selu", "sigmoid", "mish", "identity"),
    ("add", "multiply", "maximum", "minimum"), ("subtract", "divide"), ("softmax", "softmin"),
    ("mean", "amax", "sum", "logsumexp"), ("gt", "ge", "lt", "le"), ("eq", "ne"),
    ("argmax", "argmin"),
    *((f"max_pool{n}d", f"avg_pool{n}d") for n in (1, 2, 3)),
    *((f"adaptive_max_pool{n}d", f"adaptive_avg_pool{n}d") for n in (1, 2, 3)),
    ("conv1d", "conv_transpose1d"), ("conv2d", "conv_transpose2d"), ("gru", "lstm"),
)  # fmt: skip
CHOICES: dict[str, tuple[str, ...]] = {
    "padding_mode": ("zeros", "reflect", "replicate", "circular"),
    "mode": (
        "nearest",
        "nearest-exact",
        "linear",
        "bilinear",
        "bicubic",
        "trilinear",
        "constant",
        "reflect",
        "replicate",
        "circular",
    ),
    "pool": ("mean", "max", "sum"),
    "reduction": ("sum", "product", "concat"),
    "nonlinearity": ("tanh", "relu"),
    "approximate": ("none", "tanh"),
    "initial": ("constant", "normal", "uniform"),
    "activation": ("silu", "gelu", "relu", "sigmoid"),
}


def edited(net: Architecture, rng: Random) -> Architecture | None:
    """Change one thing: an axis, an order, a number, a kind, a wire, a shape, a tensor's name.

    Gives None where the result is no network, or has other inputs or tensors than before. Whether
    it computes something else is for the caller to find out; tensors keep their names.
    """
    pen, form = Pen(rng), form_of(net)
    try:
        pen.pick(EDITS)(pen, net, form)
        result = from_resolved(form)
    except (Unfit, SpecError):
        return None
    if result.tensors.keys() != net.tensors.keys() or result.index_inputs != net.index_inputs:
        return None
    if any(result.tensors[name].shape != t.shape for name, t in net.tensors.items()):
        return None
    return result if result.hash != net.hash else None


def neutral(net: Architecture, rng: Random) -> Architecture:
    """Change one thing that makes no difference.

    A reshape or a transposition that is undone, an axis of one that is put in and taken out, an
    identity, a dropout, a layer that is written once more, other names of layers. Other operations
    are in `respelled`.
    """
    pen, form = Pen(rng), form_of(net)
    way = pen.count(1, 9)
    if way == 1:
        renamed(form)
    elif way > 2 or not repeated(pen, form):
        undone(pen, net, form)
    return from_resolved(form)


def form_of(net: Architecture) -> Form:
    """Give the resolved form, without the shapes that it promises and layers that do nothing."""
    form = net.resolved()
    pairs = zip(net.layers, form["layers"], strict=True)
    form["layers"] = [entry for layer, entry in pairs if layer.output == layer.name]
    for entry in form["layers"]:
        (fields,) = entry.values()
        del fields["output_shape"]
    return form


def chosen(pen: Pen, form: Form) -> tuple[str, Entry]:
    """Choose a layer: its type and its fields."""
    if not form["layers"]:
        raise Unfit
    ((type_, fields),) = pen.pick(form["layers"]).items()
    return type_, fields


def ports(form: Form) -> list[tuple[list[str], int, int]]:
    """List where values are read: a list of names, the place in it, and before which layer."""
    found = [(fields["inputs"], place, index)
             for index, entry in enumerate(form["layers"]) for fields in entry.values()
             for place in range(len(fields["inputs"]))]  # fmt: skip
    return found + [(form["outputs"], i, len(form["layers"])) for i in range(len(form["outputs"]))]


def put(form: Form, port: tuple[list[str], int, int], *layers: Entry) -> None:
    """Put layers between a value and what reads it."""
    names, place, index = port
    current, outputs = names[place], []
    for number, layer in enumerate(layers):
        ((type_, fields),) = layer.items()
        name = f"put in {number}"
        outputs.append({type_: {"name": name, "inputs": [current], **fields}})
        current = name
    names[place] = current
    form["layers"][index:index] = outputs


def turned(pen: Pen, net: Architecture, form: Form) -> None:
    """Exchange two axes of what a layer or an output takes."""
    port = pen.pick(ports(form))
    shape = shape_at(net, port)
    if len(shape) < 2:
        raise Unfit
    first, second = pen.order(len(shape))[:2]
    put(form, port, {"transpose": {"dim0": first + 1, "dim1": second + 1}})


def shuffled(pen: Pen, net: Architecture, form: Form) -> None:
    """Put the items along one axis, or all of them, into another order."""
    port = pen.pick(ports(form))
    shape = list(shape_at(net, port))
    if not shape:
        raise Unfit
    axis = pen.count(0, len(shape) - 1)
    outer = pen.divisor(shape[axis])
    cut = [*shape[:axis], outer, shape[axis] // outer, *shape[axis + 1 :]]
    turn = {"dim0": axis + 1, "dim1": axis + 2}
    put(form, port, {"reshape": {"shape": cut}}, {"transpose": turn}, {"reshape": {"shape": shape}})


def renumbered(pen: Pen, net: Architecture, form: Form) -> None:
    """Change one field of a layer."""
    _, fields = chosen(pen, form)
    names = [name for name in fields if name not in ("name", "inputs", "parameters")]
    if not names:
        raise Unfit
    name = pen.pick(names)
    value = fields[name]
    if name == "parametrizations" and "weight_standardization" in value.get("weight", {}):
        del fields[name]
    elif name in CHOICES:
        fields[name] = pen.pick(CHOICES[name])
    elif isinstance(value, bool):
        fields[name] = not value
    elif isinstance(value, int):
        fields[name] = max(0, value + pen.pick((1, -1)))
    elif isinstance(value, float):
        fields[name] = pen.pick((2 * value, value / 2, value + 0.1))
    elif isinstance(value, list) and len(value) > 1 and pen.chance():
        fields[name] = [value[i] for i in pen.order(len(value))]
    elif isinstance(value, list) and value:
        place = pen.count(0, len(value) - 1)
        other = value[place]
        if isinstance(other, list):
            other = other[::-1]
        else:
            other = max(min(0, other), other + pen.pick((1, -1)))
        fields[name] = [*value[:place], other, *value[place + 1 :]]
    else:
        raise Unfit


def retyped(pen: Pen, net: Architecture, form: Form) -> None:
    """Turn a layer into one of another kind that takes the same fields."""
    if not form["layers"]:
        raise Unfit
    entry = pen.pick(form["layers"])
    ((type_, fields),) = entry.items()
    kinds = [kind for kind in KINDS if type_ in kind]
    if not kinds:
        raise Unfit
    entry.clear()
    entry[pen.pick(pen.pick(kinds))] = fields


def rewired(pen: Pen, net: Architecture, form: Form) -> None:
    """Let a layer, or an output, take another value of the same shape."""
    names, place, index = pen.pick(ports(form))
    before = [*net.inputs, *(f["name"] for e in form["layers"][:index] for f in e.values())]
    shape = net.shapes[names[place]]
    alike = [name for name in before if net.shapes[name] == shape]
    if not alike:
        raise Unfit
    names[place] = pen.pick(alike)


def reordered(pen: Pen, net: Architecture, form: Form) -> None:
    """Put the inputs of a layer, or the outputs, into another order."""
    names = form["outputs"] if pen.chance(0.3) else chosen(pen, form)[1]["inputs"]
    names[:] = [names[i] for i in pen.order(len(names))]


def doubled(pen: Pen, net: Architecture, form: Form) -> None:
    """Let a sum, a product or a concatenation take one of its inputs twice."""
    _, fields = chosen(pen, form)
    fields["inputs"].append(pen.pick(fields["inputs"]))


def grown(pen: Pen, net: Architecture, form: Form) -> None:
    """Put an activation before a layer or an output."""
    put(form, pen.pick(ports(form)), {pen.pick([*ACTIVATIONS]): {}})


def skipped(pen: Pen, net: Architecture, form: Form) -> None:
    """Leave out a layer without tensors."""
    without = [f for e in form["layers"] for f in e.values() if "parameters" not in f]
    if not without:
        raise Unfit
    gone = pen.pick(without)
    if net.shapes[gone["name"]] != net.shapes[gone["inputs"][0]]:
        raise Unfit
    for names, place, _ in ports(form):
        if names[place] == gone["name"]:
            names[place] = gone["inputs"][0]
    form["layers"] = [e for e in form["layers"] if gone not in e.values()]


def retied(pen: Pen, net: Architecture, form: Form) -> None:
    """Let two layers exchange a tensor, which others may share."""
    uses = [(fields["parameters"], local) for entry in form["layers"] for fields in entry.values()
            for local in fields.get("parameters", {})]  # fmt: skip
    if not uses:
        raise Unfit
    mine, local = pen.pick(uses)
    tensor = net.tensors[mine[local]]
    alike = [(names, other) for names, other in uses if names[other] != tensor.name
             and same(net.tensors[names[other]], tensor)]  # fmt: skip
    if not alike:
        raise Unfit
    theirs, other = pen.pick(alike)
    mine[local], theirs[other] = theirs[other], mine[local]


EDITS: tuple[Callable[[Pen, Architecture, Form], None], ...] = (
    turned, turned, shuffled, renumbered, renumbered, renumbered, retyped, rewired, reordered,
    doubled, grown, skipped, retied,
)  # fmt: skip


def undone(pen: Pen, net: Architecture, form: Form) -> None:
    """Do something to a value and undo it, before a layer or an output takes it."""
    port = pen.pick(ports(form))
    shape = list(shape_at(net, port))
    way = pen.pick(["identity", "dropout", "reshape", "one", "transpose", "transpose", "cut"])
    back: Entry = {"reshape": {"shape": shape or [1]}}
    if not shape or way in ("identity", "dropout"):
        put(form, port, {"dropout" if way == "dropout" else "identity": {}})
    elif way == "transpose" and len(shape) > 1:
        first, second = pen.order(len(shape))[:2]
        turn = {"transpose": {"dim0": first + 1, "dim1": second + 1}}
        put(form, port, turn, {"transpose": {"dim0": second + 1, "dim1": first + 1}})
    elif way == "one":
        place = pen.count(0, len(shape))
        put(form, port, {"reshape": {"shape": [*shape[:place], 1, *shape[place:]]}}, back)
    elif way == "cut":
        place = pen.count(0, len(shape) - 1)
        outer = pen.divisor(shape[place])
        cut = [*shape[:place], outer, shape[place] // outer, *shape[place + 1 :]]
        put(form, port, {"reshape": {"shape": cut}}, back)
    else:
        rest, other = prod(shape), []
        for _ in range(pen.count(0, 2)):
            other.append(pen.divisor(rest))
            rest //= other[-1]
        put(form, port, {"reshape": {"shape": [*other, rest]}}, back)


def repeated(pen: Pen, form: Form) -> bool:
    """Write a layer with several readers a second time, for one of them; say whether any has."""
    readers: dict[str, list[tuple[list[str], int]]] = {}
    for names, place, _ in ports(form):
        readers.setdefault(names[place], []).append((names, place))
    several = [
        index
        for index, entry in enumerate(form["layers"])
        for fields in entry.values()
        if len(readers.get(fields["name"], [])) > 1
    ]
    if not several:
        return False
    index = pen.pick(several)
    ((type_, fields),) = form["layers"][index].items()
    names, place = pen.pick(readers[fields["name"]])
    names[place] = "once more"
    form["layers"].insert(index + 1, {type_: {**fields, "name": "once more"}})
    return True


def shape_at(net: Architecture, port: tuple[list[str], int, int]) -> Shape:
    """Give the shape of the value that is read somewhere."""
    return net.shapes[port[0][port[1]]]


def renamed(form: Form) -> None:
    """Give all layers other names; tensors keep theirs."""
    names = {f["name"]: f"renamed {i}" for i, e in enumerate(form["layers"]) for f in e.values()}
    for entry in form["layers"]:
        for fields in entry.values():
            fields["name"] = names[fields["name"]]
    for read, place, _ in ports(form):
        owner, _, local = read[place].rpartition(".")
        if read[place] not in names and owner in names:
            read[place] = f"{names[owner]}.{local}"
        else:
            read[place] = names.get(read[place], read[place])
