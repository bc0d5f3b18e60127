"""A metanet that sees nothing of a network but the norms of its tensors."""

import torch
from torch import nn

import metanet
from metanet.models.metanet import head


class Norms(metanet.Metanet):
    """Reads the logarithm of each tensor's norm.

    model = Norms(hidden=16)
    """

    def __init__(self, hidden: int = 32, outputs: int = 1) -> None:
        super().__init__()
        self.tensor = nn.Sequential(nn.Linear(1, hidden), nn.SiLU())
        self.head = head(hidden, hidden, outputs)

    def embed(self, batch: metanet.Batch) -> torch.Tensor:
        rows = []
        for part in batch.parts:
            names = [tensor.name for tensor in part.template.edge_tensors]
            norms = torch.stack([part.tensor(name).norm(dim=1) for name in names], dim=1)
            rows.append(self.tensor(torch.log(norms + 1e-6).unsqueeze(2)).mean(1))
        return torch.cat(rows)[batch.order]
