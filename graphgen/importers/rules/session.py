"""A network that is being rewritten: who makes and who reads each value is kept up to date."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.importers.network import Network, Node, Weight
from graphgen.importers.rules.shapes import layer_shapes
from spec.primitives import Shape


class Session:
    """The nodes of a network by the value that they make; rules look things up in it.

    In `known` they keep what takes time to find out, under keys of their own. The tensors `kept`
    are left as they are.
    """

    def __init__(self, network: Network, kept: frozenset[str] = frozenset()) -> None:
        self.network = network
        self.kept = kept
        self.nodes: dict[str, Node] = {}
        self.outputs = list(network.outputs)
        self._makers: dict[str, str] = {}
        self._readers: dict[str, dict[str, None]] = {}
        self._further: dict[str, Shape] = {}
        self._arrays: dict[str, NDArray[Any] | None] = {}
        self._places: dict[str, float] = {}
        self._count = 0
        self.known: dict[Any, Any] = {}
        for place, node in enumerate(network.nodes):
            self._put(node, place)

    def _put(self, node: Node, place: float) -> None:
        self.nodes[node.output] = node
        self._places[node.output] = place
        for name in node.outputs:
            self._makers[name] = node.output
        for name in node.inputs:
            self._readers.setdefault(name, {})[node.output] = None

    def _take(self, node: Node) -> None:
        del self.nodes[node.output]
        for name in node.outputs:
            del self._makers[name]
            self._arrays.pop(name, None)
        for name in node.inputs:
            self._readers[name].pop(node.output, None)

    def fresh(self) -> str:
        """Give a name that no value has."""
        self._count += 1
        return f"%%{self._count}"

    def maker(self, value: str) -> Node | None:
        """Give the node that makes a value, beside others or alone; None for an input."""
        key = self._makers.get(value)
        return None if key is None else self.nodes[key]

    def made(self, value: str, *layers: str) -> Node | None:
        """Give the node whose main output a value is, if it is one of these layers."""
        node = self.nodes.get(value)
        return node if node is not None and node.layer in layers else None

    def readers(self, value: str) -> list[Node]:
        """Give the nodes that read a value."""
        return [self.nodes[key] for key in self._readers.get(value, ())]

    def alone(self, value: str) -> bool:
        """Say whether one node reads a value, and no output of the network is it."""
        return len(self._readers.get(value, ())) == 1 and value not in self.outputs

    def shape(self, value: str) -> Shape:
        """Give the shape of a value, without the batch."""
        node = self.nodes.get(value)
        if node is not None:
            return node.shape
        if value in self.network.inputs:
            return self.network.inputs[value]
        if value not in self._further:
            maker = self.nodes[self._makers[value]]
            shapes = tuple(self.shape(name) for name in maker.inputs)
            _, further = layer_shapes(maker.layer, maker.fields, shapes)
            for local, name in maker.further.items():
                self._further[name] = further[local]
        return self._further[value]

    def array(self, value: str) -> NDArray[Any] | None:
        """Give the numbers of a constant; None for anything else."""
        if value not in self._arrays:
            node = self.made(value, "constant")
            self._arrays[value] = None if node is None else numbers_of(node)
        return self._arrays[value]

    def table(self, value: str) -> NDArray[Any] | None:
        """Give the numbers of a constant or a learned value, which exporters do not tell apart."""
        weight = self.weight(value)
        return self.array(value) if weight is None else weight.array

    def number(self, value: str) -> float | None:
        """Give the number that a constant is everywhere; None for anything else."""
        array = self.array(value)
        if array is None or not array.size:
            return None
        first = float(array.flat[0])
        return first if array.size == 1 or bool((array == array.flat[0]).all()) else None

    def weight(self, value: str) -> Weight | None:
        """Give the tensor of a learned value; None for anything else, and for one that is kept."""
        node = self.made(value, "parameter")
        weight = None if node is None else node.tensors["weight"]
        return None if weight is None or weight.name in self.kept else weight

    def order(self) -> list[str]:
        """List the nodes so that each reads what stands before it, otherwise as they were."""
        waiting = {
            key: len({self._makers[name] for name in node.inputs if name in self._makers})
            for key, node in self.nodes.items()
        }
        ready = [(self._places[key], key) for key, count in waiting.items() if not count]
        heapq.heapify(ready)
        listed = []
        while ready:
            _, key = heapq.heappop(ready)
            listed.append(key)
            following = {
                reader: None
                for name in self.nodes[key].outputs
                for reader in self._readers.get(name, ())
            }
            for reader in following:
                waiting[reader] -= 1
                if not waiting[reader]:
                    heapq.heappush(ready, (self._places[reader], reader))
        return listed

    def replace(self, root: Node, added: Iterable[Node], value: str) -> None:
        """Put nodes in the place of `root`, whose output is now `value`; drop what nobody reads."""
        place = self._places[root.output]
        news = {node.output: node for node in added}
        if value in news:
            # Others go on reading the value by its name.
            last = news.pop(value)
            self._take(root)
            for node in (*news.values(), replace(last, output=root.output)):
                self._put(node, place)
        else:
            for node in news.values():
                self._put(node, place)
            self._renamed(root.output, value)
        self._prune([*root.inputs, root.output, *news])

    def _renamed(self, old: str, new: str) -> None:
        for key in list(self._readers.pop(old, ())):
            node = self.nodes[key]
            names = tuple(new if name == old else name for name in node.inputs)
            self.nodes[key] = replace(node, inputs=names)
            self._readers.setdefault(new, {})[key] = None
        self.outputs = [new if name == old else name for name in self.outputs]

    def _prune(self, values: list[str]) -> None:
        while values:
            key = self._makers.get(values.pop())
            node = None if key is None else self.nodes.get(key)
            if node is None or any(
                self._readers.get(name) or name in self.outputs for name in node.outputs
            ):
                continue
            self._take(node)
            values += node.inputs

    def result(self) -> Network:
        """Give the network as it is now."""
        nodes = tuple(self.nodes[key] for key in self.order())
        return replace(self.network, nodes=nodes, outputs=tuple(self.outputs)).pruned()


class Replacement:
    """What a rule puts in the place of a node: layers, one after the other, and their last value.

    new = Replacement(session, root)
    return new.gives(new.add("gelu", [x]))
    """

    def __init__(self, session: Session, root: Node) -> None:
        self.session, self.root = session, root
        self.nodes: list[Node] = []
        self.value = root.output
        self._shapes: dict[str, Shape] = {}

    def shape(self, value: str) -> Shape:
        """Give the shape of a value, old or new."""
        return self._shapes[value] if value in self._shapes else self.session.shape(value)

    def add(
        self,
        layer: str,
        inputs: Iterable[str],
        fields: Mapping[str, Any] | None = None,
        tensors: Mapping[str, Weight] | None = None,
        scope: str | None = None,
    ) -> str:
        """Add a layer and give its output; its shape is the language's."""
        names = tuple(inputs)
        fields = dict(fields or {})
        shape, _ = layer_shapes(layer, fields, tuple(self.shape(name) for name in names))
        root = self.root
        node = Node(
            layer, names, self.session.fresh(), shape, fields, dict(tensors or {}),
            scope=root.scope if scope is None else scope, source=root.source,
        )  # fmt: skip
        self.nodes.append(node)
        self._shapes[node.output] = shape
        return node.output

    def scaled(self, value: str, scale: float, shift: float = 0.0) -> str:
        """Multiply by a number and add one, where they change something."""
        fields = {} if scale == 1 else {"scale": scale}
        fields |= {} if shift == 0 else {"shift": shift}
        return self.add("affine", [value], fields) if fields else value

    def gives(self, value: str) -> Replacement:
        """Say which value, new or old, stands for the root's output."""
        self.value = value
        return self


def numbers_of(node: Node) -> NDArray[Any]:
    """Give the numbers of a `constant` in their shape."""
    values = node.fields["values"]
    array = values if isinstance(values, np.ndarray) else np.array(values, dtype=np.float64)
    if array.shape == node.shape:
        return array
    return (
        array.reshape(node.shape)
        if array.size == prod(node.shape)
        else np.broadcast_to(array.reshape(()), node.shape)
    )
