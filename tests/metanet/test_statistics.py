from __future__ import annotations

import torch

import spec
from metanet.evaluate import initial_weights, reset_statistics

NET = """
inputs: {x: [3, 6]}
layers:
  - conv1d: {out_channels: 4, kernel_size: 3}
  - dropout: {p: 0.5}
  - batch_norm: {momentum: 0.3}
  - relu
  - conv1d: {out_channels: 2, kernel_size: 3}
  - batch_norm
"""


def test_statistics_are_those_of_torch() -> None:
    net = spec.loads(NET)
    generator = torch.Generator().manual_seed(0)
    weights = initial_weights(net, generator)
    batches = [(torch.randn(5, 3, 6, generator=generator),) for _ in range(4)]
    reset = reset_statistics(net, weights, batches)
    module = torch.nn.Sequential(
        torch.nn.Conv1d(3, 4, 3), torch.nn.Identity(), torch.nn.BatchNorm1d(4, momentum=None),
        torch.nn.ReLU(), torch.nn.Conv1d(4, 2, 3), torch.nn.BatchNorm1d(2, momentum=None),
    )  # fmt: skip
    module.load_state_dict(weights)
    for (x,) in batches:
        module(x)
    expected = module.state_dict()
    for name in ("2.running_mean", "2.running_var", "5.running_mean", "5.running_var"):
        torch.testing.assert_close(reset[name], expected[name])
        assert not torch.allclose(weights[name], expected[name])
    assert all(torch.equal(reset[name], weights[name]) for name in net.parameters)
