"""The view `function`: what a network's outputs are like at inputs that nobody chose."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from metanet.batch import Part
from metanet.views.answers import answers
from metanet.views.inputs import KINDS, inputs_of_kinds, slices_of_kinds
from metanet.views.numbers import SPREAD, entropy, finite, spread
from metanet.views.view import NETWORK, View, architecture_of_part

INPUTS = 64
SINGULAR = 8
OF_A_KIND = (
    *(f"{what}_{how}" for what in ("entropy", "lead", "scale") for how in SPREAD),
    *("entropy_of_mean", "entropy_of_choices", "information", "most_chosen"),
    *(f"singular_{k}" for k in range(1, SINGULAR + 1)),
)
SEED = 1
TIE = 1e-6


class Function(View):
    """How sure a network is, and how its answers vary, at random and at smooth inputs.

        Function().compute(batch.parts[0])       # (networks, 54)

    Outputs are read as logits: over inputs the entropy, the lead of the likeliest and the scale of
    logits; the entropies of the mean answer and of choices, and what they tell of the input; and
    the singular values of the answers, about their mean. The inputs are the same for all networks
    of one input shape.
    """

    name = "function"
    level = NETWORK
    columns = tuple(f"{kind}_{what}" for kind in KINDS for what in OF_A_KIND)

    def compute(self, part: Part) -> Tensor:
        net = architecture_of_part(part)
        logits = answers(part, inputs_of_kinds(net, INPUTS, SEED))
        found = [function_numbers(logits[:, some]) for some in slices_of_kinds(INPUTS)]
        return finite(torch.cat(found, 1))


def function_numbers(logits: Tensor) -> Tensor:
    """Describe answers (networks, inputs, numbers), (networks, len(OF_A_KIND))."""
    shares = logits.softmax(2)
    entropies = entropy(shares)
    top = shares.topk(min(2, shares.shape[2]), 2).values
    lead = top[..., 0] - top[..., 1] if top.shape[2] > 1 else top[..., 0]
    centred = logits - logits.mean(2, keepdim=True) if logits.shape[2] > 1 else logits
    scale = centred.square().mean(2).sqrt()
    mean = entropy(shares.mean(1))
    chosen = likeliest(logits).mean(1)
    answered = centred - centred.mean(1, keepdim=True)
    values = torch.linalg.svdvals(answered) / math.sqrt(logits.shape[1])
    values = torch.nn.functional.pad(values[:, :SINGULAR], (0, max(0, SINGULAR - values.shape[1])))
    numbers = [mean, entropy(chosen), mean - entropies.mean(1), chosen.amax(1)]
    return torch.cat(
        [spread(entropies), spread(lead), spread(scale), torch.stack(numbers, 1), values.log1p()], 1
    )


def likeliest(logits: Tensor) -> Tensor:
    """Say which number of an answer is the largest, in shares where rounding alone tells apart."""
    largest = logits.amax(2, keepdim=True)
    found = (logits >= largest - TIE * (1 + largest.abs())).to(logits)
    return found / found.sum(2, keepdim=True)
