"""The flow: a velocity field on the weights of networks of one architecture."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

import graphgen
from metanet.batch import Batch, Part, float_offsets
from metanet.errors import MetanetError
from metanet.models.flow.along import Along
from metanet.models.flow.moments import Moments
from metanet.models.registry import EDITORS, make_editor
from metanet.options import COUNT, WIDTH, check, choice, flag, integer, mapping, shown
from metanet.sources import Net, architecture_of

DECIDED = ("channels", "conditions", "members", "net")
"""Settings of editors that a flow decides."""
OPTIONS = {
    "editor": choice(*EDITORS.known), "classes": COUNT, "reference": flag(),
    "frequencies": integer(0, 64), "along": WIDTH, "settings": mapping(),
}  # fmt: skip


class Flow(nn.Module):
    """An editor that says how weights move from noise, at time 0, to networks, at time 1.

        flow = Flow(net, moments, classes=10, settings={"hidden": 32, "layers": 3})
        velocity = flow(noise, times, labels)        # (N, P), as noise

    Flow matching along straight paths (Lipman et al., ICLR 2023): for x = (1 - t) noise + t data,
    of standardised numbers, it learns the mean of data - noise given x and t. Were data normal too,
    that would be (2t - 1) / s^2 x with s^2 = (1 - t)^2 + t^2, so the editor sees x / s, and what it
    gives is what that lacks, times s (after Karras et al., NeurIPS 2022); both have variance 1. An
    untrained flow draws nearly normal weights.

    The editor, at first GMN's, reads the time by its sines and cosines, of `frequencies` octaves,
    and the class. If it is equivariant, permuting the neurons of x permutes the velocity. With
    `reference`, it also reads beside each weight that of the mean network, which is to be permuted
    along. `editor` is one of `metanet.EDITORS`, made with `settings`.

    With principal directions in `moments`, the normal part has their variances, so an untrained
    flow draws networks with these. Each is a network too, to be permuted along, and how far x lies
    along it is a number of the whole network: the editor reads these numbers as it reads the time,
    and an MLP of them, `along` wide, moves x along the directions, beside what the editor says of
    each weight.
    """

    mean: Tensor
    deviation: Tensor
    beside: Tensor
    directions: Tensor
    variances: Tensor

    def __init__(
        self,
        net: Net,
        moments: Moments,
        *,
        editor: str = "gmn",
        classes: int = 0,
        reference: bool = False,
        frequencies: int = 6,
        along: int = 256,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        given = {
            "editor": editor, "classes": classes, "reference": reference,
            "frequencies": frequencies, "along": along,
            "settings": {} if settings is None else settings,
        }  # fmt: skip
        for name, value in given.items():
            check(name, value, OPTIONS)
        net = architecture_of(net)
        self.template = graphgen.template(net)
        size = sum(size for _, size in float_offsets(self.template).values())
        if not isinstance(moments, Moments) or len(moments.mean) != size:
            got = len(moments.mean) if isinstance(moments, Moments) else shown(moments)
            raise MetanetError(
                f"`moments` is {got}, expected Moments of the {size} numbers of {net.name!r}"
            )
        self.classes, self.reference, self.frequencies = classes, reference, frequencies
        mean, deviation = torch.from_numpy(moments.mean), torch.from_numpy(moments.deviation)
        self.register_buffer("mean", mean.clone())
        self.register_buffer("deviation", deviation.clone())
        self.register_buffer("beside", self.scaled(mean))
        self.register_buffer("directions", torch.from_numpy(moments.directions).clone())
        self.register_buffer("variances", torch.from_numpy(moments.variances).clone())
        self.rest, count = moments.rest, len(moments.directions)
        # Standardised weights are of one size in all layers; other editors know one architecture.
        own: dict[str, Any] = {"fan_in_power": 0.0} if editor == "gmn" else {"net": net}
        conditions = 1 + 2 * frequencies + classes + count
        self.editor = make_editor(
            editor,
            channels=2 if reference else 1,
            conditions=conditions,
            **(own | dict(settings or {})),
        )
        self.along = Along(conditions, count, along) if count else None
        self.options = {
            "editor": editor, "classes": classes, "reference": reference,
            "frequencies": frequencies, "along": along,
        }  # fmt: skip

    @property
    def settings(self) -> dict[str, Any]:
        """All options, resolved, as plain data: `Flow(net, moments, **flow.settings)` is alike."""
        own = {k: v for k, v in self.editor.settings.items() if k not in DECIDED}
        return {**self.options, "settings": own}

    def scaled(self, network: Tensor) -> Tensor:
        """Divide each tensor of a network by its root mean square, (P,)."""
        result = network.clone()
        for start, size in float_offsets(self.template).values():
            own = result[start : start + size]
            own /= own.square().mean().sqrt().clamp_min(1e-12)
        return result

    def standardise(self, values: Tensor) -> Tensor:
        """Turn weights (N, P) into numbers of mean 0 and variance 1."""
        return (values - self.mean) / self.deviation

    def restore(self, x: Tensor) -> Tensor:
        """Turn standardised numbers (N, P) into weights."""
        return x * self.deviation + self.mean

    def forward(self, x: Tensor, times: Tensor, labels: Tensor | None = None) -> Tensor:
        """Give velocities (N, P) of standardised numbers, at times (N,) and for classes (N,)."""
        return self.normal(x, times) + self.unscaled(self.read(x, times, labels), times)

    def read(self, x: Tensor, times: Tensor, labels: Tensor | None = None) -> Tensor:
        """Give what is learned, (N, P): the velocity without its normal part, of variance 1."""
        seen = self.by_direction(x, lambda variance: 1 / path_scale(times, variance))
        conditions = torch.cat(
            [self.conditions(times, labels), seen @ self.directions.T.to(x)], dim=1
        )
        part = Part(self.template, seen, tuple(range(len(x))))
        batch = Batch((part,)).with_conditions(conditions)
        if self.reference:
            batch = batch.with_channels([self.beside.to(x).expand(len(x), -1)])
        said = self.editor.changes(batch)[0][:, 0]
        if self.along is not None:
            said = said + self.along(conditions) @ self.directions.to(x)
        return said

    def loss(
        self, data: Tensor, noise: Tensor, times: Tensor, labels: Tensor | None = None
    ) -> Tensor:
        """Give the mean squared error on the way from noise to standardised data, both (N, P).

        Errors of velocities count s^2 times, so that of an untrained flow is 1 for normal data.
        """
        way = times[:, None]
        x = (1 - way) * noise + way * data
        missing = data - noise - self.normal(x, times)
        wanted = self.by_direction(
            missing, lambda variance: path_scale(times, variance) / variance.sqrt()
        )
        error = wanted - self.read(x, times, labels)
        return self.by_direction(error, Tensor.sqrt).square().mean()

    def normal(self, x: Tensor, times: Tensor) -> Tensor:
        """Give the velocity that would be right for normal data, (N, P)."""
        way = times[:, None]
        return self.by_direction(
            x, lambda v: (way * v - (1 - way)) / ((1 - way).square() + way.square() * v)
        )

    def unscaled(self, said: Tensor, times: Tensor) -> Tensor:
        """Turn numbers of variance 1 (N, P) into a part of the velocity."""
        return self.by_direction(
            said, lambda variance: variance.sqrt() / path_scale(times, variance)
        )

    def by_direction(self, x: Tensor, factor: Callable[[Tensor], Tensor]) -> Tensor:
        """Multiply x (N, P) along each direction by what `factor` gives for its variance.

        `factor` takes the variances of K directions, (K,), and gives numbers (N, K) or (K,).
        """
        others = factor(x.new_tensor([self.rest]))
        result = others * x
        if len(self.directions):
            directions = self.directions.to(x)
            along = (factor(self.variances.to(x)) - others) * (x @ directions.T)
            result = result + along @ directions
        return result

    def conditions(self, times: Tensor, labels: Tensor | None) -> Tensor:
        """Give what the editor reads of each network: its time and its class, (N, conditions)."""
        rates = math.pi * 2.0 ** torch.arange(self.frequencies).to(times)
        angles = times[:, None] * rates
        parts = [2 * times[:, None] - 1, angles.sin(), angles.cos()]
        if self.classes:
            if labels is None:
                raise MetanetError(
                    f"a flow that is conditional on {self.classes} classes got no `labels`; "
                    "give the number of each network's class"
                )
            parts.append(nn.functional.one_hot(labels, self.classes).to(times))
        return torch.cat(parts, dim=1)


def path_scale(times: Tensor, variances: Tensor) -> Tensor:
    """Give deviations of a path's points between normal noise and normal data, (N, K)."""
    way = times[:, None]
    return (way.square() * variances + (1 - way).square()).sqrt()
