"""A learned optimizer as one of PyTorch: equal to inner training, and in anyone's loop."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import metanet
import spec
from metanet import LearnedOptimizer, MetanetError, TorchOptimizer
from metanet.batch import float_offsets
from metanet.models.learned_optimizer.layout import Layout
from metanet.models.learned_optimizer.placement import in_graph, without_graph
from pipelines.learned_optimizer.settings import read_settings
from pipelines.learned_optimizer.tasks import InnerTasks
from tests.pipelines.test_learned_optimizer import write

MLP = "inputs: {x: [3]}\nlayers: [{linear: {out_features: 5}}, tanh, {linear: {out_features: 2}}]"
EDITORS: dict[str, dict[str, Any]] = {
    "gmn": {"hidden": 8, "layers": 1},
    "per_parameter": {"hidden": 8},
    "none": {},
}
FORMS = ({}, {"features": "normalised", "to_scale": True, "fan_in_power": 0.0})


def learner(editor: str, **options: Any) -> LearnedOptimizer:
    """Make a learned optimizer whose proposals are far from nothing."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        optimizer = LearnedOptimizer(editor, EDITORS[editor], step_size=0.02, **options).double()
    for name, parameter in optimizer.named_parameters():
        if name == "editor.scale":
            parameter.data.fill_(1.0)
    return optimizer


def mlp(dtype: torch.dtype = torch.float64) -> nn.Module:
    return seeded(lambda: nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2))).to(dtype)


def cnn(dtype: torch.dtype = torch.float64) -> nn.Module:
    def make() -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(1, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU(),
            nn.Conv2d(4, 4, 3, groups=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            nn.Linear(4, 2),
        )  # fmt: skip

    return seeded(make).to(dtype)


def seeded(make: Callable[[], nn.Module]) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return make()


def data(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1)).to(dtype)


def train(
    module: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, steps: int = 3
) -> list[float]:
    """Train a module in a plain loop to tell samples by their sums."""
    labels = (x.flatten(1).sum(1) > 0).long()
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(module(x), labels)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses


def weights(module: nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten() for p in module.parameters()])


class Stacked(nn.Module):
    """The MLP of the inner tasks, for one of their networks."""

    def __init__(self, tasks: InnerTasks) -> None:
        super().__init__()
        found = {name: one[0] for name, one in tasks.weights(tasks.start).items()}
        sizes = [tensor.shape for tensor in found.values() if tensor.ndim == 2]
        layers = [nn.Linear(shape[1], shape[0]) for shape in sizes]
        self.layers = nn.Sequential(nn.Flatten(), layers[0], nn.ReLU(), layers[1]).double()
        for parameter, tensor in zip(self.parameters(), found.values(), strict=True):
            parameter.data.copy_(tensor.view_as(parameter))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


@pytest.fixture
def tasks(tmp_path: Path) -> InnerTasks:
    made = InnerTasks(read_settings(write(tmp_path)).training_tasks[0], 1, 10, [0])
    made.start = made.start.double()
    images = made.images
    made.images = type(images)(
        images.train.double(), images.train_labels, images.test.double(), images.test_labels
    )
    return made


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("editor", EDITORS)
def test_steps_are_those_of_inner_training(
    editor: str, form: dict[str, Any], tasks: InnerTasks
) -> None:
    learned = learner(editor, **form)
    module = Stacked(tasks)
    inputs = tasks.images.train[:1]
    optimizer = TorchOptimizer(module, learned, tasks.horizon, inputs=inputs)
    alone = Stacked(tasks)
    plain = None
    if not learned.needs_graph:
        plain = TorchOptimizer(alone.parameters(), learned, tasks.horizon)
    values, state = tasks.start, learned.first(tasks.start, tasks.horizon)
    for step in range(4):
        _, gradients = tasks.gradients(values, step)
        with torch.no_grad():
            values, state = learned(tasks.template, values, gradients, state)
        chosen = tasks.batches[step][0]
        for one, taken in ((module, optimizer), (alone, plain)):
            if taken is not None:
                taken.zero_grad()
                logits = one(tasks.images.train[chosen])
                F.cross_entropy(logits, tasks.images.train_labels[chosen]).backward()
                taken.step()
        expected = torch.cat([t.flatten() for t in tasks.weights(values).values()])
        torch.testing.assert_close(weights(module), expected, rtol=1e-9, atol=1e-12)
        if plain is not None:
            torch.testing.assert_close(weights(alone), expected, rtol=1e-9, atol=1e-12)
    assert not torch.allclose(weights(module), tasks.start[0], atol=1e-3)


# In a user's loop.


@pytest.mark.parametrize("editor", EDITORS)
@pytest.mark.parametrize(("make", "shape"), [(mlp, (32, 3)), (cnn, (32, 1, 9, 9))])
def test_a_plain_loop_lowers_the_loss(
    make: Callable[..., nn.Module], shape: tuple[int, ...], editor: str
) -> None:
    module, x = make(torch.float32), data(*shape, dtype=torch.float32)
    learned = learner(editor).float()
    optimizer = TorchOptimizer(module, learned, 30, inputs=x[:1])
    losses = train(module, optimizer, x, 30)
    assert losses[-1] < losses[0] - 0.2
    assert weights(module).isfinite().all()


def test_after_the_horizon_weights_stay() -> None:
    module, x = mlp(), data(32, 3)
    optimizer = TorchOptimizer(module, learner("none"), 3)
    train(module, optimizer, x, 4)
    before = weights(module)
    train(module, optimizer, x, 2)
    assert torch.equal(weights(module), before)


def test_an_architecture_does_what_an_import_does() -> None:
    net = spec.loads(
        "inputs: {x: [3]}\nlayers: [{linear: {out_features: 5, name: '0'}}, tanh,"
        " {linear: {out_features: 2, name: '2'}}]"
    )
    x, found = data(32, 3), []
    for how in ({"net": net}, {"inputs": x[:1]}):
        module = mlp()
        train(module, TorchOptimizer(module, learner("gmn"), 9, **how), x)
        found.append(weights(module))
    assert not torch.equal(found[0], weights(mlp()))
    torch.testing.assert_close(*found, rtol=1e-9, atol=1e-12)


class Tied(nn.Module):
    """Weights that are used twice, turned, and a table."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(6, 4)
        self.inner = nn.Linear(4, 4)

    def forward(self, ids: Tensor) -> Tensor:
        states = torch.tanh(self.inner(self.table(ids).mean(1)))
        return states @ self.inner.weight @ self.table.weight.t()


def test_weights_that_are_tied_or_turned_have_one_step() -> None:
    module = seeded(Tied).double()
    ids = torch.tensor([[0, 1, 2], [3, 4, 5]])
    optimizer = TorchOptimizer(module, learner("gmn"), 9, inputs=ids)
    losses = []
    for _ in range(9):
        optimizer.zero_grad()
        loss = F.cross_entropy(module(ids), torch.tensor([1, 4]))
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


def test_a_permuted_module_takes_permuted_steps() -> None:
    x, order = data(32, 3), torch.tensor([3, 1, 4, 0, 2])

    def permuted(module: nn.Module) -> nn.Module:
        state = {name: tensor.clone() for name, tensor in module.state_dict().items()}
        state |= {"0.weight": state["0.weight"][order], "0.bias": state["0.bias"][order]}
        state["2.weight"] = state["2.weight"][:, order]
        module.load_state_dict(state)
        return module

    plain, turned = mlp(), permuted(mlp())
    for module in (plain, turned):
        train(module, TorchOptimizer(module, learner("gmn"), 9, inputs=x[:1]), x)
    assert not torch.allclose(weights(plain), weights(turned))
    torch.testing.assert_close(weights(permuted(plain)), weights(turned), rtol=1e-7, atol=1e-9)


# What every optimizer of PyTorch does.


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


# Fan-ins without a graph are those of the graph.


def test_fan_ins_are_those_of_the_graph() -> None:
    class Many(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(7, 6)
            self.rnn = nn.GRU(6, 5, batch_first=True)
            self.norm = nn.LayerNorm((4, 5))
            self.conv = nn.Conv1d(4, 6, 3, groups=2)
            self.up = nn.ConvTranspose1d(6, 4, 3, groups=2)
            self.head = nn.Linear(4, 2)

        def forward(self, ids: Tensor) -> Tensor:
            states, _ = self.rnn(self.table(ids))
            return self.head(self.up(self.conv(self.norm(states))).mean(2))

    module = seeded(Many).double()
    ids = torch.tensor([[0, 1, 2, 3]])
    optimizer = TorchOptimizer(module, learner("none"), 9, inputs=ids)
    placement = optimizer._placed()
    seen = placement.spread(placement.layout.fan_ins)
    own = without_graph(tuple(module.parameters()), module).layout.fan_ins
    by_shape = without_graph(tuple(module.parameters()), None).layout.fan_ins
    found = torch.cat([one.double() for one in seen])
    assert torch.equal(found, own), (found, own)
    assert not torch.equal(found, by_shape)


# Mistakes.


def test_mistakes_are_named() -> None:
    module, x = mlp(), data(32, 3)
    gmn = learner("gmn")
    with pytest.raises(MetanetError, match="reads a graph; give the `module`"):
        TorchOptimizer(module.parameters(), gmn, 9)
    with pytest.raises(MetanetError, match="give one of them"):
        TorchOptimizer(module, gmn, 9, inputs=x, net=spec.loads(MLP))
    with pytest.raises(MetanetError, match="`learned` is .*load_optimizer"):
        TorchOptimizer(module, "gmn", 9)  # type: ignore[arg-type]
    with pytest.raises(MetanetError, match="`horizon` is -1"):
        TorchOptimizer(module, gmn, -1, inputs=x)
    with pytest.raises(MetanetError, match="`lr` is -1"):
        TorchOptimizer(module, gmn, 9, inputs=x, lr=-1)
    with pytest.raises(MetanetError, match="parameters that the `module` has not"):
        TorchOptimizer(mlp().parameters(), gmn, 9, module=module, inputs=x[:1])
    with pytest.raises(MetanetError, match="`params` is .*empty"):
        TorchOptimizer([], learner("none"), 9)
    with pytest.raises(MetanetError, match="real numbers, got torch.complex64"):
        TorchOptimizer([nn.Parameter(torch.ones(2, dtype=torch.complex64))], learner("none"), 9)


def test_weights_that_are_computed_have_no_place() -> None:
    net = spec.loads(MLP)

    def read(change: Callable[[Any], Any]) -> Any:
        names = ("0.weight", "0.bias", "2.weight", "2.bias")

        def doubled(module: nn.Module) -> Any:
            state = module.state_dict()
            rows = [change(state[name].numpy()) for name in names]
            return net, dict(zip(net.tensors, rows, strict=True))

        return doubled

    placement = in_graph(mlp(), read(lambda row: row))
    assert placement.places is not None
    assert placement.places.tolist() == list(range(32))
    for change in (lambda row: 2 * row, lambda row: -row, lambda row: row + row[::-1]):
        with pytest.raises(MetanetError, match="computed from weights, at"):
            in_graph(mlp(), read(change))
    constant = in_graph(mlp(), read(lambda row: 0 * row + 0.5))
    assert constant.constants is not None
    assert constant.constants.tolist() == [0.5] * 32


def test_parts_of_a_weight_that_are_not_used_stay() -> None:
    class Cut(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(2, 5))

        def forward(self, x: Tensor) -> Tensor:
            return x @ self.weight[:, :3].t()

    module, x = Cut().double(), data(32, 3)
    train(module, TorchOptimizer(module, learner("gmn"), 9, inputs=x[:1]), x)
    assert bool((module.weight[:, 3:] == 1).all())
    assert bool((module.weight[:, :3] != 1).all())


def test_gradients_that_the_graph_does_not_have_are_named() -> None:
    class Other(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.other = nn.Linear(3, 2), nn.Linear(3, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.other(x) if self.training else self.one(x)

    module, x = Other().double(), data(32, 3)
    optimizer = TorchOptimizer(module, learner("gmn"), 9, inputs=x[:1])
    with pytest.raises(MetanetError, match=r"not have all of other\.weight, other\.bias"):
        train(module, optimizer, x)
    module.eval()
    train(module, TorchOptimizer(module, learner("gmn"), 9, inputs=x[:1]), x)


def test_a_layout_of_a_template_is_that_of_its_tensors() -> None:
    import graphgen

    template = graphgen.template(spec.loads(MLP))
    assert sum(Layout.of(template).sizes) == sum(n for _, n in float_offsets(template).values())
