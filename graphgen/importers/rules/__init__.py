"""Rewrites of an imported network into the layers that people write, one file each.

A rule looks at a node and what it reads, and gives layers that compute the same, or None; all are
applied until none finds anything. What no rule recognises stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from graphgen.importers.network import Network
from graphgen.importers.overlaps import overlapping
from graphgen.importers.rules import (
    activations,
    attention,
    attention_parts,
    gates,
    group_norm,
    identities,
    indices,
    learned,
    learned_views,
    movement,
    multihead,
    norms,
    numbers,
    pads,
    patching,
    rotary,
    softmaxes,
)
from graphgen.importers.rules.constants import written_constants
from graphgen.importers.rules.engine import Application, Engine, Observer, Rule, rule

__all__ = ["RULES", "Application", "Observer", "Rule", "apply_rules", "rule"]

MODULES = (
    identities, learned_views, movement, numbers, norms, activations, softmaxes, group_norm,
    learned, gates, indices, rotary, attention, attention_parts, multihead, pads, patching,
)  # fmt: skip

RULES: tuple[Rule, ...] = tuple(
    each for module in MODULES for each in vars(module).values() if isinstance(each, Rule)
)
"""In the order in which they are tried at a node."""


def apply_rules(
    network: Network, rules: Sequence[Rule] = RULES, observer: Observer | None = None
) -> Network:
    """Apply rules until none changes the network; `observer` sees each before it is applied.

    What is one tensor stays one: where rules would give layers forms of it that share numbers, such
    as a matrix and its transpose, they let its learned value be.
    """
    before = overlapping(network)
    found = Engine(rules, observer).run(network)
    shared = overlapping(found) - before
    if shared:
        found = Engine(rules, observer, kept=frozenset(shared)).run(network)
    if overlapping(found) - before:
        found = network
    return written_constants(found)
