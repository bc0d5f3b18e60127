"""The map of names: which tensors of one implementation of a network are which of another's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.checkpoint import Form, open_checkpoint
from graphgen.compile import template
from graphgen.differences.isomorphism import Isomorphism, isomorphism
from graphgen.differences.patterns import by_pattern
from graphgen.differences.rules import Rule, rules_of
from graphgen.differences.ties import alike_tensors, values_of
from graphgen.differences.uses import Counterparts, Piece
from graphgen.errors import GraphError
from graphgen.sources import Net, Weights, architecture_from
from spec import Architecture
from spec.checkpoint import literal

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, repr=False)
class NameMap:
    """Which tensors of a network are which of another implementation of it, and how they lie there.

        found = graphgen.name_map("net.yaml", net)
        print(found)                         # a line a tensor
        moved = found.apply(weights)         # by the first's names, in its layouts
        found.checkpoint()                   # by which the first's description reads such files

    `rules` say it in the words of the language, where these suffice; `unsaid` are tensors of which
    they do not, though `apply` fills them. `interchangeable` are sets of tensors that the structure
    does not tell apart: any order of each computes the same, and `by_values` says whether the
    weights that were given decided. `same_constants` is false where constants differ, such as the
    eps of a norm or how long a sequence is, so that the functions do. `ours` and `theirs` are
    tensors without a counterpart, `torn` are those that are used in several places, which have no
    one counterpart in all of them.
    """

    first: Architecture
    second: Architecture
    rules: tuple[Rule, ...]
    unsaid: tuple[str, ...]
    interchangeable: tuple[tuple[str, ...], ...]
    by_values: bool
    same_constants: bool
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    torn: tuple[tuple[str, ...], ...]
    pieces: tuple[Piece, ...] = field(repr=False)
    found: Isomorphism = field(repr=False)

    @cached_property
    def names(self) -> Mapping[str, tuple[str, ...]]:
        """The tensors of the second network that each of the first's is, or is in."""
        result: dict[str, tuple[str, ...]] = {}
        for piece in self.pieces:
            result[piece.first] = (*result.get(piece.first, ()), piece.second)
        for rule in self.rules:
            for own in rule.own:
                result.setdefault(own, rule.stored)
        return {name: result[name] for name in self.first.tensors if name in result}

    @property
    def complete(self) -> bool:
        """Whether each tensor of either has its counterpart, tied ones tied in both."""
        return not self.ours and not self.theirs and not self.tied

    @cached_property
    def tied(self) -> tuple[tuple[str, ...], ...]:
        """Sets of tensors that are one in the other network, or not the same ones."""
        sets = [*self.torn, *((*rule.stored, *rule.also) for rule in self.rules if rule.also)]
        count: dict[str, list[str]] = {}
        for own, stored in self.names.items():
            if len(stored) == 1 and prod(self.first.tensors[own].shape) == prod(
                self.second.tensors[stored[0]].shape
            ):
                count.setdefault(stored[0], []).append(own)
        return (*sets, *(tuple(own) for own in count.values() if len(own) > 1))

    def apply(self, weights: Weights) -> Arrays:
        """Give weights of the second network as the first has them: the same scalars, moved.

        What has no counterpart, as a counter may, is as in a new network. Raises `GraphError` for
        weights that do not fit the second, and where a tensor of the first is left without.
        """
        lacking = [name for name in self.ours if self.first.tensors[name].trainable]
        if lacking:
            raise GraphError(
                f"{len(lacking)} tensors have no counterpart, first {lacking[0]!r}: the networks "
                "are not the same; `graphgen.diff` says how they differ"
            )
        theirs = open_checkpoint(Form.of(self.second), weights).weights
        result: Arrays = {}
        for name, tensor in self.first.tensors.items():
            if name not in self.names:
                value = tensor.initial[1] if tensor.initial[0] in ("constant", "statistic") else 0
                result[name] = np.full(tensor.shape, value, dtype=tensor.dtype)
            else:
                dtype = theirs[self.names[name][0]].dtype
                result[name] = np.empty(tensor.shape, dtype=dtype)
        for piece in self.pieces:
            own, stored = piece.places()
            result[piece.first].reshape(-1)[own] = theirs[piece.second].reshape(-1)[stored]
        for rule in self.rules:
            if rule.own[0] not in {piece.first for piece in self.pieces}:
                result[rule.own[0]] = theirs[rule.stored[0]].reshape(result[rule.own[0]].shape)
        return result

    def checkpoint(self) -> dict[str, Any]:
        """Give the `checkpoint` of the first network's description that reads the second's files.

            found = graphgen.name_map(net, "net.yaml")
            net = spec.from_resolved({**net.resolved(), "checkpoint": found.checkpoint()})

        Names that follow one pattern are one rule. Raises `GraphError` where a tensor lies in the
        other's in a way that the language has no words for.
        """
        if self.unsaid:
            raise GraphError(
                f"no rule says how {self.unsaid[0]!r} is stored, of {len(self.unsaid)} such "
                "tensors: their scalars lie in more pieces than `stored`, `packed` and `axes` can "
                "say; `apply` moves them"
            )
        result: dict[str, Any] = {}
        tensors: dict[str, Any] = {}
        packs: dict[str, Any] = {}
        for own, stored, fields in by_pattern(self.rules, [*self.first.tensors]):
            if len(own) > 1:
                parts = [literal(name) for name in own]
                packs[stored[0]] = {"parts": parts, **fields} if fields else parts
            else:
                names: Any = [literal(name) for name in stored]
                names = names if len(names) > 1 else names[0]
                tensors[own[0]] = {"stored": names, **fields} if fields else names
        result |= {"tensors": tensors} if tensors else {}
        result |= {"packed": packs} if packs else {}
        unread = [literal(name) for name in self.theirs]
        return result | ({"unread": unread} if unread else {})

    def __str__(self) -> str:
        lines = []
        for own, stored, fields in by_pattern(self.rules, [*self.first.tensors], every=True):
            notes = ", ".join(f"{key} {value}" for key, value in fields.items())
            lines.append(
                f"{' + '.join(own)} = {' + '.join(stored)}" + (f" ({notes})" if notes else "")
            )
        lines += [f"{name}: in pieces of {', '.join(self.names[name])}" for name in self.unsaid]
        lines += [f"{name}: no counterpart" for name in (*self.ours, *self.theirs)]
        how = "told apart by their values" if self.by_values else "in the order of their listing"
        lines += [f"interchangeable, {how}: {', '.join(n)}" for n in self.interchangeable]
        lines += [f"not tied in both: {', '.join(names)}" for names in self.tied]
        if not self.same_constants:
            lines.append("constants or sizes of inputs differ: not the same function")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<NameMap: {len(self.names)} of {len(self.first.tensors)} tensors>"


def name_map(
    a: Net, b: Net, weights_a: Weights | None = None, weights_b: Weights | None = None
) -> NameMap:
    """Find which tensors of `a` are which of `b`, two implementations of one network.

        found = graphgen.name_map(net, "net.yaml")
        moved = found.apply("net.safetensors")

    An isomorphism of their graphs says so, without regard to names, to the order of layers, to how
    operations are spelled, and to projections that are packed in one. Inputs and outputs go by
    their order. Where the structure does not tell tensors apart, weights of both decide if these
    are the same up to symmetries. Constants that differ (an eps) are passed over where all else
    agrees. Raises `GraphError` where there is no such map; `graphgen.diff` says why.
    """
    first, second = architecture_from(a, "a"), architecture_from(b, "b")
    found = mapped(first, second, weights_a, weights_b)
    if found is None:
        raise GraphError(
            f"the graphs of {first.name!r} and {second.name!r} are not the same, so that no tensor "
            "of one is known to be one of the other's; `graphgen.diff` says how they differ"
        )
    return found


def mapped(
    first: Architecture,
    second: Architecture,
    weights_a: Weights | None = None,
    weights_b: Weights | None = None,
) -> NameMap | None:
    """Find the map of names of two architectures; None if their graphs are not the same."""
    ours, theirs = template(first), template(second)
    found = isomorphism(ours, theirs)
    if found is None:
        found = isomorphism(ours, theirs, exact=False)
    if found is None:
        return None
    alike = alike_tensors(found)
    by_values = False
    if alike and weights_a is not None and weights_b is not None:
        arrays = [
            open_checkpoint(Form.of(net), weights, name).weights
            for net, weights, name in (
                (first, weights_a, "weights_a"), (second, weights_b, "weights_b"))
        ]  # fmt: skip
        labels = (values_of(found.first, arrays[0]), values_of(found.second, arrays[1]))
        told = isomorphism(ours, theirs, found.exact, labels)
        if told is not None:
            found, by_values = told, True
    counterparts = Counterparts(found)
    pieces = counterparts.pieces()
    rules, unsaid = rules_of(
        pieces,
        {name: tensor.shape for name, tensor in first.tensors.items()},
        {name: tensor.shape for name, tensor in second.tensors.items()},
    )
    rules += companions(first, second, pieces)
    filled = count_of(pieces, [piece.first for piece in pieces])
    taken = count_of(pieces, [piece.second for piece in pieces])
    told_by = (
        {name for rule in rules for name in rule.own},
        {name for rule in rules for name in (*rule.stored, *rule.also)},
    )
    left = [
        tuple(
            name
            for name, tensor in net.tensors.items()
            if name not in told and count.get(name, 0) < max(prod(tensor.shape), 1)
        )
        for net, told, count in ((first, told_by[0], filled), (second, told_by[1], taken))
    ]
    return NameMap(
        first, second, tuple(in_order(rules, first)), tuple(unsaid), tuple(alike), by_values,
        found.exact, left[0], left[1], tuple(counterparts.torn), tuple(pieces), found,
    )  # fmt: skip


def count_of(pieces: Sequence[Piece], names: Sequence[str]) -> dict[str, int]:
    """Count the scalars of each tensor that are in pieces."""
    result: dict[str, int] = {}
    for piece, name in zip(pieces, names, strict=True):
        result[name] = result.get(name, 0) + piece.size
    return result


def in_order(rules: list[Rule], net: Architecture) -> list[Rule]:
    """Sort rules as the network lists its tensors."""
    place = {name: number for number, name in enumerate(net.tensors)}
    return sorted(rules, key=lambda rule: place[rule.own[0]])


def companions(first: Architecture, second: Architecture, pieces: list[Piece]) -> list[Rule]:
    """Pair tensors without an edge, as counters are, by the operation that they come with."""
    known = {piece.second: piece.first for piece in pieces}
    taken = set(known.values())
    at = {
        frozenset(name for name in operation.parameters if name in taken): operation.parameters
        for operation in first.operations
    }
    rules = {}
    for operation in second.operations:
        found = frozenset(known[name] for name in operation.parameters if name in known)
        ours = at.get(found, ()) if found else ()
        rest = [name for name in operation.parameters if name not in known]
        own = [name for name in ours if name not in taken]
        for one, other in zip(own, rest, strict=False):
            if first.tensors[one].shape == second.tensors[other].shape:
                rules[one] = Rule((one,), (other,))
    return [*rules.values()]
