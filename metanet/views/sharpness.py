"""The view `sharpness`: gradients and curvature of a loss at a network's weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import ClassVar

import torch
from torch import Tensor

from metanet.batch import Part
from metanet.errors import MetanetError
from metanet.evaluate.stack import run_stack
from metanet.models.probes import stacked
from metanet.options import shown
from metanet.views.answers import logits, placed, several
from metanet.views.exam import Exam
from metanet.views.inputs import SMOOTH, inputs_of
from metanet.views.numbers import finite
from metanet.views.state import check_classes, check_labels, read_state
from metanet.views.view import NETWORK, View, architecture_of_part
from metanet.views.weight_statistics import PLACES, ROLES, tensors_by_place

INPUTS = 64
SEED = 5
STEPS = 4
"""Of power iteration."""
SMALL = 1e-6
OVERALL = ("loss", "log_gradient", "log_curvature", "sign", "log_product", "log_curvature_to_doubt")
AT_ONCE = 64


class Sharpness(View):
    """Norms of gradients by role and place, and the top eigenvalue of the Hessian.

        Sharpness().compute(batch.parts[0])          # (networks, 36)

    The loss is the cross-entropy of the network's outputs at smooth random inputs with its own
    likeliest answers, or at `inputs` with classes `labels`. The eigenvalue is found by four steps
    of power iteration from the gradient.
    """

    name = "sharpness"
    level = NETWORK
    columns = (
        *(
            f"{role}_{place}_{what}"
            for role in ROLES
            for place in PLACES
            for what in ("log_gradient", "log_gradient_to_weight")
        ),
        *OVERALL,
    )

    def __init__(self, inputs: Sequence[Tensor] = (), labels: Tensor | None = None) -> None:
        """Take inputs (n, ...), one tensor for each input of a network, and their classes (n,).

        Raises `MetanetError` for labels that are not one for each input, integers from 0.
        """
        check_labels(inputs, labels)
        self.inputs, self.labels = tuple(inputs), labels

    def compute(self, part: Part) -> Tensor:
        net = architecture_of_part(part)
        if self.labels is not None:
            check_classes(self.labels, sum(prod(shape) for shape in net.output_shapes))
        inputs = self.inputs or inputs_of(net, SMOOTH, INPUTS, SEED)
        weights = stacked(part, net)
        pieces = [
            self.of_some(
                part, {name: t[first : first + AT_ONCE] for name, t in weights.items()}, inputs
            )
            for first in range(0, len(part.values), AT_ONCE)
        ]
        return finite(torch.cat(pieces))

    def of_some(self, part: Part, weights: dict[str, Tensor], inputs: tuple[Tensor, ...]) -> Tensor:
        """Describe some networks, whose stacked weights these are."""
        template = part.template
        count = len(next(iter(weights.values()))) if weights else len(part.values)
        names = [t.name for t in template.tensors if t.trainable and t.name in weights]
        names = [name for name in names if weights[name].is_floating_point()]
        with torch.enable_grad():
            # Coordinates that overflow crash torch's derivative of a lookup.
            leaves = [finite(weights[name].detach()).requires_grad_() for name in names]
            own = {**weights, **dict(zip(names, leaves, strict=True))}
            net = architecture_of_part(part)
            given = [placed(one, part.values) for one in inputs]
            outputs = logits(net, several(run_stack(net, own, *given)))
            labels = outputs.argmax(2)
            if self.labels is not None:
                labels = self.labels.to(labels).expand(count, -1)
            losses = -outputs.log_softmax(2).gather(2, labels.unsqueeze(2)).mean((1, 2))
            gradients = differentiated(losses.sum(), leaves, again=True)
            vector = [gradient.detach() for gradient in gradients]
            products, top = vector, losses.new_zeros(count)
            for step in range(STEPS):
                length = norm(vector, count).clamp_min(1e-12)
                vector = [one / per_network(length, one) for one in vector]
                slope = dot(gradients, vector, count).sum()
                products = differentiated(slope, leaves, again=step < STEPS - 1)
                products = [one.detach() for one in products]
                top = dot(products, vector, count)
                vector = products
        doubt = (1 - outputs.detach().softmax(2).square().sum(2)).mean(1)
        return self.described(part, names, leaves, gradients, losses, top, products, doubt)

    def described(
        self,
        part: Part,
        names: list[str],
        leaves: list[Tensor],
        gradients: list[Tensor],
        losses: Tensor,
        top: Tensor,
        products: list[Tensor],
        doubt: Tensor,
    ) -> Tensor:
        """Put the norms and the curvature into columns."""
        count = len(losses)
        cells = losses.new_zeros(count, len(ROLES), len(PLACES), 2)
        slopes = {n: g.detach() for n, g in zip(names, gradients, strict=True)}
        values = {n: leaf.detach() for n, leaf in zip(names, leaves, strict=True)}
        for role, places in tensors_by_place(part.template).items():
            for place, together in places.items():
                own = [[n for n in tensors if n in slopes] for tensors in together]
                found = [
                    (norm([slopes[n] for n in some], count), norm([values[n] for n in some], count))
                    for some in own
                    if some
                ]
                if not found:
                    continue
                at = cells[:, ROLES.index(role), PLACES.index(place)]
                at[:, 0] = torch.stack([(slope + SMALL).log() for slope, _ in found]).mean(0)
                at[:, 1] = torch.stack(
                    [((slope + SMALL) / (size + SMALL)).log() for slope, size in found]
                ).mean(0)
        curvature = (top.abs() + SMALL).log()
        overall = [
            losses.detach(),
            (norm([g.detach() for g in gradients], count) + SMALL).log(),
            curvature,
            top / (top.abs() + SMALL),
            (norm(products, count) + SMALL).log(),
            curvature - (doubt + 1e-4).log(),
        ]
        return torch.cat([cells.flatten(1), torch.stack(overall, 1)], 1)


class ExamSharpness(Sharpness):
    """Sharpness at the inputs of an exam, for the classes that these were made for.

        exam = Exam.make(batch, accuracies)          # of training networks
        ExamSharpness.of(exam).compute(part)         # (networks, 36)

    Its state is these inputs with their classes.
    """

    name = "exam_sharpness"
    source: ClassVar[type[Exam]] = Exam
    """The view that it is made of."""

    @classmethod
    def of(cls, exam: Exam) -> ExamSharpness:
        """Take the inputs and the classes of an exam; `MetanetError` for what is none."""
        if not isinstance(exam, Exam):
            raise MetanetError(
                f"`exam` is {shown(exam)}, expected an exam, as "
                "metanet.views.Exam.make(networks, scores) makes it"
            )
        return cls(exam.inputs, exam.labels)

    def state(self) -> dict[str, Tensor]:
        """Give all that it holds, as plain tensors by name."""
        inputs = {f"inputs.{place}": x for place, x in enumerate(self.inputs)}
        return {**inputs, "labels": torch.empty(0) if self.labels is None else self.labels}

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> ExamSharpness:
        """Make the view again of what `state` gave; `MetanetError` for what is no such state."""
        inputs, (labels,) = read_state("a sharpness at an exam", state, "inputs", "labels")
        return cls(inputs, labels)


def differentiated(value: Tensor, leaves: list[Tensor], again: bool) -> list[Tensor]:
    """Differentiate a sum over networks; zeros for what it does not depend on."""
    if not leaves or not value.requires_grad:
        return [torch.zeros_like(leaf) for leaf in leaves]
    found = torch.autograd.grad(
        value,
        leaves,
        create_graph=again,
        retain_graph=True,
        allow_unused=True,
        materialize_grads=True,
    )
    return [one.nan_to_num(0.0, 1e12, -1e12) for one in found]


def per_network(numbers: Tensor, like: Tensor) -> Tensor:
    """Shape numbers of networks so that they broadcast over stacked tensors."""
    return numbers.reshape(-1, *[1] * (like.ndim - 1))


def dot(first: list[Tensor], second: list[Tensor], count: int) -> Tensor:
    """Give the inner product of stacked tensors, network by network."""
    parts = [(a * b).reshape(count, -1).sum(1) for a, b in zip(first, second, strict=True)]
    return torch.stack(parts).sum(0) if parts else torch.zeros(count)


def norm(tensors: list[Tensor], count: int) -> Tensor:
    """Give the Euclidean norm of stacked tensors, network by network."""
    return dot(tensors, tensors, count).clamp_min(0).sqrt()
