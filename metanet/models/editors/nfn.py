"""NP-NFN, HNP-NFN and DWSNets that write weights."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from metanet.batch import Batch, Part
from metanet.models.editor import Editor, first_scales, laid_out
from metanet.models.nfn_trunk import DWSTrunk, HNPNFNTrunk, NPNFNTrunk, WeightSpaceTrunk
from metanet.models.side_inputs import SIDE, SideInputs
from metanet.options import OPTIONS
from metanet.sources import Net, architecture_of


class WeightSpaceEditor(Editor, options=OPTIONS):
    """What the three share: a linear map of each item's last, normed state to its numbers.

    Each tensor has a scale of its own. `folded` is that of the predictors; `channels` and what
    follows are those of `SideInputs`.
    """

    trunk_type: ClassVar[type[WeightSpaceTrunk]]

    def __init__(
        self,
        net: Net,
        hidden: int = 64,
        layers: int = 4,
        members: int = 1,
        *,
        folded: bool = False,
        channels: int = SIDE.channels,
        conditions: int = SIDE.conditions,
        probes: int = SIDE.probes,
        standardise_probes: bool = SIDE.standardise_probes,
        node_features: int = SIDE.node_features,
    ) -> None:
        super().__init__(members=members)
        net = architecture_of(net)
        options = SideInputs(
            channels=channels, conditions=conditions, probes=probes,
            standardise_probes=standardise_probes, node_features=node_features, net=net,
        )  # fmt: skip
        self.trunk = self.trunk_type(net, hidden, layers, options, folded)
        self.sizes = self.trunk.sizes
        self.heads = nn.ModuleDict(
            {
                name: nn.Sequential(nn.LayerNorm(hidden), nn.Linear(hidden, members * size))
                for name, size in self.sizes.items()
            }
        )
        self.scale = first_scales(len(self.sizes))

    def changes(self, batch: Batch) -> list[Tensor]:
        return [self.change(part) for part in batch.parts]

    def change(self, part: Part) -> Tensor:
        """Give the change of a part's weights, (networks, members, P)."""
        states = self.trunk(part)
        numbers = {
            name: self.propose(name, states[name]) * scale
            for name, scale in zip(self.sizes, self.scale, strict=True)
        }
        changes = {}
        for number, layer in enumerate(self.trunk.layers_of(part), start=1):
            weight = numbers[f"weight{number}"]
            changes[layer.weight] = self.trunk.weight_from(number, layer, weight)
            if layer.bias is not None:
                changes[layer.bias] = numbers[f"bias{number}"].flatten(2)
        return laid_out(part.template, changes)

    def propose(self, name: str, state: Tensor) -> Tensor:
        """Map an item's state to its numbers, (networks, members, *axes, numbers)."""
        proposed: Tensor = self.heads[name](self.trunk.separate(state))
        proposed = proposed.unflatten(-1, (self.members, self.sizes[name])).movedim(-2, 1)
        return proposed.flatten(-2)


class NPNFNEditor(WeightSpaceEditor):
    """NP-NFN that writes weights (Zhou et al., NeurIPS 2023).

        editor = metanet.NPNFNEditor(net, hidden=64)
        (edited,) = editor(batch)              # a Batch of the same networks, with new weights

    Permuting the hidden neurons of a network permutes its new weights. It takes what `NPNFN` takes.
    """

    trunk_type = NPNFNTrunk


class HNPNFNEditor(WeightSpaceEditor):
    """HNP-NFN that writes weights (Zhou et al., NeurIPS 2023).

        editor = metanet.HNPNFNEditor(net, hidden=64)
        (edited,) = editor(batch)              # a Batch of the same networks, with new weights

    Permuting the hidden neurons of a network permutes its new weights. It takes what `HNPNFN`
    takes.
    """

    trunk_type = HNPNFNTrunk


class DWSNetEditor(WeightSpaceEditor):
    """DWSNets that write weights (Navon et al., ICML 2023).

        editor = metanet.DWSNetEditor(net, hidden=16)
        (edited,) = editor(batch)              # a Batch of the same networks, with new weights

    Permuting the hidden neurons of a network permutes its new weights. It takes what `DWSNet`
    takes.
    """

    trunk_type = DWSTrunk
