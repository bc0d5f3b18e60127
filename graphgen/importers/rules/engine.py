"""Applies rules to a network until none of them finds anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from graphgen.importers.network import Network, Node
from graphgen.importers.rules.session import Replacement, Session
from spec.primitives import RefusalError, ShapeError

Match = Callable[[Session, Node], "Replacement | None"]


@dataclass(frozen=True)
class Rule:
    """An exact rewrite: what it makes of a node of one of these layers, or None.

    `match` looks from the node back to what it reads, and changes nothing. What it gives computes
    the same as the node, on any input.
    """

    name: str
    layers: tuple[str, ...]
    match: Match


def rule(*layers: str) -> Callable[[Match], Rule]:
    """Make a rule of a function that looks at nodes of these layers."""

    def make(match: Match) -> Rule:
        return Rule(match.__name__, layers, match)

    return make


@dataclass(frozen=True)
class Application:
    """A rule that was applied, and the network as it was before, for those who check it."""

    rule: Rule
    session: Session
    root: Node
    replacement: Replacement


Observer = Callable[[Application], None]

MOST_ROUNDS = 100
MOST_AT_ONCE = 50


@dataclass
class Engine:
    """Rules by the layer at which they begin; `counts` says how often each was applied.

    Learned values of the tensors `kept` are no views of these.
    """

    rules: Sequence[Rule]
    observer: Observer | None = None
    counts: dict[str, int] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()

    def run(self, network: Network) -> Network:
        """Apply the rules, each node after those that it reads, until nothing changes.

        All steps give the same function, so that a round more or less is no matter of right or
        wrong.
        """
        by_layer: dict[str, list[Rule]] = {}
        for each in self.rules:
            for layer in each.layers:
                by_layer.setdefault(layer, []).append(each)
        session = Session(network, self.kept)
        for _ in range(MOST_ROUNDS):
            if not self._round(session, by_layer):
                break
        return session.result()

    def _round(self, session: Session, by_layer: dict[str, list[Rule]]) -> bool:
        changed = False
        for key in session.order():
            for _ in range(MOST_AT_ONCE):
                node = session.nodes.get(key)
                if node is None or not self._applied(session, node, by_layer.get(node.layer, [])):
                    break
                changed = True
        return changed

    def _applied(self, session: Session, node: Node, rules: list[Rule]) -> bool:
        if any(session.readers(name) or name in session.outputs for name in node.outputs[1:]):
            return False
        for each in rules:
            try:
                found = each.match(session, node)
            except (ShapeError, RefusalError):
                # The layer that it would be has limits that this one is beyond.
                continue
            if found is None:
                continue
            if self.observer is not None:
                self.observer(Application(each, session, node, found))
            self.counts[each.name] = self.counts.get(each.name, 0) + 1
            session.replace(node, found.nodes, found.value)
            return True
        return False
