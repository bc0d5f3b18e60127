"""NP-NFN, HNP-NFN and DWSNets: all linear maps of weights that commute with permuting neurons."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from metanet.batch import Batch
from metanet.models.metanet import Metanet, head
from metanet.models.nfn_trunk import DWSTrunk, HNPNFNTrunk, NPNFNTrunk, WeightSpaceTrunk
from metanet.models.side_inputs import SIDE, SideInputs
from metanet.options import OPTIONS
from metanet.sources import Net, architecture_of


class WeightSpaceNetwork(Metanet, options=OPTIONS):
    """What NP-NFN, HNP-NFN and DWSNets share: a trunk, and a head that reads its items' averages.

    The number of layers and their channels (kernel taps, flattened positions) must be those of
    `net`. What nothing permutes lies side by side in a layer's states, with `hidden` channels for
    each; with `folded`, the encoder makes one state of it all. `channels` and what follows are
    those of `SideInputs`; with `probes`, networks have the architecture `net`.
    """

    trunk_type: ClassVar[type[WeightSpaceTrunk]]

    def __init__(
        self,
        net: Net,
        hidden: int = 64,
        layers: int = 4,
        outputs: int = 1,
        *,
        folded: bool = False,
        dropout: float = 0.0,
        channels: int = SIDE.channels,
        conditions: int = SIDE.conditions,
        probes: int = SIDE.probes,
        standardise_probes: bool = SIDE.standardise_probes,
        node_features: int = SIDE.node_features,
    ) -> None:
        super().__init__()
        net = architecture_of(net)
        options = SideInputs(
            channels=channels,
            conditions=conditions,
            probes=probes,
            standardise_probes=standardise_probes,
            node_features=node_features,
            net=net,
        )
        self.trunk = self.trunk_type(net, hidden, layers, options, folded)
        self.head = head(self.trunk.layout.width, 2 * hidden, outputs, dropout)

    def embed(self, batch: Batch) -> Tensor:
        """Give the state of each network that the head reads, (networks, width)."""
        rows = [self.trunk.last_states(part).whole for part in batch.parts]
        return torch.cat(rows)[batch.order]


class NPNFN(WeightSpaceNetwork):
    """NP-NFN (Zhou et al., *Permutation equivariant neural functionals*, NeurIPS 2023).

        model = metanet.NPNFN(net, hidden=64)

    Equivariant under permuting the neurons of every layer, inputs and outputs too; these are told
    apart by waves over their place that are added to the first and the last layer's weights. It
    takes chains of any widths, with the number of layers and the channels of `net`. As published, a
    kernel has `hidden` channels for each tap; with `folded`, `hidden` in all.
    """

    trunk_type = NPNFNTrunk


class HNPNFN(WeightSpaceNetwork):
    """HNP-NFN (Zhou et al., NeurIPS 2023): only hidden neurons may be permuted.

        model = metanet.HNPNFN(net, hidden=64)

    The first layer's weights are, for each hidden neuron, a vector over the inputs, and the last
    layer's one over the outputs, each read by its own weights; so networks need the inputs, the
    outputs, the number of layers and the channels of `net`, and at least one hidden layer. As
    published, there are `hidden` channels for each input, output and kernel tap; with `folded`,
    `hidden` for each tensor.
    """

    trunk_type = HNPNFNTrunk


class DWSNet(WeightSpaceNetwork):
    """DWSNets (Navon et al., *Equivariant architectures for learning in deep weight spaces*, 2023).

        model = metanet.DWSNet(net, hidden=16)

    The maps of `HNPNFN`, with averages for sums: the states of a hidden neuron's inputs or outputs
    lie side by side, and full matrices act on them. For MLPs; networks need the inputs, outputs and
    number of layers of `net`.
    """

    trunk_type = DWSTrunk
