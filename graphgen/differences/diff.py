"""Two networks compared: as graphs, and by their weights modulo symmetries."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from graphgen.checkpoint import Form, open_checkpoint
from graphgen.differences.changes import Change, changes_of
from graphgen.differences.layers import Alignment, aligned
from graphgen.differences.names import NameMap, mapped
from graphgen.differences.patterns import by_pattern
from graphgen.differences.values import Compared, of_one_graph, of_two_graphs
from graphgen.differences.variables import of_variables
from graphgen.errors import GraphError
from graphgen.files.model_kind import model_kind
from graphgen.matching.matching import flag
from graphgen.sources import Net, Weights, architecture_from, is_there
from spec import Architecture


@dataclass(frozen=True, repr=False)
class Diff:
    """What differs between two networks, a line a difference; false where nothing does.

        found = graphgen.diff("net.yaml", "resnet")
        print(found)
        found.changes, found.weights, found.names

    `same_function` says that the graphs are the same, constants included: with the same weights
    both compute the same, whatever `changes` there are in names, order and spelling. It may be
    false of two that compute the same by other means. `names` is the map of names of two
    architectures whose graphs are the same, but perhaps for constants and what is tied; else None,
    as of two that are identical. `weights` is None where none were given.
    """

    first: Architecture = field(repr=False)
    second: Architecture = field(repr=False)
    same_function: bool
    changes: tuple[Change, ...]
    names: NameMap | None
    weights: Compared | None

    def __bool__(self) -> bool:
        differing = self.weights is not None and {*self.weights.counts()} - {"equal"}
        return bool(self.changes or differing)

    def __str__(self) -> str:
        lines = [str(change) for change in self.changes]
        if not self.changes:
            lines.append("architectures: no difference")
        elif self.same_function:
            lines.insert(0, "architectures: one graph, so that the same weights are one function")
        if self.weights is not None:
            lines.append(str(self.weights))
        return "\n".join(lines)

    def __repr__(self) -> str:
        told = "same function" if self.same_function else f"{len(self.changes)} changes"
        values = "" if self.weights is None else f", weights {self.weights.counts()}"
        return f"<Diff: {told}{values}>"

    def plain(self) -> dict[str, Any]:
        """Give it as plain data, which JSON can hold."""
        names = None
        if self.names is not None:
            names = {name: list(theirs) for name, theirs in self.names.names.items()}
        return {
            "same_function": self.same_function,
            "changes": [asdict(change) for change in self.changes],
            "names": names,
            "interchangeable": [list(n) for n in self.names.interchangeable] if self.names else [],
            "weights": None if self.weights is None else {
                "how": self.weights.how,
                "counts": self.weights.counts(),
                "tensors": [asdict(tensor) for tensor in self.weights.tensors],
            },
        }  # fmt: skip


def diff(
    a: Net,
    b: Net,
    weights_a: Weights | None = None,
    weights_b: Weights | None = None,
    *,
    align: bool | None = None,
) -> Diff:
    """Compare two networks: their architectures as graphs, and their weights modulo symmetries.

        print(graphgen.diff("gpt2", "bert"))
        print(graphgen.diff("net.yaml", "net.yaml", "net.safetensors", weights))

    Layers are paired by what they are, by their place and by their names, so that one more layer is
    one difference, and names, order and spelling are told from what changes the function. Two files
    in the language that differ by their variables alone have these first. The weights
    of models (.onnx, .pt2, a folder) are their own unless others are given; they are
    compared where both networks have some. Where the graphs are the same, `graphgen.match` says
    which differences are symmetries: for at most three million parameters unless `align` is true,
    and not if it is false. Raises `GraphError` for weights of one network alone, and for such as do
    not fit.
    """
    if align is not None:
        align = flag(align, "align")
    first, own = model(a, "a", weights_a)
    second, others = model(b, "b", weights_b)
    weights_a = own if weights_a is None else weights_a
    weights_b = others if weights_b is None else weights_b
    if (weights_a is None) != (weights_b is None) and (own is None) == (others is None):
        lacking = "weights_a" if weights_a is None else "weights_b"
        raise GraphError(f"`{lacking}` is None; expected weights of both networks, or of none")
    valued = weights_a is not None and weights_b is not None
    given = (weights_a, weights_b) if valued else (None, None)
    layers = aligned(first, second)
    names, same = None, first.hash == second.hash
    if not same:
        names = mapped(first, second, *given)
        same = names is not None and names.complete and names.same_constants
    listed = changes_of(layers)
    if same:
        listed = spelled(layers, names, listed)
    elif not listed:
        listed = [Change("changed", "graphs", "they differ in what no field of a layer says")]
    if not same:
        listed = [*of_variables(a, b, second), *listed]
    compared = None
    if weights_a is not None and weights_b is not None:
        one = same or (names is not None and names.complete)  # but perhaps for constants
        compared = values(layers, names, one, weights_a, weights_b, align)
    return Diff(first, second, same, tuple(listed), names, compared)


def model(net: Net, argument: str, weights: Weights | None) -> tuple[Architecture, Weights | None]:
    """Give an architecture, and the weights of a model that has its own and no others."""
    if weights is None and isinstance(net, (str, os.PathLike)):
        path = Path(os.fsdecode(net))
        if is_there(path) and model_kind(path) is not None:
            from graphgen.importers import read_model

            imported = read_model(path)
            return imported.net, imported.weights
    return architecture_from(net, argument), None


def spelled(found: Alignment, names: NameMap | None, listed: list[Change]) -> list[Change]:
    """List what differs where the function does not: names, order, and how layers are written."""
    if names is None or (
        listed and all(change.kind in ("renamed", "reordered") for change in listed)
    ):
        return listed
    sizes = (len(side.net.layers) for side in (found.first, found.second))
    result = [Change("spelled", "layers", "{} here, {} there".format(*sizes))]
    for own, stored, fields in by_pattern(names.rules, [*names.first.tensors]):
        told = ", ".join(f"{key} {value}" for key, value in fields.items())
        other = " + ".join(stored) + (f" ({told})" if told else "")
        result.append(Change("renamed", " + ".join(own), other))
    return result


def values(
    layers: Alignment,
    names: NameMap | None,
    one: bool,
    weights_a: Weights,
    weights_b: Weights,
    align: bool | None,
) -> Compared:
    """Compare the weights, tensor by tensor."""
    first, second = layers.first.net, layers.second.net
    ours = open_checkpoint(Form.of(first), weights_a, "weights_a").weights
    theirs = open_checkpoint(Form.of(second), weights_b, "weights_b").weights
    if not one:
        pairs: dict[str, str] = {}
        for x, y in layers.layers():
            for role, name in x.tensors.items():
                if role in y.tensors:
                    pairs.setdefault(name, y.tensors[role])
        return of_two_graphs(pairs, ours, theirs)
    if names is None:
        return of_one_graph(first, ours, theirs, {}, align)
    called = {name: " + ".join(other) for name, other in names.names.items()}
    return of_one_graph(first, ours, names.apply(theirs), called, align)
