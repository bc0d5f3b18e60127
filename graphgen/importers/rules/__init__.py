"""Rewrites of an imported network into the layers that people write, one file each.

A rule takes a network and gives one with the same function, or the same object where it finds
nothing; all are applied until none finds anything.
"""

from __future__ import annotations

from collections.abc import Callable

from graphgen.importers.network import Network
from graphgen.importers.rules.reshapes import cancel_reshapes

Rule = Callable[[Network], Network]

RULES: tuple[Rule, ...] = (cancel_reshapes,)
"""In the order in which they are tried."""

MOST_ROUNDS = 10_000


def apply_rules(network: Network, rules: tuple[Rule, ...] = RULES) -> Network:
    """Apply rules until none changes the network."""
    for _ in range(MOST_ROUNDS):
        before = network
        for rule in rules:
            network = rule(network)
        if network is before:
            return network
    raise RuntimeError(f"rules did not come to an end in {MOST_ROUNDS} rounds")
