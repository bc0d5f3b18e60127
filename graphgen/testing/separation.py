"""Separation: networks that compute different functions have different graphs."""

from __future__ import annotations

import json
from collections import Counter
from hashlib import sha256
from typing import Any

from graphgen.compile import template
from graphgen.sources import Net, architecture_from
from graphgen.template import EdgeBlock, Template


def assert_separates(net_a: Net, net_b: Net) -> int:
    """Check that the structures of two architectures differ, all names aside.

        assert_separates(spec.load("net.yaml"), spec.load("net.yaml", width=8))

    Compares `colours`; returns how many node groups of the two have no counterpart.
    """
    __tracebackhide__ = True
    net_a, net_b = architecture_from(net_a, "net_a"), architecture_from(net_b, "net_b")
    a, b = Counter(colours(template(net_a))), Counter(colours(template(net_b)))
    differing = ((a - b) + (b - a)).total()
    if not differing:
        raise AssertionError(
            f"{differing} of {a.total()} node groups tell {net_a.name!r} and {net_b.name!r} apart: "
            "two functions have one graph"
        )
    return differing


def colours(structure: Template) -> list[str]:
    """Describe each node group by what it is and what it is connected to, as sorted hashes.

    Colours are refined until they no longer split: a group's next colour says, too, through which
    blocks it is connected to which colours, and a block's which other blocks share its tensor. The
    names of groups, blocks and tensors and their order play no part.
    """
    groups = [
        digest([g.kind, g.size, [[s.operation, s.attributes] for s in g.steps], g.output])
        for g in structure.node_groups
    ]
    distinct = 0
    while len(set(groups)) > distinct:
        distinct = len(set(groups))
        edges = [
            digest([description(b), groups[b.source_group], groups[b.target_group]])
            for b in structure.blocks
        ]
        uses: dict[str, list[str]] = {}
        for block, edge in zip(structure.blocks, edges, strict=True):
            if block.tensor is not None:
                uses.setdefault(block.tensor, []).append(edge)
        around: list[list[Any]] = [[] for _ in groups]
        for block, edge in zip(structure.blocks, edges, strict=True):
            shared = sorted(uses.get(block.tensor or "", []))
            around[block.source_group].append(["out", edge, shared])
            around[block.target_group].append(["in", edge, shared])
        groups = [
            digest([colour, sorted(near)]) for colour, near in zip(groups, around, strict=True)
        ]
    return sorted(groups)


def description(block: EdgeBlock) -> list[Any]:
    """Describe a block on its own, without names and places."""
    return [
        block.kind,
        block.shape,
        block.axes,
        block.source_strides,
        block.target_strides,
        block.constant,
        block.step,
        block.attributes,
        block.tensor is not None,
    ]


def digest(value: Any) -> str:
    """Hash plain data."""
    return sha256(json.dumps(value).encode()).hexdigest()
