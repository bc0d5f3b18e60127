"""How a network does in an exam: what its answers are worth, set of questions by set."""

from __future__ import annotations

import torch
from torch import Tensor

from metanet.views.function import OF_A_KIND, function_numbers

SETS = (
    "clean", "noise_1", "noise_2", "noise_3", "warp_1", "warp_2", "warp_3", "warp_and_noise",
)  # fmt: skip
OF_SETS = (
    "accuracy", "probability", "log_probability", "margin", "margin_q10", "margin_q30",
    "agreement", "divergence",
)  # fmt: skip
LEVELS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
COLUMNS = (
    *(f"{questions}_{number}" for number in OF_SETS for questions in SETS),
    *(f"{questions}_consistency" for questions in SETS[1:]),
    *(f"class_probability_q{round(100 * level)}" for level in LEVELS),
    *(f"clean_{what}" for what in OF_A_KIND),
)  # fmt: skip
LEAST_LOG = -10.0


def exam_numbers(answers: Tensor, labels: Tensor, consensus: Tensor) -> Tensor:
    """Mark the answers to all questions, (networks, sets * n, classes): (networks, columns).

    `labels`, (n,), are the classes of each set's questions, and `consensus`, (sets * n, classes),
    the logarithms of the mean probabilities that the panel gives.
    """
    count, size = len(answers), len(labels)
    logits = answers.view(count, len(SETS), size, -1)
    expert = consensus.view(len(SETS), size, -1)
    logs = logits.log_softmax(3)
    places = labels.view(1, 1, -1, 1).expand(count, len(SETS), size, 1)
    own = logs.gather(3, places).squeeze(3)
    right = logits.gather(3, places).squeeze(3)
    others = logits.scatter(3, places, -torch.inf).amax(3)
    spread = logits.std(3, correction=0).mean((1, 2))[:, None, None]
    margins = (right - others) / (spread + 1e-3)
    choices = logits.argmax(3)
    of_sets = [
        (margins > 0).to(logits).mean(2),
        own.exp().mean(2),
        own.clamp_min(LEAST_LOG).mean(2),
        margins.mean(2),
        *quantiles(margins, (0.1, 0.3)),
        (choices == expert.argmax(2)).to(logits).mean(2),
        (expert.exp() * (expert - logs.clamp_min(LEAST_LOG))).sum(3).mean(2),
    ]
    consistency = (choices[:, 1:] == choices[:, :1]).to(logits).mean(2)
    return torch.cat(
        [
            *of_sets,
            consistency,
            class_quantiles(own[:, 0].exp(), labels),
            function_numbers(logits[:, 0]),
        ],
        1,
    )


def quantiles(values: Tensor, levels: tuple[float, ...]) -> Tensor:
    """Give quantiles over the last axis, (levels, ...)."""
    return torch.quantile(values, torch.tensor(levels).to(values), dim=-1)


def class_quantiles(own: Tensor, labels: Tensor) -> Tensor:
    """Give quantiles over classes of a class's mean probability at its questions."""
    classes = int(labels.max()) + 1
    sums = own.new_zeros(len(own), classes).index_add(1, labels, own)
    return quantiles(sums / torch.bincount(labels).to(own), LEVELS).T
