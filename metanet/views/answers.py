"""What networks answer to inputs: their outputs as logits, for many networks at once."""

from __future__ import annotations

import torch
from torch import Tensor

from metanet.batch import Part
from metanet.evaluate.stack import run_stack
from metanet.models.probes import stacked
from metanet.views.view import architecture_of_part

MOST = 1 << 24
"""How many numbers of outputs are computed at a time."""


def answers(part: Part, inputs: tuple[Tensor, ...]) -> Tensor:
    """Run the networks of a part, and flatten their outputs: (networks, inputs, numbers).

    Outputs that are not finite count as zero.
    """
    net = architecture_of_part(part)
    given = [one.to(part.values) if one.is_floating_point() else one for one in inputs]
    given = [one.to(part.values.device) for one in given]
    with torch.no_grad():
        found = run_stack(net, stacked(part, net), *given)
    several = found if isinstance(found, tuple | list) else (found,)
    count, each = len(part.values), len(inputs[0])
    flat = [one.reshape(count, each, -1).to(part.values) for one in several]
    return torch.cat(flat, 2).nan_to_num(0.0, 1e9, -1e9).clamp(-1e9, 1e9)
