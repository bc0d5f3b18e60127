"""Alignment: networks of one architecture brought close to one of them by exact symmetries."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import graphgen
import spec
from metanet.batch import Part, float_offsets
from metanet.models.probes import stacked
from metanet.uncompiled import uncompiled

MOST_KEPT = 2**28
"""How many numbers of aligned networks are kept, so as not to match them again."""


class Aligned(nn.Module):
    """Networks whose neurons are permuted, and signs and sizes changed, towards one network.

        aligned = Aligned(net)(part)                   # the same functions, with other weights

    By `graphgen.match` (Ainsworth, Hayase & Srinivasa, ICLR 2023), whose changes are exact. The
    network is the first that is seen in training, and is saved with the model; until then networks
    stay as they are. Matching takes 10 to 20 ms for a network of a thousand numbers; those that
    were seen before are not matched again.
    """

    target: Tensor
    known: Tensor

    def __init__(self, net: spec.Architecture) -> None:
        super().__init__()
        self.net, self.template = net, graphgen.template(net)
        self.size = sum(size for _, size in float_offsets(self.template).values())
        self.register_buffer("target", torch.zeros(self.size))
        self.register_buffer("known", torch.zeros((), dtype=torch.bool))
        self.kept: OrderedDict[bytes, Tensor] = OrderedDict()

    @uncompiled
    @torch.no_grad()
    def forward(self, part: Part) -> Part:
        """Align the networks of a part."""
        if self.training and not self.known and len(part.values):
            self.target.copy_(part.values[0])
            self.known.fill_(True)
            self.kept.clear()
        if not self.known:
            return part
        values, target = part.values.detach().cpu(), self.target.to(part.values).cpu()
        goal = self.arrays(part, target)
        about = target.numpy().tobytes()
        rows = []
        for row in values:
            key = hashlib.sha256(about + row.numpy().tobytes()).digest()
            if key not in self.kept:
                self.kept[key] = self.matched(part, goal, row)
                while len(self.kept) > 1 and len(self.kept) * self.size > MOST_KEPT:
                    self.kept.popitem(last=False)
            rows.append(self.kept[key])
        return replace(part, values=torch.stack(rows).to(part.values))

    def matched(self, part: Part, goal: dict[str, NDArray[np.generic]], row: Tensor) -> Tensor:
        """Match one network with the target; give its values as they are then."""
        own = self.arrays(part, row)
        found = graphgen.match(self.net, goal, own).apply(own)
        names = float_offsets(part.template)
        return torch.cat([torch.from_numpy(np.ascontiguousarray(found[n])).view(-1) for n in names])

    def arrays(self, part: Part, row: Tensor) -> dict[str, NDArray[np.generic]]:
        """Cut a row of values into arrays by name."""
        one = replace(part, values=row.unsqueeze(0), positions=(0,))
        return {name: tensor[0].numpy() for name, tensor in stacked(one, self.net).items()}
