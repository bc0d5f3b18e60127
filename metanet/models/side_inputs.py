"""What a batch brings beside weights: more numbers of each parameter, numbers of a network."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor, nn

from metanet.batch import Part
from metanet.errors import MetanetError, check_at_least


def extra_of(part: Part, count: int) -> Tensor:
    """Give the numbers that a batch brings beside each parameter, (networks, P, count)."""
    extra = part.extra
    if extra is None or extra.shape[2] != count:
        got = 0 if extra is None else extra.shape[2]
        raise MetanetError(
            f"the model reads {count} numbers beside each parameter (`channels` is {count + 1}), "
            f"the batch brings {got}; give them with `batch.with_channels`"
        )
    return extra


def conditions_of(part: Part, count: int) -> Tensor:
    """Give the numbers that a batch brings for each network, (networks, count)."""
    numbers = part.conditions
    if numbers is None or numbers.shape[1] != count:
        got = "none" if numbers is None else str(numbers.shape[1])
        raise MetanetError(
            f"the model reads {count} numbers of each network (`conditions`), the batch brings "
            f"{got}; give them with `batch.with_conditions`"
        )
    return numbers


def parts_by_channel(part: Part, channels: int) -> list[Part]:
    """Give a part for each channel, whose values are that channel's numbers."""
    if channels == 1:
        return [part]
    beside = extra_of(part, channels - 1).unbind(2)
    return [part, *(replace(part, values=values) for values in beside)]


def check_side_inputs(channels: int, conditions: int) -> None:
    """Check how much a model reads: at least the values themselves."""
    check_at_least(1, channels=channels)
    check_at_least(0, conditions=conditions)


class ConditionEncoder(nn.Module):
    """A state for each network, from the numbers that a batch brings for it."""

    def __init__(self, count: int, hidden: int) -> None:
        super().__init__()
        self.count = count
        self.steps = nn.Sequential(
            nn.Linear(count, hidden), nn.SiLU(), nn.Linear(hidden, hidden, bias=False)
        )

    def forward(self, part: Part) -> Tensor:
        """Give states (networks, hidden)."""
        result: Tensor = self.steps(conditions_of(part, self.count))
        return result
