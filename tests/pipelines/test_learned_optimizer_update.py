"""What a learned optimizer computes: updates that permute, and begin as Adam's."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet import LearnedOptimizer, OptimizerState
from metanet.batch import Part, float_offsets
from metanet.models.learned_optimizer.features import FEATURES
from metanet.models.learned_optimizer.layout import Layout
from metanet.models.learned_optimizer.optimizer import cosine
from metanet.testing import assert_editor_equivariant
from pipelines.learned_optimizer.inner_training import HandDesigned
from pipelines.zoo.stacked_optimizers import StackedAdam

SMALL = {"hidden": 8, "layers": 1}
TEXTS = (
    "inputs: {x: [3]}\n"
    "layers: [{linear: {out_features: 5}}, tanh, {linear: {out_features: 4}}, relu,"
    " {linear: {out_features: 2}}]",
    "inputs: {x: [2, 6, 6]}\n"
    "layers: [{conv2d: {out_channels: 4, kernel_size: 3}}, gelu, {adaptive_avg_pool2d:"
    " {output_size: 1}}, flatten, {linear: {out_features: 2}}]",
)


def seeded(editor: str, settings: dict[str, Any], **options: Any) -> LearnedOptimizer:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return LearnedOptimizer(editor, settings, **options).double()


class TwoSteps:
    """An editor that trains networks for two steps by a learned optimizer."""

    def __init__(self, optimizer: LearnedOptimizer) -> None:
        self.optimizer = optimizer
        self.nets = {net.hash: net for net in map(spec.loads, TEXTS)}

    def __call__(self, batch: metanet.Batch) -> tuple[metanet.Batch, ...]:
        return (metanet.Batch(tuple(self.trained(part) for part in batch.parts)),)

    def trained(self, part: Part) -> Part:
        net, values = self.nets[part.template.architecture], part.values
        state = self.optimizer.first(values, 10)
        for _ in range(2):
            gradients = self.gradients(net, part, values)
            values, state = self.optimizer(part.template, values, gradients, state)
        return replace(part, values=values)

    @torch.enable_grad()
    def gradients(self, net: spec.Architecture, part: Part, values: Tensor) -> Tensor:
        values = values.detach().requires_grad_()
        weights = {
            name: values[:, start : start + size].view(-1, *net.tensors[name].shape)
            for name, (start, size) in float_offsets(part.template).items()
        }
        shape = next(iter(net.inputs.values()))
        x = torch.linspace(-1, 1, 4 * int(np.prod(shape)), dtype=values.dtype).view(4, *shape)
        loss = metanet.evaluate.run_stack(net, weights, x).square().sum()
        return torch.autograd.grad(loss, values)[0]


def graphs() -> list[graphgen.Graph]:
    rng = np.random.default_rng(0)
    nets = [spec.loads(text) for text in (*TEXTS, TEXTS[0])]
    return [graphgen.compile(net, random_weights(net, rng)) for net in nets]


NORMALISED = {"features": "normalised", "to_scale": True, "nominal": False}


@pytest.mark.parametrize(
    ("editor", "settings", "options"),
    [
        ("gmn", {**SMALL, "layers": 2}, {}),
        ("ng_gnn", SMALL, {}),
        ("per_parameter", {"hidden": 8}, {}),
        ("gmn", SMALL, NORMALISED),
        ("per_parameter", {"hidden": 8}, NORMALISED),
    ],
)
def test_steps_permute_with_a_networks_neurons(
    editor: str, settings: dict[str, Any], options: dict[str, Any]
) -> None:
    steps = TwoSteps(seeded(editor, settings, step_size=0.1, **options))
    assert_editor_equivariant(steps, graphs(), np.random.default_rng(0))


def test_steps_that_depend_on_places_are_found() -> None:
    optimizer = seeded("per_parameter", {"hidden": 8}, step_size=0.1)

    class ByPlace(TwoSteps):
        def gradients(self, net: spec.Architecture, part: Part, values: Tensor) -> Tensor:
            slope = super().gradients(net, part, values)
            return slope * torch.linspace(1, 2, slope.shape[1], dtype=slope.dtype)

    with pytest.raises(AssertionError, match="permuting"):
        assert_editor_equivariant(ByPlace(optimizer), graphs(), np.random.default_rng(0))


def quadratic(optimizer: LearnedOptimizer | HandDesigned, steps: int = 5) -> Tensor:
    """Minimise a quadratic by a learned optimizer, or by Adam with a schedule."""
    template = graphgen.template(spec.loads(TEXTS[0]))
    size = sum(size for _, size in float_offsets(template).values())
    values = torch.linspace(-1, 1, 2 * size, dtype=torch.float64).view(2, size)
    curvature = torch.linspace(0.1, 3, size, dtype=torch.float64)
    state, adam = OptimizerState.first(values, 10), StackedAdam(values, [{"weight_decay": 0.0}] * 2)
    values = values.clone()
    for step in range(steps):
        gradients = curvature * values
        if isinstance(optimizer, HandDesigned):
            rate = optimizer.rate(step / 10)
            adam.step(values, gradients, torch.full((2, 1), rate, dtype=torch.float64))
        else:
            with torch.no_grad():
                values, state = optimizer(template, values, gradients, state)
    return values


@pytest.mark.parametrize("schedule", ["cosine", "constant"])
def test_an_optimizer_that_proposes_nothing_is_adam(schedule: str) -> None:
    adam = HandDesigned("adam", 0.02, schedule)
    annealed = schedule == "cosine"
    optimizer = seeded(
        "per_parameter", {"hidden": 4}, step_size=0.02, annealed=annealed, fan_in_power=0
    )
    assert not torch.allclose(quadratic(optimizer), quadratic(adam), rtol=0, atol=1e-6)
    with torch.no_grad():
        optimizer.editor.scale.zero_()
        optimizer.log_step.fill_(math.log(0.02))  # not rounded to float32
    torch.testing.assert_close(quadratic(optimizer), quadratic(adam), rtol=1e-6, atol=1e-9)
    optimizer.annealed = not annealed
    assert not torch.allclose(quadratic(optimizer), quadratic(adam), rtol=0, atol=1e-6)


def test_beyond_the_horizon_steps_stay_at_zero() -> None:
    assert [cosine(share) for share in (0.0, 0.5, 1.0)] == pytest.approx([1, 0.5, 0])
    assert cosine(1.5) == cosine(1.0)


def test_without_an_editor_there_is_one_step_to_learn() -> None:
    adam = HandDesigned("adam", 0.02, "cosine")
    optimizer = seeded("none", {}, step_size=0.02, fan_in_power=0)
    assert [name for name, _ in optimizer.named_parameters()] == ["log_step"]
    with torch.no_grad():
        optimizer.log_step.fill_(math.log(0.02))
    torch.testing.assert_close(quadratic(optimizer), quadratic(adam), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("power", [0.5, 1.0])
@pytest.mark.parametrize("net", [*map(spec.loads, TEXTS), spec.load("spec/nets/vit.yaml")])
def test_steps_are_divided_by_the_fan_in(net: spec.Architecture, power: float) -> None:
    template = graphgen.template(net)
    offsets = float_offsets(template)
    values = torch.ones(1, sum(size for _, size in offsets.values()), dtype=torch.float64)
    moved = []
    for given in (0.0, power):
        optimizer = seeded("none", {}, fan_in_power=given)
        with torch.no_grad():
            new, _ = optimizer(template, values, values, OptimizerState.first(values, 10))
        moved.append((values - new)[0])
    assert bool((moved[0] > 0).all())
    for name, (start, size) in offsets.items():
        own = slice(start, start + size)
        shape = net.tensors[name].shape
        # Weights of norms are vectors, and a position's embedding enters alone.
        summed = name.endswith("weight") and len(shape) > 1
        share = (32 / int(np.prod(shape[1:]))) ** power if summed else 1.0
        torch.testing.assert_close(moved[1][own], share * moved[0][own], rtol=1e-9, atol=0)


def test_steps_to_scale_are_multiplied_by_the_tensors_scale() -> None:
    layout = Layout.of(graphgen.template(spec.loads(TEXTS[0])))
    slope = torch.linspace(-1, 1, sum(layout.sizes), dtype=torch.float64)[None]
    values = torch.cat([slope[:, :15], torch.zeros_like(slope[:, 15:])], 1)
    changes = []
    for to_scale in (False, True):
        optimizer = seeded("none", {}, to_scale=to_scale)
        state = optimizer.first(values, 10)
        with torch.no_grad():
            changes.append(optimizer.change(layout, values, slope, state)[0])
    root = values[:, :15].square().mean().sqrt()
    close = {"rtol": 1e-6, "atol": 0.0}
    torch.testing.assert_close(changes[1][:, :15], root * changes[0][:, :15], **close)
    # Tensors that begin at zero take small steps, and not none.
    torch.testing.assert_close(changes[1][:, 15:], 1e-3 * changes[0][:, 15:], **close)


def test_a_state_of_other_features_is_refused() -> None:
    optimizer = seeded("none", {}, features="normalised")
    template = graphgen.template(spec.loads(TEXTS[0]))
    values = torch.ones(1, sum(Layout.of(template).sizes), dtype=torch.float64)
    with pytest.raises(metanet.MetanetError, match="0.5, 0.9, 0.99, and the optimizer reads"):
        optimizer(template, values, values, OptimizerState.first(values, 10))


def test_meta_gradients_are_those_of_finite_differences() -> None:
    template = graphgen.template(spec.loads(TEXTS[0]))
    size = sum(size for _, size in float_offsets(template).values())
    start = torch.linspace(-1, 1, size, dtype=torch.float64)[None]
    curvature = torch.linspace(0.1, 3, size, dtype=torch.float64)
    curvature[0] = 0.0  # a parameter that the loss does not depend on
    optimizer = seeded("per_parameter", {"hidden": 4}, step_size=0.1)
    with torch.no_grad():
        # What the editor is shown of whole tensors' scales counts as constant, so it says nothing.
        optimizer.editor.scale.zero_()

    def loss(log_step: Tensor, *, second: bool = True) -> Tensor:
        values, state = start.clone().requires_grad_(), OptimizerState.first(start, 10)
        optimizer.log_step.data = log_step
        for _ in range(4):
            inner = 0.5 * (curvature * values.square()).sum()
            (gradients,) = torch.autograd.grad(
                inner, values, create_graph=second, retain_graph=True
            )
            values, state = optimizer(template, values, gradients, state)
        return (curvature * values.square()).sum()

    at = torch.tensor(0.1, dtype=torch.float64).log()
    near = (loss(at + 1e-6) - loss(at - 1e-6)).item() / 2e-6
    found = [
        torch.autograd.grad(loss(at, second=second), optimizer.log_step)[0].item()
        for second in (True, False)
    ]
    assert found[0] == pytest.approx(near, rel=1e-6)
    assert found[1] != pytest.approx(near, rel=1e-3)


@pytest.mark.parametrize("kind", FEATURES)
def test_what_is_shown_does_not_depend_on_the_scale_of_the_loss(kind: str) -> None:
    layout = Layout.of(graphgen.template(spec.loads(TEXTS[0])))
    size, features = sum(layout.sizes), FEATURES[kind]
    rng = torch.Generator().manual_seed(0)
    values = torch.randn(2, size, generator=rng, dtype=torch.float64)
    slope = 0.5 + torch.rand(2, size, generator=rng, dtype=torch.float64)

    def shown(scale: float) -> Tensor:
        state = OptimizerState.first(values, 10, features.decays).updated(scale * slope)
        beside = features.shown(layout, values, scale * slope, state).beside
        assert beside.shape[2] == features.channels - 1
        return beside

    # The last channel but one is the scale of the tensor's gradients itself.
    own = [n for n in range(features.channels - 1) if n != features.channels - 3]
    torch.testing.assert_close(shown(1.0)[..., own], shown(10.0)[..., own], rtol=1e-6, atol=1e-6)
    assert not torch.allclose(shown(1.0), shown(10.0), atol=1e-2)


def test_normalised_features_are_those_of_their_formulas() -> None:
    layout = Layout.of(graphgen.template(spec.loads(TEXTS[0])))
    features = FEATURES["normalised"]
    rng = torch.Generator().manual_seed(0)
    values, slope, other = torch.randn(3, 2, sum(layout.sizes), generator=rng, dtype=torch.float64)
    state = OptimizerState.first(values, 10, features.decays).updated(slope).updated(other)
    beside = features.shown(layout, values, other, state).beside
    own = slice(0, 15)  # the first tensor, 5 x 3
    squares = ((0.999 * slope**2 + other**2) / 1.999)[0, own]
    momentum = ((0.9 * slope + other) / 1.9)[0, own]
    matrix = squares.view(5, 3)
    factored = matrix.mean(1, True) * matrix.mean(0, True) / matrix.mean()
    close = {"rtol": 1e-6, "atol": 1e-6}
    torch.testing.assert_close(
        beside[0, own, 2], momentum / momentum.square().mean().sqrt(), **close
    )
    torch.testing.assert_close(beside[0, own, 7], momentum / squares.sqrt(), **close)
    torch.testing.assert_close(beside[0, own, 12], momentum / factored.view(-1).sqrt(), **close)


def test_a_control_without_gradients_does_not_depend_on_them() -> None:
    optimizer = seeded("per_parameter", {"hidden": 4}, gradients=False)
    template = graphgen.template(spec.loads(TEXTS[0]))
    size = sum(size for _, size in float_offsets(template).values())
    values = torch.linspace(-1, 1, size, dtype=torch.float64)[None]
    state = OptimizerState.first(values, 10)
    first, _ = optimizer(template, values, values, state)
    second, _ = optimizer(template, values, -3 * values, state)
    assert torch.equal(first, second)
    assert not torch.equal(first, values)
