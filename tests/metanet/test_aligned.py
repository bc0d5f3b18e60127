"""Alignment: the same network in any of its forms is one to an MLP, which it is not else."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import graphgen
import metanet
import spec
from metanet import Batch
from metanet.evaluate import initial_weights, run_stack
from metanet.models.probes import stacked

SIREN = spec.loads(
    "inputs: {x: [2]}\nlayers: [{linear: {out_features: 6}}, {sine: {frequency: 9}},"
    " {linear: {out_features: 5}}, {sine: {frequency: 9}}, {linear: {out_features: 1}}]"
)
CNN = spec.loads(
    "inputs: {x: [1, 4, 4]}\nlayers: [{conv2d: {out_channels: 4, kernel_size: 3}}, batch_norm,"
    " relu, flatten, {linear: {out_features: 2}}]"
)
Arrays = dict[str, np.ndarray]


def drawn(net: spec.Architecture, seed: int) -> Arrays:
    found = initial_weights(net, torch.Generator().manual_seed(seed))
    return {name: tensor.numpy() for name, tensor in found.items()}


def forms(net: spec.Architecture, weights: Arrays, count: int) -> list[Arrays]:
    """Give a network with its neurons permuted and, of sines, their signs changed."""
    rng, group = np.random.default_rng(0), graphgen.symmetries(net)
    result = []
    for _ in range(count):
        other = group.sample(rng).apply(weights)
        if net is SIREN:
            signs = rng.choice([-1.0, 1.0], 5).astype(np.float32)
            other = {**other, "2.weight": other["2.weight"] * signs[:, None]}
            other |= {"2.bias": other["2.bias"] * signs, "4.weight": other["4.weight"] * signs}
        result.append(other)
    return result


def batch(net: spec.Architecture, networks: list[Arrays]) -> Batch:
    return Batch.from_graphs([graphgen.compile(net, weights) for weights in networks])


@pytest.mark.parametrize("net", [SIREN, CNN], ids=["siren", "cnn"])
def test_all_forms_of_the_target_are_one_and_other_networks_come_close(
    net: spec.Architecture,
) -> None:
    torch.manual_seed(0)
    first = drawn(net, 0)
    model = metanet.MLP(net, hidden=8, align=True)
    assert model.aligned is not None
    with torch.no_grad():
        model.train()(batch(net, [first]))
        own = batch(net, [first, *forms(net, first, 4)])
        found = model.eval()(own)
        torch.testing.assert_close(found, found[:1].expand_as(found), atol=1e-5, rtol=1e-5)
        # The control: without alignment they are different.
        plain = metanet.MLP(net, hidden=8).eval()(own)
    assert (plain - plain[:1]).abs()[1:].min() > 1e-4
    (part,) = batch(net, forms(net, drawn(net, 1), 4)).parts
    aligned, target = model.aligned(part), model.aligned.target
    assert (aligned.values - target).norm() < 0.97 * (part.values - target).norm()
    points = torch.randn(3, *net.inputs["x"])
    same, other = (run_stack(net, stacked(p, net), points) for p in (aligned, part))
    torch.testing.assert_close(same, other, atol=1e-4, rtol=1e-4)


def test_the_target_is_the_first_seen_in_training_and_is_saved() -> None:
    model = metanet.MLP(SIREN, hidden=8, align=True)
    assert model.aligned is not None
    one, two = batch(SIREN, [drawn(SIREN, 0)]), batch(SIREN, [drawn(SIREN, 1)])
    assert model.aligned.eval()(one.parts[0]) is one.parts[0]
    model.train()(one)
    model(two)
    assert torch.equal(model.aligned.target, one.parts[0].values[0])
    again = metanet.MLP(**model.settings)
    again.load_state_dict(model.state_dict())
    assert torch.equal(again.eval()(two), model.eval()(two))
    # What is kept is what would be found again, and it is found once.
    count = len(model.aligned.kept)
    model(two)
    assert len(model.aligned.kept) == count
    with pytest.raises(metanet.MetanetError, match="networks of one architecture"):
        model(batch(CNN, [drawn(CNN, 0)]))
