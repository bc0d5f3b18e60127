"""Builds a network while a model is read: operators add layers, in the shapes of one sample."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import prod
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from graphgen.importers.network import Network, Node, Weight
from graphgen.importers.parts import cut_of
from graphgen.importers.refusal import ImportRefusalError, MixedSamplesError
from graphgen.importers.traced import Batch, Constant, Parameter, Traced, Value
from spec.primitives import Shape

MOST_NUMBERS = 2**40
"""The most numbers of a value."""


class Tracer:
    """Adds layers to a network, operator by operator.

    `samples` is the length of the batch in the model's shapes, or None where all of a model's
    input is one sample. Readers set `scope` and `source` before each operator, and in `stored`
    the arrays of the model's file by their names, for the section `checkpoint`. Of the tensors
    `learned` all forms are made from one learned value. Values that are `made` from tensors by a
    parametrization of the language have it there, and these tensors.
    """

    def __init__(self, name: str, samples: int | None) -> None:
        self.name = name
        self.samples = samples
        self.scope = ""
        self.source = ""
        self.inputs: dict[str, Shape] = {}
        self.stored: dict[str, NDArray[Any]] = {}
        self.nodes: list[Node] = []
        self.made: dict[str, tuple[Mapping[str, Any], Mapping[str, Weight]]] = {}
        self.learned: Collection[str] = ()
        self._learned: dict[Any, Value] = {}
        self._batch_axis: int | None = None

    def input(self, name: str, shape: Shape, batch_axis: int | None) -> Value:
        """Declare an input of the network, in the model's shape."""
        batch = None if batch_axis is None or self.samples is None else Batch(batch_axis)
        if self._batch_axis is None and batch is not None:
            self._batch_axis = batch_axis
        value = Value(name, tuple(shape), batch)
        self.inputs[name] = value.sample_shape
        if value.sample_shape:
            return value
        # An input of the language has an axis at least.
        self.inputs[name] = (1,)
        return self.layer("squeeze", [Value(name, (*shape, 1), batch)], shape, batch)

    def layer(
        self,
        layer: str,
        inputs: Sequence[Value],
        shape: Shape,
        batch: Batch | None,
        fields: Mapping[str, Any] | None = None,
        tensors: Mapping[str, Weight] | None = None,
    ) -> Value:
        """Add a layer, whose output has a shape in the model; give its output."""
        value = Value(f"%{len(self.nodes)}", tuple(int(n) for n in shape), batch)
        if any(n < 1 for n in value.sample_shape):
            self.refuse(f"a value of shape {list(value.shape)} has no items")
        if prod(value.shape) > MOST_NUMBERS:
            self.refuse(f"a value of shape {list(shape)}, expected at most {MOST_NUMBERS} numbers")
        self.nodes.append(
            Node(
                layer,
                tuple(x.name for x in inputs),
                value.name,
                value.sample_shape,
                dict(fields or {}),
                dict(tensors or {}),
                scope=self.scope,
                source=self.source,
            )
        )
        return value

    def further(self, value: Value, local: str, shape: Shape, batch: Batch | None) -> Value:
        """Give a further value of the node that made `value`, by the layer's name for it."""
        place = next(i for i, node in enumerate(self.nodes) if node.output == value.name)
        node = self.nodes[place]
        added = Value(f"{value.name}.{local}", tuple(shape), batch)
        self.nodes[place] = Node(**{**vars(node), "further": {**node.further, local: added.name}})
        return added

    def value(self, x: Traced) -> Value:
        """Give a value for anything: parameters become learned values, constants fixed ones."""
        if isinstance(x, Value):
            return x
        if isinstance(x, Parameter):
            return self._once(x)
        array = x.array.astype(np.float32) if x.array.dtype.name == "bfloat16" else x.array
        if array.dtype.kind not in "fiub":
            self.refuse(f"a constant of dtype {array.dtype} is read as numbers")
        # An array until it is written: rules may find a word for what it says.
        return self.layer("constant", (), x.shape, None, {"values": array})

    def _once(self, x: Parameter) -> Value:
        if _repeats(x):
            from graphgen.importers.operators.shapes import expand

            once = tuple(slice(0, 1) if stride == 0 else slice(None) for stride in x.array.strides)
            return self.value(expand(self, self._once(Parameter(x.name, x.array[once])), x.shape))
        weight = self.weight(x)
        if weight.place not in self._learned:
            self._learned[weight.place] = self._cut(x) or self.layer(
                "parameter", (), x.shape, None, {"shape": list(x.shape)}, {"weight": weight}
            )
        return self._learned[weight.place]

    def _cut(self, x: Parameter) -> Value | None:
        """Give a part of a tensor, such as the first rows of a table, as a part of all of it."""
        base = self.stored.get(x.name)
        cut = None if base is None else cut_of(x.array, base)
        if base is None or cut is None or x.array is base:
            return None
        turned = list(cut.order) != sorted(cut.order)
        if cut.is_whole(base.shape) and not (turned and x.name in self.learned):
            return None
        value = self._once(Parameter(x.name, base))
        shape = list(base.shape)
        for axis, items in enumerate(cut.items):
            if len(items) == shape[axis]:
                continue
            shape[axis] = len(items)
            layer, fields = "narrow", {"dim": axis + 1, "start": items.start, "length": len(items)}
            if items.step > 1:
                layer, fields = "slice", {"dim": axis + 1, "start": items.start}
                fields |= {"stop": items.stop, "step": items.step}
            value = self.layer(layer, [value], tuple(shape), None, fields)
        left = [axis for axis in range(base.ndim) if axis not in cut.order]
        order = [*cut.order, *left]
        if order != sorted(order):
            shape = [shape[axis] for axis in order]
            dims = [0, *(axis + 1 for axis in order)]
            value = self.layer("permute", [value], tuple(shape), None, {"dims": dims})
        if tuple(shape) != x.shape:
            value = self.layer("reshape", [value], x.shape, None, {"shape": list(x.shape)})
        return value

    def weight(self, x: Traced | None, what: str = "the weight") -> Weight:
        """Give the tensor of a layer; refuse one that is computed."""
        if isinstance(x, Parameter) and _repeats(x):
            self.refuse(f"{what} repeats the numbers of {x.name!r}")
        if isinstance(x, (Parameter, Constant)):
            return Weight(x.name, x.array)
        self.refuse(
            f"{what} is computed while the network runs; layers take weights that are stored"
        )

    def tensor(self, local: str, x: Traced) -> tuple[dict[str, Any], dict[str, Weight]]:
        """Give a layer's tensor, or the field and the tensors of one that is made from others."""
        made = self.made.get(x.name) if isinstance(x, Value) else None
        if made is None:
            return {}, {local: self.weight(x)}
        how, tensors = made
        names = {f"parametrizations.{local}.{own}": weight for own, weight in tensors.items()}
        return {"parametrizations": {local: how}}, names

    def axis(self, x: Value, axis: int) -> int:
        """Give the axis of the language, which counts the batch as 0, for one of the model."""
        axis = axis + len(x.shape) if axis < 0 else axis
        if x.batch is not None and axis == x.batch.axis:
            raise MixedSamplesError(
                f"{self.source} goes along axis {axis}, which holds the samples"
            )
        gone = x.dropped is not None and axis > x.dropped
        return axis + 1 - gone

    def refuse(self, reason: str, advice: str = "") -> NoReturn:
        """Refuse the model: say which operator, in which module, and why."""
        place = f"{self.source}" + (f" in {self.scope}" if self.scope else "")
        raise ImportRefusalError(f"{place}: {reason}" + (f"; {advice}" if advice else ""))

    def network(self, outputs: Sequence[Value]) -> Network:
        """Give the network that was read, without what nothing reads."""
        outputs = [self._for_each_sample(value) for value in outputs]
        names = tuple(value.name for value in outputs)
        nodes = tuple(self.nodes)
        batches = tuple(value.batch for value in outputs)
        found = Network(self.inputs, nodes, names, self.name, self.stored, output_batches=batches)
        return found.pruned()

    def _for_each_sample(self, value: Value) -> Value:
        """Give an output that no sample changes as that of one, where the model repeats it."""
        axis, shape = self._batch_axis, value.shape
        if value.batch is not None or axis is None or len(shape) <= axis:
            return value
        if shape[axis] != self.samples:
            return value
        if shape[axis] > 1 and not self._is_repeated(value, axis):
            raise MixedSamplesError(
                f"the model gives {list(shape)}, of which no sample changes anything"
            )
        fields = {"dim": axis + 1, "index": 0}
        return self.layer("select", [value], shape, Batch(axis), fields)

    def _is_repeated(self, value: Value, axis: int) -> bool:
        node = next((node for node in self.nodes if node.output == value.name), None)
        if node is None:
            return False
        if node.layer == "expand":
            made = [each.shape for each in self.nodes if each.output == node.inputs[0]]
            return bool(made) and len(made[0]) == len(value.shape) and made[0][axis] == 1
        array = node.fields.get("values")
        if node.layer == "parameter":
            array = node.tensors["weight"].array
        return isinstance(array, np.ndarray) and bool((array == array.take([0], axis)).all())


def _repeats(x: Parameter) -> bool:
    """Whether a view has the same number at several places."""
    pairs = zip(x.array.shape, x.array.strides, strict=True)
    return any(size > 1 and stride == 0 for size, stride in pairs)
