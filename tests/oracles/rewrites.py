"""Checks of rewrites: a fragment of the network is computed as it was and as it will be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

import graphgen
import spec
from graphgen.importers.network import Network, Node, Weight
from graphgen.importers.rules import RULES, Application, Rule, apply_rules
from graphgen.importers.rules.constants import written_constants
from graphgen.importers.writing import write_network
from graphgen.testing import random_inputs, relative_error
from spec.layer import LAYERS, Scope, Value

LIMIT = 1e-6
"""Constants of exporters are rounded to float32."""


def evaluated(network: Network, seed: int = 0, *, positive: bool = False) -> list[np.ndarray]:
    """Compute a network on random inputs in float64, which may all be positive."""
    written = write_network(written_constants(with_axes(network)))
    text, weights = written.text, written.weights
    net = spec.loads(text)
    inputs = random_inputs(net, np.random.default_rng(seed), 3)
    if positive:
        inputs = tuple(np.abs(x) + 0.1 if x.dtype.kind == "f" else x for x in inputs)
    doubles = {
        name: array.astype(np.float64) if array.dtype.kind == "f" else array
        for name, array in weights.items()
    }
    found = graphgen.evaluate(written.net, doubles, *inputs)
    return list(found if isinstance(found, tuple) else (found,))[: len(network.outputs)]


def differences(before: Network, after: Network) -> float:
    """Give how far two networks are apart."""
    error, seen = 0.0, False
    for positive in (False, True):
        with np.errstate(all="ignore"):
            old = evaluated(before, positive=positive)
            new = evaluated(after, positive=positive)
        assert [a.shape for a in old] == [b.shape for b in new]
        for a, b in zip(old, new, strict=True):
            known = np.isfinite(a)  # roots of negative numbers have no value
            seen |= bool(known.any())
            error = max(error, relative_error(b[known], a[known]) if known.any() else 0.0)
    assert seen
    return error


def with_axes(network: Network) -> Network:
    """Give inputs that are single numbers an axis; every one is read, and there is one at least."""
    network = network.pruned()
    inputs: dict[str, tuple[int, ...]] = {}
    nodes = []
    for name, shape in network.inputs.items():
        if shape:
            inputs[name] = shape
        else:
            inputs[f"{name}_wide"] = (1,)
            nodes.append(Node("select", (f"{name}_wide",), name, (), {"dim": 1, "index": 0}))
    inputs = inputs or {"unused": (1,)}
    nodes += [with_own_names(node) for node in network.nodes]
    read = {name for node in nodes for name in node.inputs} | set(network.outputs)
    copies = [
        Node("identity", (name,), f"{name}_read", shape)
        for name, shape in inputs.items()
        if name not in read
    ]
    outputs = (*network.outputs, *(node.output for node in copies))
    return Network(inputs, (*nodes, *copies), outputs)


def with_own_names(node: Node) -> Node:
    """Name tensors by where they lie, so that two views of one array are two tensors."""
    tensors = {
        local: Weight(
            "w" + "_".join(map(str, (w.place[0], *w.place[1], "of", *w.place[2]))), w.array
        )
        for local, w in node.tensors.items()
    }
    return replace(node, tensors=tensors)


@dataclass
class Checked:
    """An observer that computes what each rule replaces, and what it puts there."""

    applied: list[str] = field(default_factory=list)
    worst: float = 0.0

    def __call__(self, application: Application) -> None:
        error = differences(*fragments(application))
        if error > LIMIT:  # what it reads may be one value in two spellings
            error = differences(*fragments(application, whole=True))
        name = application.rule.name
        assert error < LIMIT, f"{name} changes the function by {error:.3g}"
        self.applied.append(name)
        self.worst = max(self.worst, error)


def checked(network: Network, rules: Iterable[Rule] = RULES) -> tuple[Network, Checked]:
    """Apply rules, each application checked on its own, and the whole at the end."""
    observer = Checked()
    after = apply_rules(network, tuple(rules), observer)
    assert differences(network, after) < LIMIT
    return after, observer


def fragments(application: Application, whole: bool = False) -> tuple[Network, Network]:
    """Give what a rule replaces and what it puts there, of the same values as inputs.

    Fixed and learned values are no inputs, as a rule may read them. `whole` goes back to the
    network's inputs.
    """
    session, root, new = application.session, application.root, application.replacement
    own = {node.output for node in new.nodes}
    read = {name for node in new.nodes for name in node.inputs} - own
    read |= {new.value} - own
    cut = {name for name in read if not (whole or given(session, name))}
    old: dict[str, Node] = {}
    inputs: dict[str, spec.primitives.Shape] = {}

    def follow(name: str) -> None:
        node = session.maker(name)
        if node is not None and node.output in old:
            return
        if (name in cut and name != root.output) or node is None:
            inputs[name] = session.shape(name)
            return
        for each in node.inputs:
            follow(each)
        old[node.output] = node

    follow(root.output)
    before = tuple(old.values())
    for name in sorted(read - cut):
        follow(name)
    kept = tuple(node for node in old.values() if node.output != root.output)
    for name in sorted(cut - inputs.keys()):
        inputs[name] = session.shape(name)
    after = Network(inputs, (*kept, *new.nodes), (new.value,))
    return Network(inputs, before, (root.output,)), after


def given(session: object, name: str) -> bool:
    """Say whether a value depends on no input of the network, by its first inputs alone."""
    node = session.maker(name)  # type: ignore[attr-defined]
    while node is not None and len(node.inputs) == 1:
        node = session.maker(node.inputs[0])  # type: ignore[attr-defined]
    return node is not None and not node.inputs


def weight(rng: np.random.Generator, name: str, *shape: int) -> Weight:
    """Draw a weight."""
    return Weight(name, rng.standard_normal(shape))


@dataclass
class Build:
    """Builds a network of layers by hand: `x = build("relu", "x")`."""

    inputs: Mapping[str, tuple[int, ...]]
    seed: int = 0
    nodes: list[Node] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.shapes = dict(self.inputs)

    def __call__(self, layer: str, *inputs: str, **fields: object) -> str:
        """Add a layer, whose tensors are drawn, and give the name of its output."""
        from graphgen.importers.rules.shapes import layer_shapes

        shape, further = layer_shapes(layer, fields, tuple(self.shapes[x] for x in inputs))
        name = f"v{len(self.nodes)}"
        node = Node(
            layer, inputs, name, shape, fields, self._tensors(layer, name, fields, inputs),
            {local: f"{name}.{local}" for local in further}, source=layer,
        )  # fmt: skip
        self.nodes.append(node)
        self.shapes |= {name: shape} | {f"{name}.{k}": v for k, v in further.items()}
        return name

    def _tensors(
        self, layer: str, name: str, fields: Mapping[str, object], inputs: tuple[str, ...]
    ) -> dict[str, Weight]:
        if LAYERS[layer].reads_nothing and layer != "parameter":
            return {}
        made, wrong = LAYERS[layer].from_fields(fields)
        assert made is not None, wrong
        values = [Value(x, self.shapes[x]) for x in inputs] or [Value("", (1,))]
        scope = Scope("", {})
        made.infer(*(v.shape for v in values)).expand(scope, *values)
        return {
            local: Weight(f"{name}.{local}", np.abs(self.rng.standard_normal(t.shape)) + 0.3
                          if "var" in local else self.rng.standard_normal(t.shape))
            for local, t in scope.tensors.items()
        }  # fmt: skip

    def parameter(self, *shape: int) -> str:
        """Add a learned value."""
        return self("parameter", shape=shape)

    def number(self, value: float) -> str:
        """Add a constant number."""
        return self("constant", values=value)

    def constant(self, values: object) -> str:
        """Add constant numbers."""
        return self("constant", values=np.asarray(values))

    def network(self, *outputs: str) -> Network:
        """Give the network."""
        return Network(self.inputs, tuple(self.nodes), outputs or (self.nodes[-1].output,))


def layers(network: Network) -> list[str]:
    """List the layers of a network."""
    return [node.layer for node in network.nodes]


def as_network(net: spec.Architecture, weights: Mapping[str, np.ndarray]) -> Network:
    """Give the layers of an architecture as a network that rules rewrite."""
    nodes = []
    for layer in net.layers:
        if layer.output in layer.inputs:
            continue  # an identity
        tensors = {local: Weight(name, weights[name]) for local, name in layer.tensors.items()}
        further = {name.removeprefix(f"{layer.output}."): name for name in layer.further}
        reads = () if LAYERS[layer.type].reads_nothing else layer.inputs
        nodes.append(
            Node(layer.type, reads, layer.output, layer.output_shape, layer.fields, tensors,
                 further, source=layer.type)
        )  # fmt: skip
    return Network(net.inputs, tuple(nodes), net.outputs).pruned()


def named_tensors(network: Network) -> Network:
    """Give a network with a name of its own for each view of a tensor."""
    return network.with_nodes([with_own_names(node) for node in network.nodes])
