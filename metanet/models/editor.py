"""What every editor is: a module from a batch of networks to the same networks with new weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from graphgen import Graph, Template
from metanet.batch import Batch, float_offsets
from metanet.errors import MetanetError
from metanet.models.configured import ConfiguredModule
from metanet.models.inputs import batch_for
from metanet.options import check

FIRST_SCALE = 0.01


class Editor(ConfiguredModule):
    """A model that writes weights: `editor(batch)` gives one batch for each of `members`.

        editor = metanet.NPNFNEditor(net, hidden=64, members=2)
        first, second = editor(batch)          # the same networks, with new weights

    New weights are the old ones plus a learned scale, at first 0.01 (Zhou et al., NeurIPS 2023),
    times what the model proposes, so that an untrained editor is near the identity. The proposals
    of several members are an ensemble, whose networks' outputs are to be averaged. Buffers stay,
    and so do tied uses with their owners. What stood beside the old weights (`Part.extra`) does not
    go along. `settings` are all arguments that made it, as plain data.
    """

    def __init__(self, *, members: int = 1) -> None:
        super().__init__()
        self.members = check("members", members)

    def __call__(self, batch: Batch | Graph | Sequence[Graph]) -> tuple[Batch, ...]:
        """Edit each network; `MetanetError` for what the model cannot read."""
        result: tuple[Batch, ...] = super().__call__(batch_for(self, batch))
        return result

    def forward(self, batch: Batch) -> tuple[Batch, ...]:
        """Give one batch of edited networks for each member."""
        if any(part.template.kind != "parameter" for part in batch.parts):
            raise MetanetError(
                "an editor writes each parameter at its one edge, so it takes parameter graphs; "
                "got a computation graph"
            )
        changes = self.changes(batch)
        return tuple(
            add_changes(batch, [change[:, member] for change in changes])
            for member in range(self.members)
        )

    def changes(self, batch: Batch) -> list[Tensor]:
        """Give each part's change of weights, (networks, members, P), zero at buffers."""
        raise NotImplementedError


def add_changes(batch: Batch, changes: Sequence[Tensor]) -> Batch:
    """Add a change (networks, P) to the values of each part."""
    parts = (
        replace(part, values=part.values + change, extra=None)
        for part, change in zip(batch.parts, changes, strict=True)
    )
    return Batch(tuple(parts))


def laid_out(template: Template, changes: dict[str, Tensor]) -> Tensor:
    """Put changes of tensors, (networks, members, size), where their values lie; zero elsewhere.

    Tensors that are not trained stay as they are.
    """
    first = next(iter(changes.values()))
    trainable = {tensor.name for tensor in template.tensors if tensor.trainable}
    pieces = [
        changes[name]
        if name in changes and name in trainable
        else first.new_zeros(*first.shape[:2], size)
        for name, (_, size) in float_offsets(template).items()
    ]
    return torch.cat(pieces, dim=2)


def first_scales(count: int) -> nn.Parameter:
    """Make the scales of `count` kinds of change."""
    return nn.Parameter(torch.full((count,), FIRST_SCALE))
