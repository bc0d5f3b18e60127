"""What a batch brings beside weights: more numbers of each parameter, numbers of a network."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from torch import Tensor, nn

from metanet.batch import Part
from metanet.errors import MetanetError
from metanet.options import check
from metanet.sources import Net


@dataclass(frozen=True)
class SideInputs:
    """The options of what a model reads beside weights, with their defaults.

    - `channels`: how many numbers each parameter has: its value, and what a batch brings beside it
      (`Batch.with_channels`), which is not scaled by any fan-in.
    - `conditions`: how many numbers a batch brings for each network, such as a time
      (`Batch.with_conditions`).
    - `probes`: at how many learned inputs the networks are evaluated, which gives features of their
      neurons; for networks of the one architecture `net`. See `Probes`.
    - `node_features`: how many numbers a batch brings for each node (`Batch.with_nodes`).
    - `standardise_probes`: whether these have mean 0 and deviation 1 over networks, by statistics
      that are gathered in training.
    """

    channels: int = 1
    conditions: int = 0
    probes: int = 0
    standardise_probes: bool = False
    node_features: int = 0
    net: Net | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None or field.default is not None:
                object.__setattr__(self, field.name, check(field.name, value))
        if self.probes and self.net is None:
            raise MetanetError(
                f"`probes` is {self.probes}, and `net` is missing: the architecture of the "
                "networks, by which they are evaluated"
            )


SIDE = SideInputs()


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


def brought(part: Part, count: int) -> Tensor:
    """Give the features that a batch brings for the nodes of a part, (networks, nodes, count)."""
    nodes = part.nodes
    if nodes is None or nodes.shape[2] != count:
        got = "none" if nodes is None else str(nodes.shape[2])
        raise MetanetError(
            f"the model reads {count} features of each node, the batch brings {got}; give "
            "them with `batch.with_nodes`"
        )
    return nodes


def parts_by_channel(part: Part, channels: int) -> list[Part]:
    """Give a part for each channel, whose values are that channel's numbers."""
    if channels == 1:
        return [part]
    beside = extra_of(part, channels - 1).unbind(2)
    return [part, *(replace(part, values=values) for values in beside)]


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


def condition_encoder(options: SideInputs, hidden: int) -> ConditionEncoder | None:
    """Make an encoder of conditions where there are any."""
    return ConditionEncoder(options.conditions, hidden) if options.conditions else None
