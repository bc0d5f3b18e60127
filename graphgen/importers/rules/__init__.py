"""Rewrites of an imported network into the layers that people write, one file each.

A rule looks at a node and what it reads, and gives layers that compute the same, or None; all are
applied until none finds anything. What no rule recognises stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from graphgen.importers.network import Network
from graphgen.importers.rules.constants import written_constants
from graphgen.importers.rules.engine import Application, Engine, Observer, Rule, rule
from graphgen.importers.rules.movement import shortest_movement

__all__ = ["RULES", "Application", "Observer", "Rule", "apply_rules", "rule"]

RULES: tuple[Rule, ...] = (shortest_movement,)
"""In the order in which they are tried at a node."""


def apply_rules(
    network: Network, rules: Sequence[Rule] = RULES, observer: Observer | None = None
) -> Network:
    """Apply rules until none changes the network; `observer` sees each before it is applied."""
    return written_constants(Engine(rules, observer).run(network))
