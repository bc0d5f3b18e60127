"""A learned optimizer as one of PyTorch: equal to inner training, and in anyone's loop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from optimizer_toys import EDITORS, MLP, cnn, data, learner, mlp, seeded, train, weights
from torch import Tensor, nn

import spec
from metanet import MetanetError, TorchOptimizer
from metanet.batch import float_offsets
from metanet.models.learned_optimizer.layout import Layout
from metanet.models.learned_optimizer.placement import in_graph, without_graph
from pipelines.learned_optimizer.settings import read_settings
from pipelines.learned_optimizer.tasks import InnerTasks
from tests.pipelines.test_learned_optimizer import write

FORMS = ({}, {"features": "normalised", "to_scale": True, "fan_in_power": 0.0})


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
