from __future__ import annotations

import pytest
import torch
from torch import nn

from metanet.models.few_inputs import FewInputs


@pytest.mark.parametrize(
    "shape", [(3,), (0, 3), (7, 3), (2, 5, 3), (2, 0, 3), (1, 3), (2, 3, 4, 3)]
)
@pytest.mark.parametrize("bias", [False, True])
def test_a_map_of_few_inputs_is_a_linear_map(shape: tuple[int, ...], bias: bool) -> None:
    torch.manual_seed(0)
    expected, actual = nn.Linear(3, 6, bias).double(), FewInputs(3, 6, bias).double()
    actual.load_state_dict(expected.state_dict())
    inputs = torch.randn(shape, dtype=torch.float64)
    results = []
    for model in (expected, actual):
        own = inputs.clone().requires_grad_()
        output = model(own)
        total = output.square().sum()
        results.append((output, *torch.autograd.grad(total, [own, *model.parameters()])))
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)
