"""Each rewrite of models of transformers is computed before and after."""

from __future__ import annotations

import pytest
import torch
from oracles.families import FAMILIES, Family
from oracles.rewrites import checked

from graphgen.importers.batches import with_batch
from graphgen.importers.network import Network
from graphgen.importers.torch.module import exported
from graphgen.importers.torch.program import read_program

QUICK = ("llama", "vit")
FEW = {"llama": 15, "qwen3": 15, "gptj": 17, "falcon": 17, "vit": 23, "gemma2": 49}
"""How many layers are left at most."""
OTHERS = ("t5", "swin", "bloom", "siglip", "convnextv2", "patchtst", "mamba")


class First(torch.nn.Module):
    """A model's main output."""

    def __init__(self, family: Family) -> None:
        super().__init__()
        self.inner = family.make()
        self.flags = dict(family.flags)

    def forward(self, **inputs: torch.Tensor) -> torch.Tensor:
        found = self.inner(**inputs, **self.flags)
        names = ("logits", "last_hidden_state", "logits_per_text", "prediction_outputs")
        return next(found[name] for name in names if name in found)


def traced(family: Family) -> Network:
    read = read_program(exported(First(family), family.inputs()))
    return with_batch(read.trace, read.input_shapes, "auto")[0]


@pytest.mark.parametrize(
    "name",
    [n if n in QUICK else pytest.param(n, marks=pytest.mark.long) for n in (*FEW, *OTHERS)],
)
def test_each_rewrite_is_exact(name: str) -> None:
    family = next(each for each in FAMILIES if each.name == name)
    network, observer = checked(traced(family))
    assert observer.applied
    assert len(network.nodes) <= FEW.get(name, len(network.nodes))
