"""Reads the nodes of a graph one after the other, with its subgraphs and the model's functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphgen.importers.onnx.attributes import attributes_of, resolved, value_of
from graphgen.importers.onnx.bodies import body_of
from graphgen.importers.onnx.folding import folded
from graphgen.importers.onnx.names import ANONYMOUS, Names, is_path, scope_of
from graphgen.importers.onnx.node import Node
from graphgen.importers.onnx.operators import KINDS, OPERATORS
from graphgen.importers.onnx.refused import reason_for
from graphgen.importers.onnx.stored import is_fixed
from graphgen.importers.onnx.tensors import array_of, sparse_array
from graphgen.importers.refusal import ImportRefusalError
from graphgen.importers.traced import Constant, Parameter
from graphgen.importers.tracer import Tracer

MOST_STEPS = 200_000
"""The most nodes that are read, with those of functions and of subgraphs each time."""

MOST_NESTED = 64

DOMAINS = {"ai.onnx": ""}
"""Other names of operator sets."""

BAD_NODE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What operators raise for inputs and attributes that are not as their definition has them."""


@dataclass(frozen=True, eq=False)
class Initialiser(Parameter):
    """A parameter by the name that the file has for it."""


@dataclass
class Frame:
    """The values that a graph, a subgraph or the body of a function knows by their names."""

    versions: Mapping[str, int]
    values: dict[str, Any] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    initialisers: dict[str, Any] = field(default_factory=dict)
    outer: Frame | None = None
    given: Mapping[str, Any] | None = None
    scope: str = ""
    depth: int = 0


class Reader:
    """Reads a model's graph into a tracer."""

    def __init__(self, model: Any, folder: Path | None, tracer: Tracer, arrays: dict[int, Any]):
        self.tracer = tracer
        self.folder = folder
        self.arrays = arrays
        self.names = Names()
        self.functions = {
            (DOMAINS.get(f.domain, f.domain), f.name, getattr(f, "overload", "")): f
            for f in model.functions
        }
        self.roles = {
            value.name: entry.value
            for value in model.graph.value_info
            for entry in value.metadata_props
            if entry.key == "pkg.torch.export.graph_signature.InputSpec.kind"
        }
        self.steps = 0

    def run(self, graph: Any, frame: Frame) -> list[Any]:
        """Read a graph's nodes; give its outputs."""
        for tensor in graph.initializer:
            frame.initialisers[tensor.name] = tensor
        for sparse in graph.sparse_initializer:
            frame.initialisers[sparse.values.name] = sparse
        for node in graph.node:
            self.step(node, frame)
        return [self.find(output.name, frame) for output in graph.output]

    def find(self, name: str, frame: Frame) -> Any:
        """Give the value of a name, in this graph or those around it."""
        looked: Frame | None = frame
        while looked is not None:
            if name in looked.values:
                return looked.values[name]
            if name in looked.initialisers:
                looked.values[name] = self._stored(name, looked.initialisers[name])
                return looked.values[name]
            looked = looked.outer
        self.tracer.refuse(f"it reads {name!r}, which no node before it gives")

    def kind(self, name: str, value: Any, frame: Frame) -> str:
        """Say what numbers a value holds."""
        if isinstance(value, Constant):
            return str(value.array.dtype.kind)
        looked: Frame | None = frame
        while looked is not None:
            if name in looked.kinds:
                return looked.kinds[name]
            looked = looked.outer
        return "f"

    def _stored(self, name: str, tensor: Any) -> Any:
        key = id(tensor)
        if key not in self.arrays:
            sparse = hasattr(tensor, "indices")
            # The message is kept with its array, so that no other one has its identity.
            read = sparse_array if sparse else array_of
            self.arrays[key] = (tensor, read(tensor, self.folder))
        array = self.arrays[key][1]
        if array.dtype.kind != "f" or (array.ndim == 0 and not is_path(name)):
            return Constant(array)
        if self.roles.get(name) == "BUFFER" or is_fixed(array):
            return Constant(array, name)
        if ANONYMOUS.fullmatch(name) and array.size and (array == array.flat[0]).all():
            # What an exporter has computed beforehand, such as the states that cells begin with.
            return Constant(array)
        return Initialiser(name, array)

    def step(self, proto: Any, frame: Frame) -> None:
        """Read one node."""
        tracer = self.tracer
        self.steps += 1
        domain = DOMAINS.get(proto.domain, proto.domain)
        inner = scope_of(proto)
        scope = ".".join(part for part in (frame.scope, inner) if part)
        word = proto.op_type if not domain else f"{domain}.{proto.op_type}"
        tracer.scope, tracer.source = scope, word + (f" {proto.name!r}" if proto.name else "")
        if self.steps > MOST_STEPS:
            tracer.refuse(f"more than {MOST_STEPS} nodes, with those of loops and functions")
        values = [self.find(name, frame) if name else None for name in proto.input]
        kinds = [
            self.kind(name, value, frame) for name, value in zip(proto.input, values, strict=True)
        ]
        attributes = attributes_of(proto, frame.given, self.folder)
        proto = resolved(proto, attributes)
        version = frame.versions.get(domain, 1 if domain else 0)
        try:
            found, given = self._read(
                proto, domain, version, values, kinds, attributes, scope, frame
            )
        except BAD_NODE as error:
            told = [_told(value) for value in values]
            raise ImportRefusalError(
                f"{tracer.source}: it cannot be read with the inputs {', '.join(told)}: "
                f"{type(error).__name__}: {error}"
            ) from error
        for place, name in enumerate(proto.output):
            if name:
                if place >= len(found) or found[place] is None:
                    tracer.source = word
                    tracer.refuse(f"its output {place}, which is read, is not computed")
                frame.values[name] = found[place]
                frame.kinds[name] = given[min(place, len(given) - 1)]

    def _read(
        self,
        proto: Any,
        domain: str,
        version: int,
        values: list[Any],
        kinds: list[str],
        attributes: dict[str, Any],
        scope: str,
        frame: Frame,
    ) -> tuple[list[Any], list[str]]:
        """Give a node's outputs and their kinds."""
        key = (domain, proto.op_type, getattr(proto, "overload", ""))
        if key in self.functions:
            return self._call(self.functions[key], values, kinds, attributes, scope, frame)
        if all(value is None or isinstance(value, Constant) for value in values):
            arrays = [None if value is None else value.array for value in values]
            results = folded(self.tracer, proto, domain, version, arrays, attributes)
            if results is not None:
                return [Constant(a) for a in results], [a.dtype.kind for a in results]
        if key[:2] not in OPERATORS:
            body = body_of(proto, domain, version, values, kinds)
            if body is not None:
                return self._call(body, values, kinds, attributes, scope, frame)
            self.tracer.refuse(reason_for(domain, proto.op_type, version))
        named = [
            self._named(value, scope, proto.op_type, place) for place, value in enumerate(values)
        ]

        def run(graph: Any, inputs: Sequence[Any], kinds: Sequence[str]) -> list[Any]:
            return self._subgraph(graph, inputs, kinds, frame, scope)

        node = Node(
            self.tracer, proto.op_type, version, named, kinds, attributes, proto.output, run
        )
        made = OPERATORS[key[:2]](node)
        if made is NotImplemented:
            body = body_of(proto, domain, version, values, kinds)
            if body is None:
                self.tracer.refuse("the importer does not know these inputs and attributes of it")
            return self._call(body, values, kinds, attributes, scope, frame)
        results = list(made) if isinstance(made, tuple) else [made]
        given = node.gives or list(KINDS.get(key[:2], kinds[0] if kinds else "f"))
        return results, given

    def _named(self, value: Any, scope: str, operator: str, place: int) -> Any:
        """Give an initialiser the name that it has in the network."""
        if not isinstance(value, Initialiser):
            return value
        key = value.array.__array_interface__["data"][0]
        name = self.names.of(key, value.name, scope, operator, place)
        self.tracer.stored.setdefault(name, value.array)
        return Parameter(name, value.array)

    def _subgraph(
        self, graph: Any, inputs: Sequence[Any], kinds: Sequence[str], outer: Frame, scope: str
    ) -> list[Any]:
        """Read a subgraph, which knows what is around it."""
        frame = Frame(
            outer.versions, outer=outer, given=outer.given, scope=scope, depth=outer.depth + 1
        )
        self._deep(frame)
        for known, value, kind in zip(graph.input, inputs, kinds, strict=True):
            frame.values[known.name] = value
            frame.kinds[known.name] = kind
        return self.run(graph, frame)

    def _call(
        self,
        function: Any,
        values: list[Any],
        kinds: list[str],
        attributes: dict[str, Any],
        scope: str,
        outer: Frame,
    ) -> tuple[list[Any], list[str]]:
        """Read the body of a function, which knows its inputs and attributes alone."""
        versions = {DOMAINS.get(o.domain, o.domain): o.version for o in function.opset_import}
        given = {
            **attributes_of_defaults(function, self.folder),
            **attributes,
        }
        frame = Frame(versions or outer.versions, given=given, scope=scope, depth=outer.depth + 1)
        self._deep(frame)
        for place, name in enumerate(function.input):
            frame.values[name] = values[place] if place < len(values) else None
            frame.kinds[name] = kinds[place] if place < len(kinds) else "f"
        for node in function.node:
            self.step(node, frame)
        # Further outputs that a call does not ask for may be missing.
        results = [
            self.find(name, frame) if name in frame.values else None for name in function.output
        ]
        return results, [
            self.kind(name, value, frame)
            for name, value in zip(function.output, results, strict=True)
        ]

    def _deep(self, frame: Frame) -> None:
        if frame.depth > MOST_NESTED:
            self.tracer.refuse(f"functions and subgraphs are nested more than {MOST_NESTED} deep")


def attributes_of_defaults(function: Any, folder: Path | None) -> dict[str, Any]:
    """Give the attributes that a function has where its call does not say them."""
    return {a.name: value_of(a, folder) for a in function.attribute_proto}


def _told(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, list):
        return f"a sequence of {len(value)}"
    word = type(value).__name__.lower()
    return f"{word} {list(value.shape)}"
