"""Inner tasks: networks of one architecture, each with its own start and its own batches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

import graphgen
from metanet.batch import float_offsets
from metanet.evaluate import initial_weights, run_stack
from pipelines.errors import PipelineError
from pipelines.learned_optimizer.images import Images, images
from pipelines.learned_optimizer.settings import TaskFamily
from spec import SpecError

CEILING = 100.0
"""The loss that counts for a network whose loss is higher, or no longer a number."""
CPU = torch.device("cpu")
_CHUNK = 4096


class InnerTasks:
    """Networks of one architecture to be trained side by side, from their own starts.

        tasks = InnerTasks(family, networks=8, horizon=100, seed=[0, 3])
        losses = tasks.losses(tasks.start, step=0)              # (8,)

    What is drawn depends on the seed alone: the variables of the architecture, first weights
    (`start`, (networks, P)), and for each step a batch of training images for each network. All of
    it is on the `device`.
    """

    def __init__(
        self,
        family: TaskFamily,
        networks: int,
        horizon: int,
        seed: Sequence[int],
        device: torch.device = CPU,
    ) -> None:
        choices, weights, order = np.random.SeedSequence(list(seed)).spawn(3)
        rng = np.random.default_rng(choices)
        ranges = family.family.variables
        self.variables = {name: ranges[name].draw(rng) for name in sorted(ranges)}
        try:
            self.net = family.family.expand(self.variables)
        except SpecError as error:
            raise PipelineError(
                f"inner tasks {family.family.name!r} cannot be built with {self.variables}: {error}"
            ) from None
        self.networks, self.horizon = networks, horizon
        self.template = graphgen.template(self.net)
        self.images: Images = images(family.dataset, family.look, device)
        generator = torch.Generator().manual_seed(one_seed(weights))
        drawn = [initial_weights(self.net, generator) for _ in range(networks)]
        names = float_offsets(self.template)
        rows = [torch.cat([one[n].flatten() for n in names]) for one in drawn]
        self.start = torch.stack(rows).to(device)
        self.batches = torch.randint(
            len(self.images.train),
            (horizon + 1, networks, family.batch_size),
            generator=torch.Generator().manual_seed(one_seed(order)),
        ).to(device)

    def weights(self, values: Tensor) -> dict[str, Tensor]:
        """Name the tensors in parameters (networks, P)."""
        return {
            name: values[:, start : start + size].view(-1, *self.net.tensors[name].shape)
            for name, (start, size) in float_offsets(self.template).items()
        }

    def losses(self, values: Tensor, step: int) -> Tensor:
        """Give each network's cross entropy on its batch of a step, (networks,).

        `values` may hold the networks several times over.
        """
        chosen = self.batches[step].repeat(len(values) // self.networks, 1)
        return self._cross_entropy(
            values, self.images.train[chosen], self.images.train_labels[chosen]
        )

    def gradients(self, values: Tensor, step: int) -> tuple[Tensor, Tensor]:
        """Give losses and gradients, for an optimizer that is not learned."""
        values = values.detach().requires_grad_()
        losses = self.losses(values, step)
        (gradients,) = torch.autograd.grad(losses.sum(), values)
        return losses.detach(), gradients

    @torch.no_grad()
    def measure(self, values: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """Give losses on the first `count` training and test images, on the CPU, (networks,)."""
        x, labels = self.images.test[:count], self.images.test_labels[:count]
        return self.measure_training(values, count), self._measure(values, x, labels)

    @torch.no_grad()
    def measure_training(self, values: Tensor, count: int) -> Tensor:
        """Give losses on the first `count` training images, on the CPU, (networks,)."""
        return self._measure(values, self.images.train[:count], self.images.train_labels[:count])

    def _measure(self, values: Tensor, x: Tensor, labels: Tensor) -> Tensor:
        size = max(1, _CHUNK // len(values))
        total = values.new_zeros(len(values))
        for some, right in zip(x.split(size), labels.split(size), strict=True):
            total += self._cross_entropy(values, some, right.expand(len(values), -1)) * len(some)
        return bounded(total / len(x)).cpu()

    def _cross_entropy(self, values: Tensor, x: Tensor, labels: Tensor) -> Tensor:
        logits = run_stack(self.net, self.weights(values), x)
        each = F.cross_entropy(logits.flatten(0, 1), labels.reshape(-1), reduction="none")
        return each.view(len(values), -1).mean(1)


def bounded(losses: Tensor) -> Tensor:
    """Put the ceiling in the place of losses that are higher or not finite."""
    return losses.nan_to_num(CEILING, CEILING, CEILING).clamp_max(CEILING)


def one_seed(sequence: np.random.SeedSequence) -> int:
    """Make a seed for torch, below 2**63."""
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))
