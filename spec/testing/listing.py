"""A list of layers that grows: what stands in it, and the values that it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

from spec.architecture import TensorSpec
from spec.builder import Builder
from spec.layer import LAYERS, Value
from spec.parametrizations import read
from spec.primitives import Shape, ShapeError
from spec.testing.pen import Fields, Pen
from spec.testing.writers import (
    BEFORE,
    BEFORE_OPERAND,
    COMBINING,
    ITEM_BY_ITEM,
    MAX_RANK,
    WRITERS,
)

Entry = dict[str, Any]

MAX_SIZE = 48


class Unfit(Exception):  # noqa: N818  a signal, not an error
    """What was to be written does not fit, or is too large."""


class Listing:
    """Entries of a list, each checked by the language itself when it is added.

    `start` is the value that the first entry takes; inside a structure it has no name. Entries of
    a `repeated` list have no names, so that each takes what the one before it gives. Tensors in
    `shared` may be taken by other layers; `declared` are those of all lists. What begins as an
    input is `untouched`: it goes through no identity, since an output that nothing computes is of
    no interest.
    """

    def __init__(
        self,
        pen: Pen,
        shared: dict[str, TensorSpec],
        *starts: Value,
        prefix: str = "n",
        repeated: bool = False,
        untouched: bool = True,
        declared: list[str] | None = None,
    ) -> None:
        self.pen = pen
        self.shared = shared
        self.entries: list[Entry] = []
        self.current = starts[-1]
        self.values = [value for value in starts if value.name]
        self.read: set[str] = set()
        self.declared = [] if declared is None else declared
        self.prefix = prefix
        self.repeated = repeated
        self.numbered = 0
        self.several = len(starts) > 1
        self.untouched = {value.name for value in starts} if untouched else set()

    def inside(self, repeated: bool = False) -> Listing:
        """Begin the list of a structure that takes the current value."""
        start = Value("", self.current.shape)
        prefix = f"{self.prefix}{len(self.entries)}_"
        return Listing(
            self.pen,
            self.shared,
            start,
            prefix=prefix,
            repeated=repeated or self.repeated,
            untouched=self.current.name in self.untouched,
            declared=self.declared,
        )

    def attempt(self, write: Callable[[Listing], object]) -> bool:
        """Let something write, or take back what it has written so far if it does not fit."""
        before = (self.current, self.numbered, set(self.read))
        entries, values, declared = len(self.entries), len(self.values), len(self.declared)
        try:
            write(self)
        except Unfit:
            self.current, self.numbered, self.read = before
            del self.entries[entries:], self.values[values:], self.declared[declared:]
            return False
        return True

    def put(self, type_: str, fields: Fields, shape: Shape, *inputs: Value) -> Value:
        """Put an entry behind the others, which gives a value of this shape."""
        if len(shape) > MAX_RANK or prod(shape) > MAX_SIZE:
            raise Unfit
        number, self.numbered = str(self.numbered), self.numbered + 1
        named = not self.repeated and self.pen.chance(0.85)
        name = f"{self.prefix}{number}" if named else number
        given = list(inputs) if inputs or not self.current.name else [self.current]
        self.read.update(value.name for value in given)
        written: Fields = {"name": name} if named else {}
        plain = given == [self.current] and bool(self.entries or not self.several)
        if given and not self.repeated and not (plain and self.pen.chance()):
            names = [value.name for value in given]
            written["inputs"] = names if len(names) > 1 or self.pen.chance(0.1) else names[0]
            if self.pen.chance(0.03):
                written["inputs"] = f"${{{names}}}"
        self.entries.append({type_: {**written, **fields}})
        self.current = Value(name, shape)
        if not self.repeated:
            self.values.append(self.current)
        return self.current

    def add(self, type_: str, fields: Mapping[str, Any] | None = None, *inputs: Value) -> Value:
        """Add a layer, of the current value if no others are given; raises `Unfit`."""
        if self.repeated and inputs and inputs != (self.current,):
            raise Unfit
        if type_ == "identity" and {v.name for v in inputs or (self.current,)} & self.untouched:
            raise Unfit
        fields = dict(fields or {})
        shapes = [value.shape for value in inputs or (self.current,)]
        shape, tensors = outcome(type_, self.pen.meaning(fields), shapes)
        names = self.sharing(tensors)
        self.declared += tensors
        fields = self.asking(fields, shapes[0])
        return self.put(type_, fields | ({"parameters": names} if names else {}), shape, *inputs)

    def asking(self, fields: Fields, shape: Shape) -> Fields:
        """Write some numbers by the shape of the value that the layer takes."""
        written = dict(fields)
        for key, value in fields.items():
            if type(value) is int and value in shape and self.pen.chance(0.05):
                place = shape.index(value) - self.pen.pick([0, len(shape)])
                written[key] = f"${{shape[{place}]}}"
        return written

    def sharing(self, tensors: Mapping[str, TensorSpec]) -> dict[str, str]:
        """Choose names for some tensors: those of others, or new ones that others may take."""
        names: dict[str, str] = {}
        for local, tensor in tensors.items():
            alike = [name for name, other in self.shared.items()
                     if same(tensor, other) and name not in names.values()]  # fmt: skip
            if not self.pen.chance(0.4 if alike else 0.15):
                continue
            name = self.pen.pick(alike) if alike else f"shared{len(self.shared)}"
            names[local] = name
            self.shared.setdefault(name, tensor)
        return names

    def named(self) -> Value:
        """Give the current value, with a name; raises `Unfit` where none may have one."""
        if self.repeated:
            raise Unfit
        if not self.current.name:
            before = self.current.name in self.untouched
            self.put("identity", {}, self.current.shape)
            self.untouched |= {self.current.name} if before else set()
        return self.current

    def draw(self, type_: str, *inputs: Value) -> Value:
        """Add a layer of this type with drawn fields; raises `Unfit`."""
        writer = WRITERS[type_]
        shape = (inputs or (self.current,))[0].shape
        if not writer.least <= len(shape) <= writer.most:
            raise Unfit
        if type_ == "hash_encoding" and shape[-1] > 3:
            raise Unfit
        if type_ in BEFORE_OPERAND and len(inputs) > 1:
            place, layers = BEFORE_OPERAND[type_]
            one = inputs[place]
            for name, fields in layers.items():
                one = self.add(name, fields, one)
            inputs = (*inputs[:place], one, *inputs[place + 1 :])
        for name, fields in BEFORE.get(type_, {}).items():
            shape = self.add(name, fields, *inputs).shape
            inputs = ()
        return self.add(type_, writer.write(self.pen, shape), *inputs)

    def layer(self, type_: str) -> Value:
        """Add a layer of this type, of any values that are there; raises `Unfit`."""
        if self.repeated:
            return self.draw(type_)
        first = (
            self.named() if self.pen.chance(0.7) else self.pen.pick(self.values or [self.named()])
        )
        if type_ not in COMBINING and (type_ != "multihead_attention" or self.pen.chance(0.7)):
            return self.draw(type_, first)
        others = [
            value
            for value in self.values
            if len(value.shape) == len(first.shape) or (type_ in ITEM_BY_ITEM and not value.shape)
        ]
        several = [first, self.pen.pick(others)]
        more = type_ in ("add", "multiply", "concat", "maximum", "minimum", "multihead_attention")
        three = type_ in ("where", "scaled_dot_product_attention")
        if three or (more and self.pen.chance(0.2)):
            several.append(self.pen.pick(others))
        return self.draw(type_, *(several[::-1] if self.pen.chance() else several))

    def unread(self) -> list[Value]:
        """List the values that nothing reads yet."""
        return [value for value in self.values if value.name not in self.read]


def same(a: TensorSpec, b: TensorSpec) -> bool:
    """Say whether two tensors may be one; a running variance, never negative, is no mean."""
    alike = (a.shape, a.dtype, a.trainable) == (b.shape, b.dtype, b.trainable)
    return alike and (a.trainable or a.initial == b.initial)


def outcome(
    type_: str, fields: Fields, shapes: list[Shape], most: int = MAX_SIZE
) -> tuple[Shape, dict[str, TensorSpec]]:
    """Give the shape and the tensors that a layer makes of values of these shapes.

    Raises `Unfit` where the language refuses them, or a value has more than `most` elements.
    """
    fields = dict(fields)
    made = {local: read(how) for local, how in fields.pop("parametrizations", {}).items()}
    layer, _ = LAYERS[type_].from_fields(fields)
    if layer is None:
        raise Unfit
    inputs = [Value(f"v{place}", shape) for place, shape in enumerate(shapes)]
    builder = Builder({value.name: value.shape for value in inputs})
    try:
        result = builder.add(layer, "layer", inputs, parametrizations=made)
    except ShapeError:
        raise Unfit from None
    if any(len(shape) > MAX_RANK or prod(shape) > most for shape in builder.shapes.values()):
        raise Unfit
    if any(prod(tensor.shape) > 3 * most for tensor in builder.tensors.values()):
        raise Unfit
    names = builder.layers[-1].tensors
    return result.shape, {local: builder.tensors[name] for local, name in names.items()}
