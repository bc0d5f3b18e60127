"""Random descriptions of whole networks, with every layer and every structure of the language."""

from __future__ import annotations

from functools import partial
from math import prod
from random import Random

import yaml

from spec.layer import LAYERS, Value
from spec.primitives import Shape
from spec.testing.listing import Entry, Listing, Unfit, outcome
from spec.testing.motifs import MOTIFS
from spec.testing.pen import Pen
from spec.testing.structures import Structures
from spec.testing.writers import FAMILIES, WRITERS

SHAPES: tuple[Shape, ...] = (
    (3,), (4,), (2, 4), (3, 3), (4, 2), (2, 3, 4), (2, 2, 2), (1, 4, 4), (2, 3, 3), (1, 6), (6,),
    (2, 2, 2, 2), (1, 2, 3, 2), (3, 2, 2), (2, 1, 2, 2, 2), (1,), (2, 3), (1, 1, 2), (2, 8, 1, 2),
    (1, 4, 2, 2), (4, 1, 2),
)  # fmt: skip
INDICES: tuple[Shape, ...] = ((2,), (3,), (2, 2))
SHARES = {"weighted": 8, "axes": 5, "activations": 4, "combining": 4, "norms": 3, "sequences": 3,
          "poolings": 2, "places": 1}  # fmt: skip
KINDS = [name for name, share in SHARES.items() for _ in range(share)]
ATTEMPTS = 12


def description(rng: Random) -> str:
    """Write a random network as YAML: small, valid, with nothing in it that is not used.

        spec.loads(description(Random(0)))

    `rng` may be a random generator of `hypothesis`, which then finds the simplest network.
    """
    pen = Pen(rng)
    inputs, to = beginning(pen)
    structures = Structures(lambda listing: item(listing, None))
    for _ in range(pen.count(1, 7)):
        item(to, structures)
    ending(to)
    result: Entry = {"name": "random", "inputs": said(pen, inputs), "layers": to.entries}
    outputs = [value.name for value in to.unread() if value != to.current]
    if outputs or not to.current.name or pen.chance(0.2):
        outputs.append(to.named().name)
        outputs += [pen.pick(to.values[len(inputs) :]).name] * pen.chance(0.2)
        outputs = [outputs[place] for place in pen.order(len(outputs))]
        result["outputs"] = outputs if len(outputs) > 1 or pen.chance() else outputs[0]
    if structures.blocks:
        result["blocks"] = structures.blocks
    return text_of(result, pen)


def single_layer(rng: Random, type_: str) -> str:
    """Write a network of one layer of a type, named `layer`; see `description`."""
    pen, writer = Pen(rng), WRITERS[type_]
    shapes = [shape for shape in SHAPES if writer.least <= len(shape) <= writer.most]
    least, most = LAYERS[type_].inputs_allowed
    while True:
        first = pen.pick(shapes)
        others = range(pen.count(least, min(most, 3)) - 1)
        given = [first, *(first if pen.chance(0.7) else pen.pick(shapes) for _ in others)]
        fields = writer.write(pen, first)
        try:
            outcome(type_, pen.meaning(fields), given, most=1000)
        except Unfit:
            shapes = [*shapes[1:], shapes[0]]  # so that the simplest draws fit too
            continue
        break
    inputs = {name: list(shape) for name, shape in zip("xyz", given, strict=False)}
    several = {"inputs": list(inputs)} if len(inputs) > 1 else {}
    entry = {type_: {"name": "layer", **several, **fields}}
    return text_of({"name": "random", "inputs": inputs, "layers": [entry]}, pen)


def text_of(document: Entry, pen: Pen) -> str:
    """Write a document as YAML, with the variables that it uses."""
    text = str(yaml.safe_dump(document, sort_keys=False))
    used = {name: value for name, value in pen.variables.items() if name in text}
    return str(yaml.safe_dump({"vars": used}, sort_keys=False)) * bool(used) + text


def beginning(pen: Pen) -> tuple[Entry, Listing]:
    """Choose the inputs; one in eight networks has one of indices, with an embedding."""
    count = pen.pick((1, 1, 1, 2, 3))
    values = [Value("xyz"[place], pen.pick(SHAPES)) for place in range(count)]
    inputs: Entry = {value.name: list(value.shape) for value in values}
    if not pen.chance(0.12):
        to = Listing(pen, {}, *values)
        to.current = values[0]
        return inputs, to
    indices = Value("t", pen.pick(INDICES))
    if pen.chance():
        values = []
    to = Listing(pen, {}, *values, indices)
    if pen.chance(0.3):
        to.attempt(lambda to: to.draw(pen.pick(["reshape", "transpose", "split"]), indices))
    embedded = to.current
    if pen.chance(0.15):
        to.draw("one_hot", embedded)
        to.values = [*values, to.current]
        return {value.name: list(value.shape) for value in (*values, indices)}, to
    while not to.attempt(lambda to: to.draw("embedding", embedded)):
        pass
    entries = pen.meaning(to.entries[-1]["embedding"])["num_embeddings"]
    shape = to.current.shape if isinstance(entries, int) else ()
    places = [axis for axis, size in enumerate(shape, start=1) if size >= entries]
    if places and pen.chance():
        dim = pen.pick(places)
        to.attempt(lambda to: to.add("index_select", {"dim": dim}, to.current, indices))
    found = [to.current]
    if pen.chance(0.2) and to.attempt(lambda to: to.draw("embedding", embedded)):
        found.append(to.current)
    to.values = [*values, *found]
    return {value.name: list(value.shape) for value in (*values, indices)}, to


def said(pen: Pen, inputs: Entry) -> Entry:
    """Say of some inputs what their axes hold, but of indices."""
    return {
        name: {"shape": shape, "axes": axes(pen, shape)}
        if name in "xyz" and pen.chance(0.2)
        else shape
        for name, shape in inputs.items()
    }


def axes(pen: Pen, shape: list[int]) -> list[str]:
    """Name the axes of an input: mostly one holds neurons, it may be any, or two."""
    names = [pen.pick(["items", "time", "nodes"]) for _ in shape]
    if pen.chance(0.8):
        for place in pen.order(len(shape))[: pen.pick((1, 1, 2))]:
            names[place] = pen.pick(["features", "channels"])
    return names


def item(to: Listing, structures: Structures | None) -> None:
    """Write a layer, several that belong together, or a structure."""
    pen = to.pen
    for _ in range(ATTEMPTS):
        way = pen.count(0, 9)
        if way < 6:
            rank, family = len(to.current.shape), FAMILIES[pen.pick(KINDS)]
            types = [name for name, w in family.items() if w.least <= rank <= w.most] or [*family]
            done = to.attempt(partial(Listing.layer, type_=pen.pick(types)))
        elif way < 9 or structures is None:
            done = not to.repeated and to.attempt(pen.pick(MOTIFS))
        else:
            done = to.attempt(structures.write)
        if done:
            return


def ending(to: Listing) -> None:
    """Read the inputs that nothing has read, and mostly what else is unread; mostly add a head."""
    pen = to.pen
    for value in to.unread():
        wanted = value != to.current and (value.name in "xyz" or pen.chance(0.7))
        if wanted and not to.attempt(partial(joined, value=value)):
            to.draw("tanh", value)
    if not to.entries:
        to.draw("tanh", to.current)
    if pen.chance(0.6) and to.current.shape:
        to.attempt(head)


def joined(to: Listing, value: Value) -> None:
    """Join a value with the current one."""
    pen, x = to.pen, to.named()
    if x.shape == value.shape and pen.chance():
        to.add(pen.pick(["add", "multiply"]), {}, value, x)
        return
    flat = [to.add("reshape", {"shape": [prod(v.shape)]}, v) if len(v.shape) != 1 else v
            for v in (x, value)]  # fmt: skip
    to.add("concat", {}, *flat)


def head(to: Listing) -> None:
    """Flatten all axes, mostly, and add a linear map."""
    if len(to.current.shape) > 1 and to.pen.chance(0.8):
        to.add("flatten")
    to.add("linear", {"out_features": to.pen.count(1, 3)})
