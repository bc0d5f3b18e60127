"""DMC: convolutions over the flattened weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from metanet.batch import Batch
from metanet.models.encoder import SCALES, several_scales
from metanet.models.metanet import Metanet, head
from metanet.options import OPTIONS

KERNEL, STRIDE = 9, 4


class DMC(Metanet, options=OPTIONS):
    """One-dimensional convolutions over all numbers of a network, one tensor after the other.

        model = metanet.DMC(hidden=64, layers=3)

    After Eilertsen et al., *Classifying the classifier: dissecting the weight space of neural
    networks* (ECAI 2020), whose deep meta-classifier slides over a vector of weights. Here each
    layer (kernel 9, stride 4) shortens the vector, and the head reads mean and standard deviation
    over what is left, so that networks may be of any size. It has no symmetry: permuting a
    network's neurons changes what it predicts.
    """

    def __init__(
        self, hidden: int = 64, layers: int = 3, outputs: int = 1, *, dropout: float = 0.0
    ) -> None:
        super().__init__()
        steps: list[nn.Module] = []
        for before in (SCALES, *(hidden,) * (layers - 1)):
            steps += [nn.Conv1d(before, hidden, KERNEL, STRIDE, KERNEL // 2), nn.SiLU()]
        self.slide = nn.Sequential(*steps)
        self.head = head(2 * hidden, 2 * hidden, outputs, dropout)

    def embed(self, batch: Batch) -> Tensor:
        """Give the state of each network that the head reads, (networks, width)."""
        rows = []
        for part in batch.parts:
            part.check_values()
            states = self.slide(several_scales(part.values.unsqueeze(2)).transpose(1, 2))
            deviation = (states.var(2, unbiased=False) + 1e-5).sqrt()
            rows.append(torch.cat([states.mean(2), deviation], dim=1))
        return torch.cat(rows)[batch.order]
