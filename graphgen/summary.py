"""What a graph is, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphgen.template import EdgeBlock, Template


def name_of(template: Template) -> str:
    """Name a template after its architecture, or by the beginning of its hash."""
    return template.net.name if template.net is not None else template.architecture[:12]


def counted(template: Template) -> str:
    """Count the nodes and the edges of a template."""
    kind = "" if template.kind == "parameter" else f"{template.kind} graph, "
    return (
        f"{kind}{template.num_nodes:,} nodes in {len(template.node_groups):,} groups, "
        f"{template.num_edges:,} edges in {len(template.blocks):,} blocks"
    )


def joined(block: EdgeBlock) -> str:
    """Say what a block is, and what it joins."""
    shape = " x ".join(map(str, block.shape)) or "one edge"
    held = "" if block.weight is None else f", {block.weight.dtype}"
    return (
        f"{block.name}: {block.kind} {shape}{held}, "
        f"from group {block.source_group} to group {block.target_group}"
    )
