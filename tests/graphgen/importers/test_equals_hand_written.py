"""What is imported of published networks is what people wrote of them by hand: one graph."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from published.all import PUBLISHED
from published.network import Published, fill
from torch import Tensor, nn

import graphgen
import spec
from graphgen.importers import Imported, from_torch

SAME = (
    "GPT-2", "Llama", "Qwen3", "OLMo 2", "Command R", "Phi", "StarCoder2", "ModernBERT",
    "DistilBERT", "ResNet", "MLP-Mixer", "gMLP", "RegNetY", "SegFormer",
)  # fmt: skip
"""Of which the graph is the same, group by group."""
EQUAL = ("BERT", "ALBERT", "ELECTRA", "Gemma 2", "GPT-J", "GPT-NeoX", "BLOOM", "MPT")
"""Whose groups stand in another order."""


QUICK = ("Llama", "DistilBERT", "ResNet", "MLP-Mixer", "BERT")


def each(titles: tuple[str, ...]) -> list[object]:
    """Give titles as parameters; all but some are for the long tests."""
    return [t if t in QUICK else pytest.param(t, marks=pytest.mark.long) for t in titles]


class Called(nn.Module):
    """A published network's module, and what is taken of its outputs."""

    def __init__(self, published: Published) -> None:
        super().__init__()
        self.inner = published.model()
        self.published = published
        fill(self.inner, 0)

    def forward(self, *inputs: Tensor) -> object:
        return self.published.call(self.inner, *inputs)


def imported(published: Published) -> Imported:
    """Import a published network from its authors' module."""
    net = published.load()
    inputs = [torch.zeros((2, *shape)).to(torch.int64 if name in net.index_inputs else None)
              for name, shape in net.inputs.items()]  # fmt: skip
    return from_torch(Called(published), tuple(inputs))


def described(net: spec.Architecture) -> list[object]:
    """Say a network's group, scalings, nodes, edges, blocks and steps, in no order."""
    template = graphgen.template(net)
    blocks = Counter((b.kind, tuple(sorted(n for n in b.shape if n > 1))) for b in template.blocks)
    steps = Counter(step.operation for group in template.node_groups for step in group.steps)
    scalings = graphgen.scalings(net)
    group = graphgen.symmetries(net).order, scalings.signs, scalings.scales
    return [group, template.num_nodes, template.num_edges, blocks, steps]


@pytest.mark.parametrize("title", each(SAME))
def test_the_graph_is_that_of_the_network_by_hand(title: str) -> None:
    published = PUBLISHED[title]
    found = imported(published)
    assert graphgen.template(found.net).hash == graphgen.template(published.load()).hash


@pytest.mark.parametrize("title", each(EQUAL))
def test_group_nodes_edges_and_blocks_are_those_by_hand(title: str) -> None:
    published = PUBLISHED[title]
    assert described(imported(published).net) == described(published.load())


def test_another_network_has_another_graph() -> None:
    found = imported(PUBLISHED["DistilBERT"])
    other = spec.loads(found.text.replace("gelu", "relu", 1))
    assert described(other) != described(found.net)
