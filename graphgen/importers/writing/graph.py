"""The network as it is folded: what each node reads, by number, and which nodes are alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, takewhile
from typing import Any

from graphgen.importers.network import Network
from graphgen.importers.writing.columns import Column, Key
from graphgen.importers.writing.names import clean
from graphgen.importers.writing.saying import MADE, Said

Target = tuple[int, str]
"""A value: the place of its node, or -1, -2, ... for inputs; and which value, "" the main."""


@dataclass(frozen=True)
class Graph:
    """Nodes by their places: `reads` what each takes, `exact` equal for those with equal fields.

    `wanted` has the name that each node would have by the model, "" where the model has none, and
    `owners` whose each tensor was first. `prefixes` are those of spans of nodes that were asked
    for, and `kept` the tensors, by kind and name in the layer, that have the model's own names.
    """

    said: Sequence[Said]
    reads: Sequence[tuple[Target, ...]]
    keys: Sequence[Key]
    exact: Sequence[int]
    wanted: Sequence[str]
    scopes: Sequence[str]
    inputs: tuple[str, ...]
    outputs: tuple[Target, ...]
    owners: Sequence[Mapping[str, tuple[int, str]]]
    prefixes: dict[tuple[int, int], str] = field(default_factory=dict)
    kept: frozenset[tuple[Key, str]] = frozenset()

    @cached_property
    def beginning(self) -> Mapping[str, int]:
        """How many of the wanted names begin with each path, or are it."""
        counts: Counter[str] = Counter()
        for name in self.wanted:
            parts = name.split(".")
            counts.update(".".join(parts[:n]) for n in range(1, len(parts) + 1))
        return counts

    @cached_property
    def paths(self) -> Sequence[tuple[str, ...]]:
        """Where in the model each node stands: by its name, its module, or those around it."""
        found = [
            tuple(text.split(".")) if text else None
            for text in (w or s for w, s in zip(self.wanted, self.scopes, strict=True))
        ]
        before: list[tuple[str, ...] | None] = [*accumulate(found, _latest)]
        after = [*accumulate(reversed(found), _latest)][::-1]
        return [
            own if own is not None else _shared(b or (), a or ())
            for own, b, a in zip(found, before, after, strict=True)
        ]

    def is_tied(self, node: int) -> bool:
        """Say whether all tensors of a node, of which it has some, are another's."""
        owners = self.owners[node]
        return bool(owners) and all(place != node for place, _ in owners.values())

    def columns(self) -> list[Column]:
        """Give the network unfolded: each node a column of its own."""
        return [Column(key, [place]) for place, key in enumerate(self.keys)]


def _latest(before: Any, own: Any) -> Any:
    return before if own is None else own


def _shared(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(x for x, _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))


def graph_of(network: Network, said: Sequence[Said], wanted: Sequence[str]) -> Graph:
    """Number the values of a network, and the kinds of its nodes."""
    made: dict[str, Target] = {name: (-1 - k, "") for k, name in enumerate(network.inputs)}
    for place, node in enumerate(network.nodes):
        made[node.output] = (place, "")
        made |= {name: (place, local) for local, name in node.further.items()}
    reads = [tuple(made[name] for name in one.reads) for one in said]
    kinds: dict[Hashable, Key] = {}
    forms: dict[Hashable, int] = {}
    keys, exact = [], []
    for place, (one, values) in enumerate(zip(said, reads, strict=True)):
        behind = tuple(value == (place - 1, "") for value in values)
        kind = (one.node.layer, _kind_of(one), behind, tuple(one.tensors), made_of(one))
        keys.append(kinds.setdefault(kind, ("leaf", len(kinds))))
        form = (kind, repr(sorted(one.fields.items())))
        exact.append(forms.setdefault(form, len(forms)))
    outputs = tuple(made[name] for name in network.outputs)
    scopes = [clean(one.node.scope) for one in said]
    inputs = tuple(network.inputs)
    return Graph(said, reads, keys, exact, wanted, scopes, inputs, outputs, owners_of(said))


MEASURED = "running_"


def owners_of(said: Sequence[Said]) -> list[dict[str, tuple[int, str]]]:
    """Give, for each tensor of each node, the node and the tensor whose it was first.

    Exporters store what is equal once, but what is measured is no parameter, however equal.
    """
    known: dict[object, tuple[int, str]] = {}
    return [
        {
            local: known.setdefault((weight.place, local.startswith(MEASURED)), (place, local))
            for local, weight in one.node.tensors.items()
        }
        for place, one in enumerate(said)
    ]


def made_of(one: Said) -> str:
    """Give how tensors are made from others, which is no argument of a block."""
    return repr(one.fields.get(MADE))


def _kind_of(one: Said) -> Hashable:
    """Give what of the fields is the same wherever nodes are alike: all but numbers."""
    return _form(dict(one.resolved.fields))


def _form(value: Any) -> Hashable:
    if isinstance(value, Mapping):
        return tuple((key, _form(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(_form(item) for item in value)
    return type(value).__name__ if type(value) in (int, float) else value
