"""Exact copies: the permutation of nodes that makes one network of another, if there is one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from graphgen.matching.labels import Hashes
from graphgen.matching.refinement import Refinement
from graphgen.symmetry.rows import mix
from graphgen.template import Template

MOST_CLASSES = 4096
MOST_CHOICES = 16


def copied(
    template: Template,
    dead: NDArray[np.bool_],
    target: Mapping[str, Hashes],
    labels: Mapping[str, Hashes],
) -> NDArray[np.int64] | None:
    """Find the nodes whose places the target's take, if labels and structure say no two ways.

    Nodes that nothing tells apart (neurons that are there twice, or that do nothing) are put in any
    order, class by class, and in another where that goes wrong. None if there is no copy.
    """
    found = Refinement(template, dead, [target, labels])
    found.refine()
    if not found.alike():
        return None
    for _ in range(MOST_CLASSES):
        if all(found.discrete()):
            break
        if not distinguish(found):
            return None
    else:
        return None
    nodes = np.empty(template.num_nodes, dtype=np.int64)
    nodes[np.argsort(found.colours[0])] = np.argsort(found.colours[1])
    return nodes


def distinguish(found: Refinement) -> bool:
    """Tell the nodes of one class apart in both networks; say whether these are still alike."""
    found.part()
    before = found.colours.copy()
    first, counts = np.unique(before[0], return_counts=True)
    several = counts > 1
    tied = first[several][np.argmin(counts[several])]
    members = [np.flatnonzero(row == tied) for row in before]
    size = len(members[0])
    numbers = mix(np.arange(size)) ^ tied
    choices = [(members[0], members[1], numbers)]
    choices += [
        (members[0][:1], members[1][k : k + 1], numbers[:1]) for k in range(min(size, MOST_CHOICES))
    ]
    starts = np.array([group.start for group in found.template.node_groups])
    for ours, theirs, told in choices:
        found.colours = before.copy()
        found.colours[0, ours] = mix(told)
        found.colours[1, theirs] = mix(told)
        groups = np.searchsorted(starts, np.concatenate(members), side="right") - 1
        found.refine(np.unique(groups).tolist())
        if found.alike():
            return True
    return False
