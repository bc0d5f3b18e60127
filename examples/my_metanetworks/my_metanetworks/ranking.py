"""A task: to rank networks by a number, whatever its size."""

from collections.abc import Sequence

import torch
from torch import Tensor

from pipelines.tasks.regression import Regression


class Ranking(Regression):
    """Predict `target` by a loss of pairs: who has more is to be given more.

    It is scored as a regression is, by `tau` above all.
    """

    name = "ranking"
    trees = False

    def own_loss(self, outputs: Tensor, chosen: Sequence[int]) -> Tensor:
        wanted = torch.from_numpy(self.targets.values[list(chosen)]).to(outputs)
        more = (wanted[:, None] > wanted[None, :]).to(outputs)
        margins = outputs[:, 0][:, None] - outputs[:, 0][None, :]
        losses = more * torch.nn.functional.softplus(-margins)
        return losses.sum() / more.sum().clamp_min(1)
