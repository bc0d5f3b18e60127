"""Flows: symmetry of velocities and samples, exact solutions, learning, going on after a stop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from generation_toys import SIZE, clusters, wave
from torch import Tensor

import graphgen
from metanet import Flow, MetanetError, Moments, gaussian
from metanet.models.flow.moments import around_mean, by_tensor, principal
from pipelines.generation.decoded import decoded
from pipelines.generation.fit import fit
from pipelines.generation.frechet import Features, frechet_distance
from pipelines.generation.population import Rows
from pipelines.generation.solve import solve
from pipelines.runs import loop
from pipelines.runs.together import alone
from pipelines.signals import grid

CPU = torch.device("cpu")
TRAINING: dict[str, Any] = {
    "epochs": 4, "batch_size": 8, "learning_rate": 1e-2, "weight_decay": 1e-3,
    "gradient_norm": 1.0, "average": 0.9,
}  # fmt: skip


def make(
    *,
    reference: bool = False,
    directions: int = 0,
    classes: int = 0,
    moments: Moments | None = None,
    editor: str = "gmn",
    **settings: Any,
) -> Flow:
    """Make a flow whose parameters are far from those it begins with."""
    net, template = wave()
    rows = clusters(12, 0, permuted=False)
    found = moments or (around_mean if reference else by_tensor)(template, rows)
    if directions:
        found = principal(template, rows, directions)
    torch.manual_seed(0)
    flow = Flow(
        net, found, editor=editor, reference=reference, classes=classes, frequencies=2,
        settings={"hidden": 8, "layers": 2, **settings},
    )  # fmt: skip
    with torch.no_grad():
        for name, parameter in flow.editor.named_parameters():
            if "scale" in name:
                parameter.fill_(1.0)
        if flow.along is not None:
            flow.along.steps[-1].weight.normal_()
    return flow


def permutation(seed: int) -> Tensor:
    """Draw a symmetry of the toy networks that moves something, as an order of places."""
    net, template = wave()
    group = graphgen.symmetries(net)
    rng = np.random.default_rng(seed)
    places = {}
    start = 0
    for tensor in template.tensors:
        size = int(np.prod(tensor.shape))
        places[tensor.name] = np.arange(start, start + size, dtype=float).reshape(tensor.shape)
        start += size
    moved = group.sample(rng).apply(places)
    order = torch.from_numpy(np.concatenate([moved[name].reshape(-1) for name in places])).long()
    assert not torch.equal(order, torch.arange(SIZE))
    return order


@pytest.mark.parametrize(("reference", "directions"), [(False, 0), (True, 0), (True, 3)])
@pytest.mark.parametrize("editor", ["gmn", "np_nfn", "ng_gnn"])
def test_permuting_neurons_permutes_velocities_and_samples(
    editor: str, reference: bool, directions: int
) -> None:
    flow = make(reference=reference, directions=directions, classes=2, editor=editor).double()
    order = permutation(3)
    x = torch.randn(5, SIZE, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    times = torch.linspace(0.1, 0.9, 5, dtype=torch.float64)
    labels = torch.tensor([0, 1, 1, 0, 1])

    def results(noise: Tensor) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            drawn = solve(lambda x, times: flow(x, times, labels), noise, 4)
            return flow(noise, times, labels), flow.restore(drawn)

    velocity, sample = results(x)
    unmoved = results(x[:, order])
    for name in ("mean", "deviation", "beside"):
        setattr(flow, name, getattr(flow, name)[order])
    flow.directions = flow.directions[:, order]
    moved = results(x[:, order])
    for before, after in zip((velocity, sample), moved, strict=True):
        torch.testing.assert_close(after, before[:, order], rtol=1e-9, atol=1e-11)
    # With a reference the mean network has to be permuted along; else it says nothing of neurons.
    assert torch.allclose(unmoved[0], velocity[:, order], rtol=1e-9, atol=1e-11) != reference
    # A negative control: velocities do differ from neuron to neuron.
    assert not torch.allclose(velocity[:, order], velocity, rtol=1e-3)


def test_a_flow_of_an_editor_without_symmetry_does_not_permute() -> None:
    flow = make(editor="mlp", augment=False).double()
    order = permutation(3)
    x = torch.randn(5, SIZE, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    times = torch.linspace(0.1, 0.9, 5, dtype=torch.float64)
    with torch.no_grad():
        assert not torch.allclose(flow(x[:, order], times), flow(x, times)[:, order], rtol=1e-3)


def test_a_velocity_depends_on_time_class_and_nothing_else_of_a_batch() -> None:
    flow = make(classes=2).double()
    x = torch.randn(3, SIZE, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    times, labels = torch.tensor([0.2, 0.5, 0.7], dtype=torch.float64), torch.tensor([0, 1, 0])
    with torch.no_grad():
        whole = flow.read(x, times, labels)
        alone = flow.read(x[1:2], times[1:2], labels[1:2])
        torch.testing.assert_close(alone, whole[1:2], rtol=1e-9, atol=1e-11)
        assert not torch.allclose(flow.read(x, times, 1 - labels), whole, rtol=1e-3)
        assert not torch.allclose(flow.read(x, times.flip(0), labels), whole, rtol=1e-3)
    with pytest.raises(MetanetError, match="got no `labels`; give the number"):
        flow(x, times)


def test_without_what_gmn_says_a_flow_draws_normal_networks() -> None:
    flow = make().double()
    x = torch.randn(4, SIZE, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        said = solve(flow, x, 100)
        flow.editor.scale.zero_()
        silent = solve(flow, x, 100)
    torch.testing.assert_close(silent, x, rtol=1e-3, atol=1e-3)
    assert not torch.allclose(said, x, rtol=1e-2, atol=1e-2)


def toy_principal(count: int, *, seed: int = 0) -> Moments:
    """Give moments of toy networks, whose variances differ from direction to direction."""
    rows = clusters(40, seed, permuted=False)
    return principal(wave()[1], rows, count)


def test_principal_directions_are_those_of_the_covariance() -> None:
    rows = clusters(40, 0, permuted=False).astype(np.float64)
    found = toy_principal(4)
    x = (rows - found.mean) / found.deviation
    values, vectors = np.linalg.eigh(x.T @ x / len(x))
    assert np.allclose(found.variances, values[::-1][:4], rtol=1e-4)
    overlap = np.abs(np.sum(found.directions * vectors[:, ::-1].T[:4], axis=1))
    assert np.allclose(overlap, 1, atol=1e-3)
    assert found.variances.sum() + (SIZE - 4) * found.rest == pytest.approx(SIZE, rel=1e-3)
    for count in (0, SIZE, 1000):
        with pytest.raises(MetanetError, match="directions to tell apart"):
            toy_principal(count)


def test_a_silent_flow_draws_normal_networks_of_these_variances() -> None:
    flow = make(reference=True, directions=4).double()
    noise = torch.randn(6, SIZE, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        flow.editor.scale.zero_()
        assert flow.along is not None
        flow.along.steps[-1].weight.zero_()
        drawn = flow.restore(solve(flow, noise, 200))
    expected = gaussian(principal(wave()[1], clusters(12, 0, permuted=False), 4), noise.float())
    spread = float(expected.std())
    # The solver's error after 200 steps, and moments in float32.
    torch.testing.assert_close(drawn.float(), expected, rtol=0, atol=5e-4 * spread)
    other = gaussian(
        around_mean(wave()[1], clusters(12, 0, permuted=False)), noise.float()
    ).double()
    assert not torch.allclose(drawn, other, rtol=1e-1, atol=1e-1 * spread)


def test_normal_networks_have_the_covariance_of_their_moments() -> None:
    moments = toy_principal(4)
    noise = torch.randn(40000, SIZE, generator=torch.Generator().manual_seed(1))
    x = (gaussian(moments, noise).double().numpy() - moments.mean) / moments.deviation
    directions = np.asarray(moments.directions, np.float64)
    expected = moments.rest * np.eye(SIZE)
    expected += (directions.T * (moments.variances - moments.rest)) @ directions
    assert np.abs(np.cov(x.T) - expected).max() < 0.05 * np.abs(expected).max()


@pytest.mark.parametrize("directions", [0, 4])
def test_the_loss_of_a_silent_flow_on_normal_networks_is_one(directions: int) -> None:
    moments = (
        toy_principal(4) if directions else by_tensor(wave()[1], clusters(40, 0, permuted=False))
    )
    flow = Flow(
        wave()[0], moments, reference=bool(directions), frequencies=2,
        settings={"hidden": 8, "layers": 1},
    )  # fmt: skip
    with torch.no_grad():
        flow.editor.scale.zero_()
        rng = torch.Generator().manual_seed(1)
        noise, other = (torch.randn(20000, SIZE, generator=rng) for _ in range(2))
        times = torch.rand(20000, generator=rng)
        loss = float(flow.loss(flow.standardise(gaussian(moments, other)), noise, times))
        wrong = float(flow.loss(2 * flow.standardise(gaussian(moments, other)), noise, times))
    # Of 20,000 x 13 squares of normal numbers, the mean has a deviation of 0.0028.
    assert loss == pytest.approx(1, abs=0.01)
    assert wrong > 1.2


def splits(count: int, *, permuted: bool) -> dict[str, tuple[Tensor, Tensor | None]]:
    """Give the data of `fit`: two clusters."""
    return {
        split: (torch.from_numpy(clusters(own, seed, permuted=permuted)), None)
        for seed, (split, own) in enumerate((("train", count), ("validation", 8)))
    }


@pytest.mark.parametrize("editor", ["gmn", "mlp"])  # an MLP is augmented by chance
def test_a_stopped_run_goes_on_to_the_same_numbers(
    editor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = splits(12, permuted=False)
    for name in ("whole", "other", "stopped"):
        (tmp_path / name).mkdir()

    def fitted(seed: int, name: str) -> dict[str, Tensor]:
        flow = make(reference=True, editor=editor)
        average, rows = fit(flow, TRAINING, data, seed, tmp_path / name, "a", alone(CPU))
        histories.append([{k: v for k, v in row.items() if k != "seconds"} for row in rows])
        return average.state_dict()

    histories: list[list[dict[str, object]]] = []
    whole, other = fitted(0, "whole"), fitted(1, "other")
    saved = loop.save_checkpoint

    def stop(*arguments: Any) -> None:
        saved(*arguments)
        if arguments[2] == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop, "save_checkpoint", stop)
        with pytest.raises(KeyboardInterrupt):
            fitted(0, "stopped")
    torch.manual_seed(1)
    state = fitted(0, "stopped")
    assert all(torch.equal(state[name], whole[name]) for name in whole)
    assert not all(torch.equal(other[name], whole[name]) for name in whole)
    assert histories[0] == histories[2] != histories[1]
    assert list(histories[0][0]) == ["epoch", "train_loss", "validation_loss"]
    assert [row["epoch"] for row in histories[0]] == [1, 2, 3, 4]


def distance(values: Rows) -> float:
    """Give the Fréchet distance of toy networks to others of the same two clusters."""
    net, template = wave()
    points = grid(32)

    def shown(rows: Rows) -> Rows:
        return decoded(net, template, rows, 0.0, points)

    features = Features.fit(shown(clusters(128, 0, permuted=False)), 6)
    target = features(shown(clusters(128, 2, permuted=False)))
    return frechet_distance(features(shown(values)), target)


@pytest.mark.long
@pytest.mark.parametrize("reference", [False, True])
def test_a_flow_learns_two_clusters_and_normal_networks_do_not(
    tmp_path: Path, reference: bool
) -> None:
    net, template = wave()
    data = splits(256, permuted=not reference)
    rows = data["train"][0].numpy()
    moments = (around_mean if reference else by_tensor)(template, rows)
    torch.manual_seed(0)
    flow = Flow(
        net, moments, reference=reference, frequencies=3, settings={"hidden": 16, "layers": 2}
    )
    noise = torch.randn(128, SIZE, generator=torch.Generator().manual_seed(0))

    def drawn(flow: Flow) -> Rows:
        with torch.no_grad():
            return flow.eval().restore(solve(flow, noise, 20)).numpy()

    normal = distance(gaussian(by_tensor(template, rows), noise).numpy())
    untrained = distance(drawn(flow))
    recipe = {**TRAINING, "epochs": 150, "batch_size": 64, "average": 0.99}
    trained = distance(drawn(fit(flow, recipe, data, 0, tmp_path, "a", alone(CPU))[0]))
    assert trained < 0.5 * normal
    assert trained < 0.5 * untrained
    assert untrained > 0.5 * normal
