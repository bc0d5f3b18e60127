"""DeepSets: a network as the set of its parameters."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from graphgen.kinds import EDGE_KINDS
from metanet.batch import Batch, Part, float_offsets
from metanet.models.encoder import SCALES, several_scales
from metanet.models.few_inputs import FewInputs
from metanet.models.metanet import Metanet, head
from metanet.options import OPTIONS


class DeepSets(Metanet, options=OPTIONS):
    """A sum over parameters (Zaheer et al., NeurIPS 2017), each with the kind of its tensor.

        model = metanet.DeepSets(hidden=64, layers=2)

    Every scalar passes one MLP on its own; the head reads mean and standard deviation over each
    network. Invariant under every exchange of scalars between tensors of one kind, so under far
    more than the symmetries of a network.
    """

    def __init__(
        self, hidden: int = 64, layers: int = 2, outputs: int = 1, *, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.value = FewInputs(SCALES, hidden)
        self.kind = nn.Embedding(len(EDGE_KINDS), hidden)
        steps: list[nn.Module] = []
        for _ in range(layers):
            steps += [nn.SiLU(), nn.Linear(hidden, hidden)]
        self.element = nn.Sequential(*steps)
        self.head = head(2 * hidden, 2 * hidden, outputs, dropout)

    def embed(self, batch: Batch) -> Tensor:
        """Give the state of each network that the head reads, (networks, width)."""
        rows = []
        for part in batch.parts:
            columns, kinds = parameters(part)
            values = part.values[:, columns].unsqueeze(2)
            states = self.element(self.value(several_scales(values)) + self.kind(kinds))
            mean = states.mean(1)
            deviation = (states.var(1, unbiased=False) + 1e-5).sqrt()
            rows.append(torch.cat([mean, deviation], dim=1))
        return torch.cat(rows)[batch.order]


def parameters(part: Part) -> tuple[Tensor, Tensor]:
    """Say which columns of a part's values have edges, and the kind of each."""
    part.check_values()
    offsets = float_offsets(part.template)
    columns, kinds = [], []
    for block in part.template.blocks:
        if block.tensor is not None and not block.tied:
            start, size = offsets[block.tensor]
            columns.append(torch.arange(start, start + size, device=part.values.device))
            kind = torch.full((size,), EDGE_KINDS.index(block.kind), device=part.values.device)
            kinds.append(kind)
    return torch.cat(columns), torch.cat(kinds)
