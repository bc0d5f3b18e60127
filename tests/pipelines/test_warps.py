"""Warps of signals: what a warped network computes is what it computed elsewhere, exactly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import spec
from graphgen import GraphSet
from metanet import Batch
from metanet.evaluate import initial_weights, run_stack
from pipelines import PipelineError
from pipelines.tasks.editing import weights_of
from pipelines.tasks.registry import open_task
from pipelines.tasks.warps import Warps

SINE, HEAD = "{sine: {frequency: 30}}", "{linear: {out_features: 1}}"
LAYERS = {
    "siren": f"[{{linear: {{out_features: 5}}}}, {SINE}, {HEAD}]",
    "deep": f"[{{linear: {{out_features: 4}}}}, tanh, {{linear: {{out_features: 3}}}}, {HEAD}]",
    "residual": f"[{{residual: {{body: [{{linear: {{out_features: $size}}}}, sigmoid]}}}}, {HEAD}]",
    "branches": f"""
  - parallel:
      branches: [[{{linear: {{out_features: 3}}}}, relu], [{{linear: {{out_features: 3}}}}]]
      merge: add
  - {HEAD}""",
    "unbiased": f"[{{linear: {{out_features: 4, bias: false}}}}, relu, {HEAD}]",
    "norm": f"[layer_norm, {HEAD}]",
}
AMOUNTS = {"rotation": 90, "scale": 0.5, "shear": 0.4, "shift": 0.7}


def graphs(folder: Path, kind: str, size: int) -> GraphSet:
    text = f"vars: {{size: {size}}}\ninputs: {{x: [$size]}}\nlayers: {LAYERS[kind]}\n"
    net = spec.loads(text)
    networks = []
    for i in range(12):
        drawn = initial_weights(net, torch.Generator().manual_seed(i))
        weights = {name: tensor.numpy() for name, tensor in drawn.items()}
        split = ("train", "validation", "test")[i // 2 % 3]
        about: dict[str, Any] = {"index": i, "split": split, "labels": {"class": i % 2}}
        networks.append((net, weights, about))
    return GraphSet.write(folder / "graphs", networks)


@pytest.mark.parametrize("kind", ["siren", "deep", "branches"])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_warped_network_computes_what_it_did_elsewhere(
    kind: str, size: int, tmp_path: Path
) -> None:
    graph_set = graphs(tmp_path, kind, size)
    amounts = AMOUNTS if size > 1 else {"scale": 0.5, "shift": 0.7}
    warps = Warps.of(amounts, graph_set)
    assert warps is not None
    (part,) = Batch.from_set(graph_set, range(4)).parts
    batch = Batch((replace(part, values=part.values.double()),))
    torch.manual_seed(1)
    (part,) = warps(batch).parts
    torch.manual_seed(1)
    maps, shifts = warps.drawn(4, size, part.values)
    assert maps.std(0).min() > 0 or size == 1
    net = next(iter(graph_set.architectures.values()))
    points = torch.from_numpy(np.random.default_rng(0).normal(size=(4, 7, size)))
    found = run_stack(net, weights_of(part), points)
    elsewhere = points @ maps.transpose(1, 2) + shifts.unsqueeze(1)
    before = weights_of(batch.parts[0])
    torch.testing.assert_close(found, run_stack(net, before, elsewhere), atol=1e-9, rtol=1e-9)
    # The control: at the same places they compute something else.
    assert (found - run_stack(net, before, points)).abs().max() > 1e-3


def test_rotations_keep_lengths_and_orientation(tmp_path: Path) -> None:
    for size in (2, 3):
        warps = Warps.of({"rotation": 180}, graphs(tmp_path / str(size), "siren", size))
        assert warps is not None
        maps, shifts = warps.drawn(6, size, torch.zeros(1, dtype=torch.float64))
        one = torch.eye(size).double().expand_as(maps)
        torch.testing.assert_close(maps @ maps.transpose(1, 2), one)
        assert torch.allclose(torch.linalg.det(maps), torch.ones(6).double())
        assert not shifts.any()


@pytest.mark.parametrize(
    ("kind", "size", "amounts", "message"),
    [
        ("norm", 2, {"scale": 0.1}, "layer .* reads them and is no linear layer of its own"),
        ("residual", 2, {"scale": 0.1}, "layer .* reads them and is no linear layer of its own"),
        ("unbiased", 2, {"shift": 0.1}, "has no bias that could take a `shift`"),
        ("siren", 4, {"scale": 0.1}, r"the inputs are \[\[4\]\]"),
        ("siren", 1, {"rotation": 5}, "one coordinate has no `rotation`"),
    ],
)
def test_what_cannot_be_warped_is_refused(
    kind: str, size: int, amounts: dict[str, float], message: str, tmp_path: Path
) -> None:
    graph_set = graphs(tmp_path, kind, size)
    settings = {"task": "classification", "target": "labels.class", "augment": amounts}
    with pytest.raises(PipelineError, match=message):
        open_task(settings, graph_set)
    assert Warps.of(dict.fromkeys(amounts, 0.0), graph_set) is None
    if kind == "unbiased":
        assert Warps.of({"scale": 0.1}, graph_set) is not None


def test_a_classifier_learns_from_warped_networks_and_judges_them_as_they_are(
    tmp_path: Path,
) -> None:
    graph_set = graphs(tmp_path, "siren", 2)
    settings = {"task": "classification", "target": "labels.class", "augment": {"shift": 0.5}}
    task = open_task(settings, graph_set)
    model = task.make("deepsets", {"hidden": 4})
    chosen = task.indices["train"]

    def loss(seed: int) -> float:
        torch.manual_seed(seed)
        return float(task.loss(model, chosen).detach())

    assert loss(0) == loss(0) != loss(1)
    scores = [task.measure(model, task.state(model), chosen).rows for _ in range(2)]
    assert scores[0] == scores[1]
