"""The losses of a regression: which is its own, and how outputs are read by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from pipelines.errors import PipelineError
from pipelines.tasks.learned import NUMBER
from pipelines.tasks.targets import Targets, split_name

AUTO, CROSS_ENTROPY, SQUARED_ERROR = LOSSES = ("auto", "cross_entropy", "squared_error")
SHARES = ("accuracy", "acc", "fraction", "share", "probability")
"""What the name of a target ends with that is a share by what it is."""
SCALE = 4.0
"""Of the cross-entropy: its second derivative by the logit is then 1 at one half."""
LEARNED: Mapping[str, Any] = {
    "required": ["target", "loss"],
    "properties": {
        "target": {"type": "string"},
        "loss": {"enum": [CROSS_ENTROPY, SQUARED_ERROR]},
        "mean": NUMBER,
        "deviation": {**NUMBER, "exclusiveMinimum": 0},
    },
    "additionalProperties": False,
    "if": {"properties": {"loss": {"const": SQUARED_ERROR}}},
    "then": {"required": ["mean", "deviation"]},
    "else": {"properties": {"mean": False, "deviation": False}},
}
"""The schema of what a regression learned: the mean and deviation of standardised targets."""


def is_share(targets: Targets) -> bool:
    """Say whether a target is a share: by the last word of its name, and all values in [0, 1].

    `test_accuracy` in percent is none, nor is a loss that happens to lie between 0 and 1.
    """
    _, field = split_name(targets.name)
    values = targets.values
    return field.split("_")[-1] in SHARES and bool(((values >= 0) & (values <= 1)).all())


def loss_of(asked: str, targets: Targets, folder: object) -> str:
    """Give the loss of a target, `auto` by its kind; `PipelineError` for one that has none such."""
    if asked == AUTO:
        return CROSS_ENTROPY if is_share(targets) else SQUARED_ERROR
    beyond = np.flatnonzero((targets.values < 0) | (targets.values > 1))
    if asked == CROSS_ENTROPY and len(beyond):
        raise PipelineError(
            f"{folder}: {targets.name!r} of network {beyond[0]} is "
            f"{targets.values[beyond[0]]:g}, which has no cross-entropy; expected shares, from 0 "
            f"to 1, or the loss {SQUARED_ERROR!r}"
        )
    return asked


def state_of(loss: str, targets: Targets) -> dict[str, Any]:
    """Give what is to be known to read outputs that were trained by a loss."""
    if loss == CROSS_ENTROPY:
        return {"target": targets.name, "loss": loss}
    return {
        "target": targets.name,
        "loss": loss,
        "mean": targets.mean,
        "deviation": targets.deviation,
    }


def wanted_of(loss: str, targets: Targets, chosen: Sequence[int]) -> NDArray[np.float64]:
    """Give what outputs are compared with: shares, or standardised numbers."""
    if loss == CROSS_ENTROPY:
        return targets.values[list(chosen)]
    return targets.standardised(chosen)


def mean_loss(loss: str, outputs: Tensor, wanted: Tensor) -> Tensor:
    """Compare outputs (networks,) with what is wanted of them: logits with shares, or numbers.

    mean_loss("cross_entropy", torch.zeros(1), torch.ones(1))       # 4 log 2
    """
    if loss == CROSS_ENTROPY:
        return SCALE * nn.functional.binary_cross_entropy_with_logits(outputs, wanted)
    return nn.functional.mse_loss(outputs, wanted)


def read_outputs(outputs: Tensor, state: Mapping[str, Any]) -> NDArray[np.float64]:
    """Turn outputs (networks,) into numbers in the target's units."""
    values = outputs.double()
    if state["loss"] == CROSS_ENTROPY:
        shares: NDArray[np.float64] = values.sigmoid().numpy()
        return shares
    numbers: NDArray[np.float64] = values.numpy() * state["deviation"] + state["mean"]
    return numbers
