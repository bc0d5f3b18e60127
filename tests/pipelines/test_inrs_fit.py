"""Fitting and decoding: a stack is nothing but its networks, one by one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import graphgen
import spec
from metanet.evaluate import initial_weights, run
from pipelines import signals
from pipelines.inrs.conventions import CONVENTIONS, biases
from pipelines.inrs.decode import decode, occupancy_iou, psnr
from pipelines.inrs.fit import begin, decay, fit
from pipelines.signals import Solid, grid

TRIPLANE = Path(__file__).parents[2] / "experiments" / "inrs" / "solids" / "triplane.yaml"
RECIPE: dict[str, Any] = {
    "steps": 25,
    "learning_rate": 1e-2,
    "schedule": "cosine",
    "points_per_step": None,
}


def siren(**variables: Any) -> spec.Architecture:
    return spec.load(spec.__path__[0] + "/nets/siren.yaml", **{"width": 6, "depth": 1, **variables})


def doubles(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.double() for name, tensor in weights.items()}


def waves(count: int) -> tuple[Tensor, Tensor]:
    found = signals.load("sine_waves", points=40, amplitude=(0, 1))
    drawn = [found.signal("train", number) for number in range(count)]
    values = np.stack([signal.values for signal in drawn])
    return torch.from_numpy(drawn[0].coordinates).double(), torch.from_numpy(values).double()


def alone(
    net: spec.Architecture,
    weights: Mapping[str, Tensor],
    coordinates: Tensor,
    values: Tensor,
    recipe: Mapping[str, Any],
    offset: float,
) -> dict[str, Tensor]:
    """Fit one network as a tutorial would."""
    state = {name: tensor.clone().requires_grad_() for name, tensor in weights.items()}
    optimizer = torch.optim.Adam(state.values(), lr=recipe["learning_rate"], foreach=False)
    for step in range(recipe["steps"]):
        share = decay(recipe["schedule"], step / recipe["steps"])
        optimizer.param_groups[0]["lr"] = recipe["learning_rate"] * share
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(run(net, state, coordinates) + offset, values).backward()
        optimizer.step()
    return {name: tensor.detach() for name, tensor in state.items()}


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("own", [False, True])
def test_a_stack_is_its_networks_one_by_one(convention: str, own: bool) -> None:
    net, rules = siren(dimensions=1), CONVENTIONS[convention]
    coordinates, values = waves(3)
    places = torch.stack([coordinates * scale for scale in (1, 0.5, 0.2)]) if own else coordinates
    weights = doubles(begin(net, [5, 6, 7], rules))
    together = fit(net, weights, places, values, RECIPE, rules.offset)
    for i in range(3):
        one = {name: tensor[i] for name, tensor in weights.items()}
        place = places[i] if own else coordinates
        expected = alone(net, one, place, values[i], RECIPE, rules.offset)
        for name in net.parameters:
            torch.testing.assert_close(together[name][i], expected[name], rtol=1e-9, atol=1e-11)
            assert (together[name][i] - one[name]).abs().max() > 1e-2
    # Control: with the other convention the numbers are others.
    wrong = fit(net, weights, places, values, RECIPE, 0.5 - rules.offset)
    assert (wrong["head.bias"] - together["head.bias"]).abs().min() > 1e-3


def test_a_stack_of_triplanes_is_its_networks_one_by_one() -> None:
    net = spec.load(TRIPLANE, features=2, resolution=3, width=4)
    solids = signals.load("solids", points=50)
    drawn = [solids.signal("train", number) for number in range(2)]
    coordinates, values = (
        torch.from_numpy(np.stack(arrays)).double()
        for arrays in zip(*((one.coordinates, one.values) for one in drawn), strict=True)
    )
    weights = doubles(begin(net, [5, 6], CONVENTIONS["standard"]))
    together = fit(net, weights, coordinates, values, RECIPE)
    for i in range(2):
        one = {name: tensor[i] for name, tensor in weights.items()}
        expected = alone(net, one, coordinates[i], values[i], RECIPE, 0.0)
        for name in net.parameters:
            torch.testing.assert_close(together[name][i], expected[name], rtol=1e-8, atol=1e-10)
        assert (together["0.xy"][i] - one["0.xy"]).abs().max() > 1e-2
    # Control: the signals are not one.
    assert (together["0.xy"][0] - together["0.xy"][1]).abs().max() > 1e-2


def test_a_network_that_diverges_leaves_the_others_alone() -> None:
    net = siren(dimensions=1)
    coordinates, values = waves(3)
    weights = doubles(begin(net, [1, 2, 3], CONVENTIONS["standard"]))
    expected = fit(net, weights, coordinates, values, RECIPE)
    weights["head.bias"][1] = torch.inf
    found = fit(net, weights, coordinates, values, RECIPE)
    for name in net.parameters:
        assert not found[name][1].isfinite().all()
        torch.testing.assert_close(found[name][[0, 2]], expected[name][[0, 2]])


def test_points_of_a_step_are_drawn_by_their_seed_and_suffice() -> None:
    net = siren(dimensions=1, width=16)
    coordinates, values = waves(2)
    weights = doubles(begin(net, [1, 2], CONVENTIONS["standard"]))
    recipe = {**RECIPE, "points_per_step": 10, "steps": 100}
    first, again, other = (
        fit(net, weights, coordinates, values, recipe, points_seed=seed) for seed in (0, 0, 1)
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["head.weight"], other["head.weight"])
    before, after = (
        (decode(net, state, coordinates) - values).square().mean() for state in (weights, first)
    )
    assert after < before / 20
    everything = {**recipe, "points_per_step": 40}
    whole = fit(net, weights, coordinates, values, {**recipe, "points_per_step": None})
    found = fit(net, weights, coordinates, values, everything)
    assert all(torch.equal(found[name], whole[name]) for name in found)


def test_initial_weights_are_siren_s_and_zero_biases_are_the_conventions() -> None:
    net = siren(width=64)
    standard, offset = (begin(net, [3, 4], CONVENTIONS[name]) for name in ("standard", "offset"))
    assert biases(net) == ["0.bias", "2.bias", "head.bias"]
    one = initial_weights(net, torch.Generator().manual_seed(4))
    for name in net.parameters:
        assert torch.equal(standard[name][1], one[name])
        if name in biases(net):
            assert (offset[name] == 0).all()
            assert (standard[name] != 0).all()
        else:
            assert torch.equal(offset[name], standard[name])
    # Sitzmann et al. 2020, section 3.2 and their code: 1/n for the first layer.
    assert 0.45 < standard["0.weight"].abs().max() <= 0.5
    bound = (6 / 64) ** 0.5 / 30
    assert 0.95 * bound < standard["2.weight"].abs().max() <= bound


def test_decoding_is_the_network_s_own_evaluation_and_the_offset() -> None:
    net, points = siren(channels=3), grid(4, 5)
    weights = doubles(begin(net, [0, 1], CONVENTIONS["standard"]))
    values = decode(net, weights, torch.from_numpy(points).double(), offset=0.5)
    assert values.shape == (2, 20, 3)
    for i in range(2):
        one = {name: tensor[i].numpy() for name, tensor in weights.items()}
        expected = graphgen.evaluate(net, one, points.astype(np.float64)) + 0.5
        np.testing.assert_allclose(values[i], expected, rtol=0, atol=1e-12)
    own = torch.stack([torch.from_numpy(points), -torch.from_numpy(points)]).double()
    shifted = decode(net, weights, own, offset=torch.tensor([0.5, 1.5]))
    torch.testing.assert_close(shifted[0], values[0])
    other = decode(net, weights, own[1])[1]
    torch.testing.assert_close(shifted[1], other + 1.5)
    # Control: the offset is no rounding error.
    assert (shifted[1] - other).abs().min() > 1


def test_decoding_is_differentiable_in_the_weights() -> None:
    net = siren(width=3)
    weights = doubles(begin(net, [0, 1], CONVENTIONS["offset"]))
    points = torch.from_numpy(grid(2, 3)).double()
    tensors = [tensor.requires_grad_() for tensor in weights.values()]
    assert torch.autograd.gradcheck(
        lambda *parts: decode(net, dict(zip(weights, parts, strict=True)), points, 0.5), tensors
    )


def test_psnr_and_occupancy() -> None:
    np.testing.assert_allclose(psnr([1e-4, 4.0], [1.0, 20.0]), [40, 20])
    assert psnr(0.0, 1.0) == np.inf
    assert np.isnan(psnr(np.nan, 1.0))
    points = grid(30, 30, 30)
    small, large = (Solid("sphere", (radius,)).distance(points) for radius in (0.4, 0.8))
    assert occupancy_iou(small, large) == pytest.approx(0.5**3, rel=0.1)
    assert occupancy_iou([small, small], [small, -small]).tolist() == [1, 0]
    assert occupancy_iou([1.0], [2.0]) == 1


def test_a_network_learns_the_inside_of_a_solid() -> None:
    net = siren(dimensions=3, width=24, frequency=10)
    signal = signals.load("solids", points=2000).signal("train", 0)
    weights = begin(net, [0], CONVENTIONS["standard"])
    places, values = torch.from_numpy(signal.coordinates), torch.from_numpy(signal.values)[None]
    recipe = {**RECIPE, "steps": 150, "learning_rate": 5e-3, "points_per_step": 500}
    fitted = fit(net, weights, places, values, recipe)
    points = grid(16, 16, 16)
    exact = Solid.from_labels(signal.labels).distance(points)
    before, after = (
        occupancy_iou(decode(net, state, torch.from_numpy(points))[0, :, 0], exact)
        for state in (weights, fitted)
    )
    assert after > 0.9
    assert before < 0.5
