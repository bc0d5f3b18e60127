"""A learned optimizer does what every optimizer of PyTorch does: groups, states, dtypes, copies."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from optimizer_toys import EDITORS, cnn, data, learner, mlp, train, weights
from torch import Tensor, nn

import metanet
from metanet import TorchOptimizer


def test_groups_have_their_own_rates_and_schedules() -> None:
    module, x = mlp(), data(32, 3)
    still, moving = module[0], module[2]
    groups = [
        {"params": list(still.parameters()), "lr": 0.0},
        {"params": list(moving.parameters())},
    ]
    optimizer = TorchOptimizer(groups, learner("gmn"), 9, module=module, inputs=x[:1])
    before, last = weights(still), weights(moving)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.0)
    train(module, optimizer, x, 1)
    assert torch.equal(weights(still), before)
    assert not torch.equal(weights(moving), last)
    schedule.step()
    last = weights(moving)
    train(module, optimizer, x, 1)
    assert torch.equal(weights(moving), last)


@pytest.mark.parametrize("editor", ["gmn", "per_parameter"])
def test_a_saved_state_goes_on_as_if_it_had_not_stopped(editor: str, tmp_path: Path) -> None:
    x, learned = data(32, 1, 9, 9), learner(editor)
    whole, stopped = cnn(), cnn()
    train(whole, TorchOptimizer(whole, learned, 9, inputs=x[:1]), x, 6)
    first = TorchOptimizer(stopped, learned, 9, inputs=x[:1])
    train(stopped, first, x, 3)
    torch.save(first.state_dict(), tmp_path / "state.pt")
    fresh = TorchOptimizer(stopped, learned, 9, inputs=x[:1])
    again = copy.deepcopy(stopped)
    fresh.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    train(stopped, fresh, x, 3)
    assert torch.equal(weights(stopped), weights(whole))
    train(again, TorchOptimizer(again, learned, 9, inputs=x[:1]), x, 3)
    assert not torch.allclose(weights(again), weights(whole))


@pytest.mark.parametrize("editor", EDITORS)
def test_parameters_without_gradients_stay(editor: str) -> None:
    module, x = mlp(), data(32, 3)
    module[0].weight.requires_grad_(False)
    optimizer = TorchOptimizer(module, learner(editor), 9, inputs=x[:1])
    before = module[0].weight.clone()
    train(module, optimizer, x, 2)
    assert torch.equal(module[0].weight, before)
    assert module[0].weight not in optimizer.state
    module[0].weight.requires_grad_(True)
    train(module, optimizer, x, 1)
    # Its first step is one of a momentum that has just begun, whatever the others did.
    assert optimizer.state[module[0].weight]["step"] == 1
    if editor == "none":
        step = (module[0].weight - before).abs() / (32 / 3) / 0.02
        expected = metanet.models.learned_optimizer.optimizer.cosine(2 / 9)
        torch.testing.assert_close(step, torch.full_like(step, expected), rtol=1e-4, atol=0)


def test_a_step_without_any_gradient_is_none() -> None:
    module = mlp()
    optimizer = TorchOptimizer(module, learner("none"), 9)
    before = weights(module)
    assert optimizer.step() is None
    assert torch.equal(weights(module), before)
    assert optimizer.param_groups[0]["steps"] == 0


def test_a_closure_is_called_with_gradients_on() -> None:
    module, x = mlp(), data(32, 3)
    optimizer = TorchOptimizer(module, learner("none"), 9)

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = module(x).square().mean()
        loss.backward()
        return loss

    losses = [float(optimizer.step(closure).detach()) for _ in range(9)]
    assert min(losses) < losses[0]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("editor", ["gmn", "per_parameter"])
def test_all_dtypes_are_trained(dtype: torch.dtype, editor: str) -> None:
    module, x = mlp(dtype), data(32, 3, dtype=dtype)
    optimizer = TorchOptimizer(module, learner(editor).float(), 9, inputs=x[:1])
    train(module, optimizer, x)
    assert {p.dtype for p in module.parameters()} == {dtype}
    saved = optimizer.state_dict()
    optimizer.load_state_dict(saved)
    assert {own["squares"].dtype for own in optimizer.state.values()} == {torch.float32}
    exact = mlp(torch.float64)
    train(exact, TorchOptimizer(exact, learner(editor), 9, inputs=data(1, 3)), x.double())
    error = float((weights(module).double() - weights(exact)).abs().max())
    assert error < {torch.float16: 1e-2, torch.bfloat16: 5e-2, torch.float32: 1e-4}[dtype]


def test_groups_may_come_later_and_dtypes_be_mixed() -> None:
    module, x = mlp(), data(32, 3)
    module[2].float()
    optimizer = TorchOptimizer(module[0].parameters(), learner("per_parameter"), 9)

    class Mixed(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return module[2](module[1](module[0](x)).float())

    train(Mixed(), optimizer, x, 2)
    last = weights(module[2])
    optimizer.add_param_group({"params": list(module[2].parameters()), "lr": 0.5})
    train(Mixed(), optimizer, x, 1)
    assert not torch.equal(weights(module[2]), last)
    assert [group["steps"] for group in optimizer.param_groups] == [3, 3]


def test_a_copy_goes_on_alone() -> None:
    module, x = mlp(), data(32, 3)
    optimizer = TorchOptimizer(module, learner("per_parameter"), 9)
    train(module, optimizer, x, 1)
    other, twin = copy.deepcopy((module, optimizer))
    assert train(other, twin, x, 2) == train(module, optimizer, x, 2)
    assert torch.equal(weights(module), weights(other))
