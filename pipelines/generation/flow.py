"""The flow: a velocity field on the weights of networks of one architecture."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

import graphgen
from metanet import Batch, GMNEditor
from metanet.batch import Part, float_offsets
from pipelines.generation.moments import Moments
from spec import Architecture


class Flow(nn.Module):
    """A GMN that says how weights move on their way from noise, at time 0, to networks, at time 1.

        flow = Flow(net, moments, classes=10, hidden=32, layers=3)
        velocity = flow(noise, times, labels)        # (N, P), as noise

    Flow matching along straight paths (Lipman et al., ICLR 2023): for x = (1 - t) noise + t data,
    of standardised numbers, it learns the mean of data - noise given x and t. Were data normal too,
    that would be (2t - 1) / s^2 x with s^2 = (1 - t)^2 + t^2, so GMN sees x / s, and what it gives
    is what that lacks, times s (after Karras et al., NeurIPS 2022); both have variance 1. An
    untrained flow draws nearly normal weights.

    GMN reads the time by its sines and cosines, of `frequencies` octaves, and the class. Permuting
    the neurons of x permutes the velocity. With `reference`, it also reads beside each weight that
    of the mean network, which is to be permuted along. `options` are those of `GMNEditor`.
    """

    mean: Tensor
    deviation: Tensor
    beside: Tensor

    def __init__(
        self,
        net: Architecture,
        moments: Moments,
        *,
        classes: int = 0,
        reference: bool = False,
        frequencies: int = 6,
        **options: Any,
    ) -> None:
        super().__init__()
        self.template = graphgen.template(net)
        self.classes, self.reference, self.frequencies = classes, reference, frequencies
        chosen: dict[str, Any] = {"fan_in_power": 0.0, **options}
        self.editor = GMNEditor(
            channels=2 if reference else 1, conditions=1 + 2 * frequencies + classes, **chosen
        )
        mean, deviation = torch.from_numpy(moments.mean), torch.from_numpy(moments.deviation)
        self.register_buffer("mean", mean.clone())
        self.register_buffer("deviation", deviation.clone())
        self.register_buffer("beside", self.scaled(mean))

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
        scale = path_scale(times)
        return (2 * times - 1)[:, None] / scale**2 * x + self.read(x, times, labels) / scale

    def read(self, x: Tensor, times: Tensor, labels: Tensor | None = None) -> Tensor:
        """Give what GMN says, (N, P): the velocity without its normal part, times s."""
        part = Part(self.template, x / path_scale(times), tuple(range(len(x))))
        batch = Batch((part,)).with_conditions(self.conditions(times, labels))
        if self.reference:
            batch = batch.with_channels([self.beside.expand(len(x), -1)])
        return self.editor.changes(batch)[0][:, 0]

    def loss(
        self, data: Tensor, noise: Tensor, times: Tensor, labels: Tensor | None = None
    ) -> Tensor:
        """Give the mean squared error on the way from noise to standardised data, both (N, P).

        Errors of velocities count s^2 times, so that of an untrained flow is 1 for normal data.
        """
        way, scale = times[:, None], path_scale(times)
        x = (1 - way) * noise + way * data
        wanted = scale * (data - noise) - (2 * way - 1) / scale * x
        return nn.functional.mse_loss(self.read(x, times, labels), wanted)

    def conditions(self, times: Tensor, labels: Tensor | None) -> Tensor:
        """Give what GMN reads of each network: its time and its class, (N, conditions)."""
        rates = math.pi * 2.0 ** torch.arange(self.frequencies).to(times)
        angles = times[:, None] * rates
        parts = [2 * times[:, None] - 1, angles.sin(), angles.cos()]
        if self.classes:
            if labels is None:
                raise ValueError("a flow that is conditional on a class needs `labels`")
            parts.append(nn.functional.one_hot(labels, self.classes).to(times))
        return torch.cat(parts, dim=1)


def path_scale(times: Tensor) -> Tensor:
    """Give the deviation of a path's points between normal noise and normal data, (N, 1)."""
    return (times.square() + (1 - times).square()).sqrt()[:, None]
