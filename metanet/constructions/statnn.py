"""A GMN that computes the statistics that StatNN reads (proposition 3)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from metanet.batch import Batch
from metanet.constructions.channels import clear, form_named, show_weights
from metanet.models.gmn.readout import Readout
from metanet.models.gmn.trunk import Trunk, TrunkOptions

HIDDEN = 2
WEIGHT = 0


def statnn_statistics(form: str = "narrow") -> Callable[[Batch], list[Tensor]]:
    """Make a GMN, in one of its forms, whose readout gives statistics of every tensor.

        tables = statnn_statistics()(batch)      # for each part (networks, blocks, 7)

    The encoder shows each weight, between -3 and 3, in a channel, no layer changes it, and the
    readout takes its moments and order statistics over each block's edges: the numbers of
    Unterthiner et al. (2020), mean, variance and five quantiles, a row for each block in the
    template's order. Float64.
    """
    with torch.no_grad():
        trunk = Trunk(
            HIDDEN,
            1,
            TrunkOptions(
                form=form_named(form),
                edge_hidden=HIDDEN,
                global_state=False,
                taps="parallel",
                aggregation="sum",
                fan_in_power=0.0,
                activation="relu",
                norm=False,
                positions=False,
            ),
        )
        clear(trunk)
        show_weights(trunk, WEIGHT)
    readout = Readout(
        HIDDEN, HIDDEN, ("mean", "variance", "quantiles"), norm=False, activation="relu",
        global_state=False,
    )  # fmt: skip
    trunk.double()

    @torch.no_grad()
    def read(batch: Batch) -> list[Tensor]:
        states = trunk(batch.to(torch.float64))
        plan = states.plan
        found = readout.edge_statistics(trunk.backend, plan, states.edges)
        rows = torch.cat([part[:, WEIGHT::HIDDEN] for part in found], dim=1)
        tables = [
            rows.new_empty(part.networks, len(part.layout.blocks), rows.shape[1])
            for part in plan.parts
        ]
        for piece in plan.slices:
            block = piece.index - plan.parts[piece.part].block_start
            tables[piece.part][:, block] = rows[piece.rows]
        return tables

    return read
