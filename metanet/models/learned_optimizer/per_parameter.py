"""The baseline that sees no graph: one MLP for each parameter alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from metanet.batch import Batch, Part, float_offsets
from metanet.models.editor import Editor, first_scales, laid_out
from metanet.models.encoder import SCALES, several_scales
from metanet.models.few_inputs import FewInputs
from metanet.models.side_inputs import conditions_of, extra_of
from metanet.options import OPTIONS


class PerParameterEditor(Editor, options=OPTIONS):
    """An MLP from the channels of a parameter to its change, the same for all parameters.

        editor = PerParameterEditor(hidden=32, channels=8, conditions=5, members=2)

    After Metz et al. (2022), "Practical tradeoffs between memory, compute, and performance
    in learned optimizers"; parameters hear of one another by the scales of their tensor alone.
    """

    def __init__(
        self,
        hidden: int = 32,
        layers: int = 2,
        members: int = 1,
        *,
        channels: int = 1,
        conditions: int = 0,
    ) -> None:
        super().__init__(members=members)
        self.channels, self.conditions = channels, conditions
        self.of_network = nn.Linear(conditions, hidden, bias=False) if conditions else None
        self.first = FewInputs(SCALES * channels, hidden)
        steps: list[nn.Module] = [nn.SiLU()]
        for _ in range(layers - 1):
            steps += [nn.Linear(hidden, hidden), nn.SiLU()]
        self.rest = nn.Sequential(*steps, nn.Linear(hidden, members))
        self.scale = first_scales(1)

    def changes(self, batch: Batch) -> list[Tensor]:
        return [self.change(part) for part in batch.parts]

    def change(self, part: Part) -> Tensor:
        """Give the change of a part's weights, (networks, members, P)."""
        numbers = part.values.unsqueeze(2)
        if self.channels > 1:
            numbers = torch.cat([numbers, extra_of(part, self.channels - 1)], dim=2)
        conditions = conditions_of(part, self.conditions) if self.conditions else None
        changes = self.proposed(numbers, conditions)
        named = {
            name: changes[:, :, start : start + size]
            for name, (start, size) in float_offsets(part.template).items()
        }
        return laid_out(part.template, named)

    def proposed(self, numbers: Tensor, conditions: Tensor | None) -> Tensor:
        """Give changes (networks, members, P) of parameters, from their channels alone.

        `numbers` are (networks, P, channels), `conditions` (networks, conditions).
        """
        states = self.first(several_scales(numbers))
        if self.of_network is not None and conditions is not None:
            states = states + self.of_network(conditions).unsqueeze(1)
        changes: Tensor = (self.rest(states) * self.scale).transpose(1, 2)
        return changes
