"""A stack of networks gives what each of them gives alone."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import spec
from graphgen.testing import random_inputs, random_weights
from metanet import MetanetError
from metanet.evaluate import initial_weights, run, run_stack
from metanet.evaluate.stack import dropouts

NETS = sorted(Path(spec.__file__).parent.glob("nets/*.yaml"))
COUNT = 3
NORMS = """
inputs: {image: [2, 5, 5]}
layers:
  - conv2d: {out_channels: 4, kernel_size: 3, bias: false}
  - batch_norm
  - relu
  - conv2d: {out_channels: 4, kernel_size: 2, bias: false}
  - instance_norm: {track_running_stats: true}
  - flatten
  - batch_norm
  - linear: {out_features: 3}
"""
DROPOUT = """
inputs: {x: [400]}
layers:
  - dropout: {p: 0.5, name: one}
  - linear: {out_features: 400}
  - dropout: {p: 0.5, name: two}
"""
Weights = dict[str, Tensor]


def several(net: spec.Architecture, count: int = COUNT) -> list[Weights]:
    rng = np.random.default_rng(0)
    made = [random_weights(net, rng) for _ in range(count)]
    return [{name: torch.from_numpy(np.asarray(x)) for name, x in w.items()} for w in made]


def stacked(networks: list[Weights]) -> Weights:
    return {name: torch.stack([w[name] for w in networks]) for name in networks[0]}


def assert_close(actual: Tensor, expected: Tensor) -> None:
    scale = expected.abs().max().item() if expected.is_floating_point() else 0
    torch.testing.assert_close(actual, expected, rtol=1e-9, atol=1e-10 * scale)


def inputs_of(net: spec.Architecture, seed: int) -> list[Tensor]:
    return [torch.from_numpy(x) for x in random_inputs(net, np.random.default_rng(seed))]


@pytest.mark.parametrize("path", NETS, ids=lambda path: path.stem)
def test_reference_networks_in_a_stack_are_those_alone(path: Path) -> None:
    net = spec.load(path)
    networks = several(net)
    shared = inputs_of(net, 1)
    outputs = run_stack(net, stacked(networks), *shared)
    for output, weights in zip(outputs, networks, strict=True):
        assert_close(output, run(net, weights, *shared))
    each = [inputs_of(net, seed) for seed in range(COUNT)]
    own = [torch.stack(parts) for parts in zip(*each, strict=True)]
    outputs = run_stack(net, stacked(networks), *own)
    for output, weights, x in zip(outputs, networks, each, strict=True):
        assert_close(output, run(net, weights, *x))
    assert not torch.equal(outputs[0], outputs[1])


def test_training_gives_outputs_gradients_and_statistics_of_each_network() -> None:
    net = spec.loads(NORMS)
    networks = several(net)
    weights = stacked(networks)
    for name in net.parameters:
        weights[name].requires_grad_()
    x = torch.randn(COUNT, 6, 2, 5, 5, dtype=torch.float64)
    outputs = run_stack(net, weights, x, training=True)
    chosen = [weights[name] for name in net.parameters]
    gradients = torch.autograd.grad((outputs**3).sum(), chosen)
    for i, one in enumerate(networks):
        for name in net.parameters:
            one[name].requires_grad_()
        output = run(net, one, x[i], training=True)
        assert_close(outputs[i], output)
        alone = torch.autograd.grad((output**3).sum(), [one[name] for name in net.parameters])
        for gradient, expected in zip(gradients, alone, strict=True):
            assert_close(gradient[i], expected)
        for name in net.buffers:
            assert_close(weights[name][i], one[name])
            assert not torch.equal(weights[name][i], stacked(several(net))[name][i])


def test_a_stack_works_under_the_transforms_of_torch_func() -> None:
    net = spec.loads(DROPOUT)
    weights = stacked(several(net))
    x = torch.randn(COUNT, 5, 400, dtype=torch.float64)

    def loss(weights: Weights, x: Tensor) -> Tensor:
        return (run_stack(net, weights, x) ** 3).sum()

    gradients = torch.func.grad(loss)(weights, x)
    for i in range(COUNT):
        one = {name: tensor[i] for name, tensor in weights.items()}
        alone = torch.func.grad(lambda w, i=i: (run(net, w, x[i]) ** 3).sum())(one)
        for name, expected in alone.items():
            assert_close(gradients[name][i], expected)


def test_statistics_that_are_not_contiguous_are_updated_too() -> None:
    net = spec.loads(NORMS)
    weights = stacked(several(net))
    apart = {
        name: torch.stack([x, x], -1)[..., 0] if x.ndim > 1 else x.clone()
        for name, x in weights.items()
    }
    assert not apart["1.running_mean"].is_contiguous()
    x = torch.randn(6, 2, 5, 5, dtype=torch.float64)
    run_stack(net, weights, x, training=True)
    run_stack(net, apart, x, training=True)
    for name in net.buffers:
        assert_close(apart[name], weights[name])


def padded_run(
    filler: Tensor, sizes: list[int], counted: bool = True
) -> tuple[list[Tensor], Weights, list[Weights], list[Tensor]]:
    """Run networks on batches of their own sizes: padded in a stack, and each alone."""
    net = spec.loads(NORMS)
    networks = several(net)
    weights = stacked(networks)
    x = torch.randn(COUNT, 6, 2, 5, 5, dtype=torch.float64, generator=torch.manual_seed(0))
    for i, size in enumerate(sizes):
        x[i, size:] = filler
    given = torch.tensor(sizes) if counted else None
    outputs = run_stack(net, weights, x, training=True, sizes=given)
    alone = [
        run(net, w, x[i, :n], training=True)
        for i, (w, n) in enumerate(zip(networks, sizes, strict=True))
    ]
    return [outputs[i, :n] for i, n in enumerate(sizes)], weights, networks, alone


@pytest.mark.parametrize("filler", [0.0, 100.0])
def test_padding_reaches_neither_samples_nor_statistics(filler: float) -> None:
    outputs, weights, networks, alone = padded_run(torch.tensor(filler), [6, 2, 5])
    for i, one in enumerate(networks):
        assert_close(outputs[i], alone[i])
        for name in one:
            assert_close(weights[name][i], one[name])


def test_control_padding_that_counts_changes_them() -> None:
    outputs, weights, networks, alone = padded_run(torch.tensor(100.0), [6, 2, 5], counted=False)
    assert_close(outputs[0], alone[0])
    with pytest.raises(AssertionError):
        assert_close(outputs[1], alone[1])
    with pytest.raises(AssertionError):
        assert_close(weights["1.running_mean"][1], networks[1]["1.running_mean"])


def test_networks_have_dropout_rates_of_their_own() -> None:
    net = spec.loads(DROPOUT)
    assert set(dropouts(net)) == {"one", "two"}
    weights = stacked(several(net, 4))
    weights["1.weight"] = torch.eye(400, dtype=torch.float64).repeat(4, 1, 1)
    weights["1.bias"] = torch.zeros(4, 400, dtype=torch.float64)
    rates = torch.tensor([0.0, 0.3, 0.8, 1.0], dtype=torch.float64)
    x = torch.ones(50, 400, dtype=torch.float64, requires_grad=True)
    torch.manual_seed(0)
    none = torch.zeros(4, dtype=torch.float64)
    y = run_stack(net, weights, x, training=True, dropout={"one": rates, "two": none})
    zeros = (y == 0).double().mean((1, 2))
    np.testing.assert_allclose(zeros.detach(), rates, atol=0.02)
    for output, rate in zip(y[:3], rates, strict=False):
        assert_close(output[output != 0], torch.full_like(output[output != 0], 1 / (1 - rate)))
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert gradient.isfinite().all()
    assert not torch.equal(y[1], y[1].roll(1, 0))  # each sample has its own
    torch.manual_seed(0)
    again = run_stack(net, weights, x, training=True, dropout={"one": rates, "two": none})
    assert torch.equal(y, again)


def test_dropout_is_the_architectures_own_where_no_rates_are_given_and_off_in_eval() -> None:
    net = spec.loads(DROPOUT)
    weights = stacked(several(net, 2))
    x = torch.ones(2, 50, 400, dtype=torch.float64)
    y = run_stack(net, weights, x, training=True)
    assert (y == 0).double().mean().item() == pytest.approx(0.5, abs=0.02)
    assert not torch.equal(y[0] == 0, y[1] == 0)
    rates = {name: torch.ones(2) for name in dropouts(net)}
    assert torch.equal(run_stack(net, weights, x, dropout=rates), run_stack(net, weights, x))


def test_many_representations_are_fitted_at_once() -> None:
    net = spec.load(next(path for path in NETS if path.stem == "siren"))
    generators = [torch.Generator().manual_seed(i) for i in range(5)]
    weights = stacked([initial_weights(net, g) for g in generators])
    leaves = [x.requires_grad_() for x in weights.values()]
    (shape,) = net.inputs.values()
    places = torch.rand(64, *shape) * 2 - 1
    targets = torch.stack([torch.sin((i + 1) * places.sum(-1, keepdim=True)) for i in range(5)])
    optimizer = torch.optim.Adam(leaves, 1e-3)

    def errors() -> Tensor:
        outputs = run_stack(net, weights, places)
        return ((outputs - targets) ** 2).mean((1, 2))

    before = errors().detach()
    for _ in range(30):
        optimizer.zero_grad()
        errors().sum().backward()
        optimizer.step()
    assert (errors() < 0.5 * before).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a["weights"].pop("1.bias"), "lack 1.bias"),
        (
            lambda a: a["weights"].update({"1.bias": torch.zeros(400)}),
            r"`1.bias` of .* has the shape \[400\]; expected \[networks, 400\], with 2 networks",
        ),
        (lambda a: a["weights"].update({"1.bias": torch.zeros(3, 400)}), r"shape \[3, 400\]"),
        (lambda a: a.update(inputs=[]), "takes 1 inputs .x., got 0"),
        (
            lambda a: a.update(inputs=[torch.ones(3, 50, 400)]),
            r"`x` .* \[3, 50, 400\]; expected \[N, 400\] for all networks, or \[2, N, 400\]",
        ),
        (lambda a: a.update(inputs=[torch.ones(400)]), r"shape \[400\]"),
        (lambda a: a.update(dropout={"three": torch.ones(2)}), "no dropout that gives 'three'; it"),
        (
            lambda a: a.update(dropout={"one": torch.ones(3)}),
            r"shape \[3\]; expected \[2\], a rate",
        ),
        (lambda a: a.update(sizes=torch.ones(1)), r"`sizes` has the shape \[1\]; expected \[2\]"),
    ],
)
def test_mistakes_are_named(change: Any, message: str) -> None:
    net = spec.loads(DROPOUT)
    arguments: dict[str, Any] = {
        "weights": stacked(several(net, 2)),
        "inputs": [torch.ones(50, 400, dtype=torch.float64)],
        "dropout": None,
        "sizes": None,
    }
    weights, inputs = arguments["weights"], arguments["inputs"]
    run_stack(net, weights, *inputs)
    change(arguments)
    with pytest.raises(MetanetError, match=message):
        run_stack(
            net,
            arguments["weights"],
            *arguments["inputs"],
            dropout=arguments["dropout"],
            sizes=arguments["sizes"],
        )


def test_the_signature_is_that_of_run_and_more() -> None:
    names = list(inspect.signature(run).parameters)
    assert list(inspect.signature(run_stack).parameters)[: len(names)] == names
