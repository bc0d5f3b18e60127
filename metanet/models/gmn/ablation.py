"""Ablation: batches without one ingredient of their graphs, to measure what it adds.

What `without` may name (`metanet.options.INGREDIENTS`):

- `activations`: every activation function looks like a ReLU.
- `heads`: every query meets every key, as if attention had one head.
- `running_statistics`: a batch norm's mean and variance have no edges.
- `tap_coordinates`: the taps of a kernel, and the positions that a linear map reads, are a set.
- `bias_nodes`: biases and scales are features of their neuron, and no edges.
- `direction`: an edge treats its two ends alike, a node its incoming and outgoing edges.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from graphgen import EdgeBlock, NodeGroup, Template
from graphgen.template import Step
from metanet.batch import Batch
from spec.functions import FUNCTIONS

STATISTICS = ("mean", "variance")
UNIT_PARAMETERS = ("bias", "scale")


def reduce_batch(batch: Batch, without: frozenset[str]) -> Batch:
    """Give the batch with graphs that lack some ingredients; weights and nodes stay."""
    if not without:
        return batch
    parts = (replace(part, template=reduced(part.template, without)) for part in batch.parts)
    return Batch(tuple(parts))


def unit_parameters(batch: Batch) -> Batch:
    """Give the batch with those edges alone that `bias_nodes` turns into features of neurons."""
    parts = (replace(part, template=unit_edges(part.template)) for part in batch.parts)
    return Batch(tuple(parts))


@lru_cache(maxsize=4096)
def reduced(template: Template, without: frozenset[str]) -> Template:
    """Give a template without some ingredients."""
    groups, blocks = template.node_groups, template.blocks
    if "running_statistics" in without:
        blocks = tuple(block for block in blocks if block.kind not in STATISTICS)
    if "bias_nodes" in without:
        blocks = tuple(block for block in blocks if not belongs_to_unit(block))
    if "heads" in without:
        blocks = tuple(without_heads(block, groups) for block in blocks)
    if "activations" in without:
        groups = tuple(without_activation(group) for group in groups)
    return replace(template, node_groups=groups, blocks=blocks)


@lru_cache(maxsize=4096)
def unit_edges(template: Template) -> Template:
    """Give a template with the edges of biases and scales alone."""
    blocks = tuple(block for block in template.blocks if belongs_to_unit(block))
    return replace(template, blocks=blocks)


def belongs_to_unit(block: EdgeBlock) -> bool:
    """Say whether each edge is a bias or scale of one neuron."""
    return block.kind in UNIT_PARAMETERS and block.axes == ("unit",)


def without_heads(block: EdgeBlock, groups: tuple[NodeGroup, ...]) -> EdgeBlock:
    """Sum the products of all queries and keys for every head; other blocks stay."""
    scores = groups[block.target_group]
    if block.kind != "sum" or all(step.operation != "softmax" for step in scores.steps):
        return block
    units = groups[block.source_group]
    return replace(
        block,
        shape=(scores.size, units.size),
        axes=("unit", "unit"),
        source_start=units.start,
        source_strides=(0, 1),
        target_start=scores.start,
        target_strides=(1, 0),
    )


def without_activation(group: NodeGroup) -> NodeGroup:
    """Make every activation function a ReLU."""
    steps = tuple(Step("relu") if is_activation(step) else step for step in group.steps)
    return replace(group, steps=steps)


def is_activation(step: Step) -> bool:
    """Say whether a step is a function of single numbers other than a factor or a shift."""
    function = FUNCTIONS.get(step.operation)
    return function is not None and not function.affine
