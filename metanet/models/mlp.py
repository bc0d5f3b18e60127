"""A plain MLP on the flattened weights of one architecture."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

import graphgen
import spec
from metanet.batch import Batch, Part, float_offsets
from metanet.errors import MetanetError
from metanet.models.aligned import Aligned
from metanet.models.encoder import SCALES, several_scales
from metanet.models.metanet import Metanet, head
from metanet.models.side_inputs import SIDE, conditions_of, parts_by_channel
from metanet.options import OPTIONS
from metanet.sources import Net, architecture_of


class MLP(Metanet, options=OPTIONS):
    """An MLP on all numbers of a network, one tensor after the other.

        model = metanet.MLP(net, hidden=128)

    It takes networks of the one architecture that it was made for, and has no symmetry. With
    `augment`, each network is permuted by a random symmetry whenever it is seen in training, so
    that the model may learn what others have built in. With `align`, each is matched with one of
    the training networks first, by permutations, signs and sizes of neurons that change nothing of
    what it computes (`Aligned`); `augment` then has no effect.
    """

    def __init__(
        self,
        net: Net,
        hidden: int = 64,
        layers: int = 2,
        outputs: int = 1,
        *,
        augment: bool = True,
        align: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        chosen = architecture_of(net)
        self.trunk = FlatTrunk(chosen, hidden, layers, augment=augment and not align)
        self.aligned = Aligned(chosen) if align else None
        self.head = head(hidden, 2 * hidden, outputs, dropout)

    def embed(self, batch: Batch) -> Tensor:
        """Give the state of each network that the head reads, (networks, width)."""
        parts = batch.parts
        if self.aligned is not None:
            parts = tuple(self.aligned(self.trunk.checked(part)) for part in parts)
        rows = [self.trunk(part, self.trunk.permutations(part)) for part in parts]
        return torch.cat(rows)[batch.order]


class FlatTrunk(nn.Module):
    """An MLP on the flattened weights of one architecture, that may be permuted in training.

    `channels` and `conditions` are those of `SideInputs`; all stand side by side.
    """

    def __init__(
        self,
        net: spec.Architecture,
        hidden: int,
        layers: int,
        *,
        augment: bool,
        channels: int = SIDE.channels,
        conditions: int = SIDE.conditions,
    ) -> None:
        super().__init__()
        self.channels, self.conditions = channels, conditions
        self.template = graphgen.template(net)
        self.symmetries = graphgen.symmetries(net) if augment else None
        self.offsets = float_offsets(self.template)
        self.size = sum(size for _, size in self.offsets.values())
        if not self.size:
            raise MetanetError(f"the architecture {net.name!r} has no weights that could be read")
        steps: list[nn.Module] = []
        inputs = SCALES * channels * self.size + conditions
        for before in (inputs, *(hidden,) * (layers - 1)):
            steps += [nn.Linear(before, hidden), nn.SiLU()]
        self.layers = nn.Sequential(*steps)

    def forward(self, part: Part, index: Tensor | None = None) -> Tensor:
        """Give a state for each network, (networks, hidden); `index` says how it is permuted."""
        self.checked(part)
        values = [channel.values for channel in parts_by_channel(part, self.channels)]
        if index is not None:
            values = [channel.gather(1, index) for channel in values]
        inputs = [several_scales(torch.stack(values, dim=2)).flatten(1)]
        if self.conditions:
            inputs.append(conditions_of(part, self.conditions))
        result: Tensor = self.layers(torch.cat(inputs, dim=1))
        return result

    def checked(self, part: Part) -> Part:
        """Give a part; `MetanetError` if its networks are of another architecture."""
        if part.template.architecture != self.template.architecture:
            raise MetanetError(
                "this MLP takes networks of one architecture, that of "
                f"{self.template.architecture[:12]}; the batch has another"
            )
        return part

    def permutations(self, part: Part) -> Tensor | None:
        """Draw a symmetry for each network of a part, in training and where it is asked for."""
        if not self.training or self.symmetries is None:
            return None
        return torch.stack([self.permuted() for _ in part.positions]).to(part.values.device)

    def permuted(self) -> Tensor:
        """Draw a symmetry: for each number of a network, the place of the one it takes."""
        if self.symmetries is None:
            raise MetanetError("this MLP was made without augmentation")
        element = self.symmetries.sample(np.random.default_rng(int(torch.randint(2**31, ()))))
        index = torch.arange(self.size)
        places = {t.name: np.zeros(t.shape, np.int64) for t in self.template.tensors}
        for name, (start, size) in self.offsets.items():
            places[name] = np.arange(start, start + size).reshape(places[name].shape)
        moved = element.apply(places)
        for name, (start, size) in self.offsets.items():
            index[start : start + size] = torch.from_numpy(moved[name].reshape(-1))
        return index
