"""Models compute where their batch is: every tensor that they make on the way is made there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from oracles.stand_in_device import stand_in
from torch import Tensor, nn

import graphgen
import metanet
import spec
from graphgen.testing import random_weights

MLP = """
inputs: {x: [3]}
layers:
  [linear: {out_features: 4}, relu, linear: {out_features: 4}, relu, linear: {out_features: 2}]
"""
CNN = """
inputs: {x: [2, 6, 6]}
layers:
  - conv2d: {out_channels: 3, kernel_size: 3}
  - relu
  - adaptive_avg_pool2d: {output_size: 1}
  - flatten
  - linear: {out_features: 2}
"""
MANY = """
inputs: {tokens: [5]}
layers:
  - embedding: {num_embeddings: 7, embedding_dim: 4}
  - layer_norm
  - multihead_attention: {num_heads: 2}
  - linear: {out_features: 3}
  - gelu
  - batch_norm
  - linear: {out_features: 2}
"""
SMALL = {"hidden": 4, "layers": 2}
OF_ONE_NETWORK = (
    metanet.HiddenActivations, metanet.LearnedInputs, metanet.ProbeGen,
    metanet.MLP, metanet.DWSNet, metanet.HNPNFN, metanet.NPNFN, metanet.ScaleGMN,
    metanet.MLPEditor, metanet.DWSNetEditor, metanet.HNPNFNEditor, metanet.NPNFNEditor,
    metanet.ScaleGMNEditor,
)  # fmt: skip
Made = Callable[..., nn.Module]
PREDICTORS: dict[str, tuple[Made, tuple[str, ...]]] = {
    "gmn": (metanet.GMN, (MLP, CNN, MANY)),
    "gmn, pyg": (partial(metanet.GMN, backend="pyg"), (MLP, CNN)),
    "gmn, checkpoint": (partial(metanet.GMN, checkpoint=True), (MLP, CNN)),
    "gmn, parallel taps": (partial(metanet.GMN, taps="parallel"), (CNN,)),
    "deepsets": (metanet.DeepSets, (MLP, CNN, MANY)),
    "dws": (metanet.DWSNet, (MLP,)),
    "hnp_nfn": (metanet.HNPNFN, (CNN,)),
    "np_nfn": (metanet.NPNFN, (CNN,)),
    "ng_gnn": (metanet.NGGNN, (MLP, CNN)),
    "ng_t": (metanet.NGT, (MLP, CNN)),
    "scale_gmn": (metanet.ScaleGMN, (MLP, CNN)),
    "stat_mlp": (metanet.StatMLP, (MLP, CNN, MANY)),
    "learned_inputs": (partial(metanet.LearnedInputs, learned_inputs=3), (MLP, CNN)),
    "probe_gen": (partial(metanet.ProbeGen, learned_inputs=3), (MLP, CNN)),
    "hidden_activations": (partial(metanet.HiddenActivations, learned_inputs=3), (MLP, CNN)),
    "dmc": (metanet.DMC, (MLP, CNN)),
    "mlp": (metanet.MLP, (MLP, CNN)),
    "np_nfn, probes": (partial(metanet.NPNFN, probes=3), (CNN,)),
    "gmn, probes": (partial(metanet.GMN, probes=3), (CNN,)),
}


def batch(*texts: str) -> metanet.Batch:
    rng = np.random.default_rng(0)
    nets = [spec.loads(text) for text in texts for _ in range(3)]
    return metanet.Batch.from_graphs(
        [graphgen.compile(net, random_weights(net, rng, np.float32)) for net in nets]
    )


def loss_and_gradients(model: nn.Module, given: metanet.Batch) -> list[Tensor]:
    """Give what a step needs, on the CPU."""
    torch.manual_seed(0)
    if isinstance(model, metanet.Editor):
        loss = torch.stack(
            [change.float().square().mean() for change in model.changes(given)]
        ).sum()
    else:
        loss = model(given).float().square().mean()
    used = [p for p in model.parameters() if p.requires_grad]
    found = torch.autograd.grad(loss, used, allow_unused=True)
    return [x.detach().cpu() for x in (loss, *found) if x is not None]


def net_of(make: Made, text: str) -> dict[str, Any]:
    """Give the network that a model is made for, if it is made for one."""
    kind = make.func if isinstance(make, partial) else make
    wants = "probes" in getattr(make, "keywords", {}) or kind in OF_ONE_NETWORK
    return {"net": spec.loads(text).resolved()} if wants else {}


def check(make: Callable[[], nn.Module], given: metanet.Batch) -> None:
    torch.manual_seed(0)
    model = make()
    wanted = loss_and_gradients(model, given)
    with stand_in() as device:
        found = loss_and_gradients(model.to(device), given.to(device))
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", PREDICTORS)
def test_a_predictor_computes_where_its_batch_is(name: str) -> None:
    make, texts = PREDICTORS[name]
    for text in texts:
        check(partial(make, **SMALL, outputs=2, **net_of(make, text)), batch(text))
    if name.startswith(("gmn", "deepsets", "stat")) and len(texts) > 1:
        check(lambda: make(**SMALL, outputs=2), batch(*texts))


def made(name: str) -> tuple[Callable[[], nn.Module], metanet.Batch]:
    """Give what makes a model, and a batch for it."""
    if name in PREDICTORS:
        make, texts = PREDICTORS[name]
        return partial(make, **SMALL, outputs=2, **net_of(make, texts[-1])), batch(texts[-1])
    name = name.removeprefix("editor ")
    text = MLP if name == "dws" else CNN
    settings = {**SMALL, "members": 2, **net_of(metanet.EDITORS[name], text)}
    given = batch(text)
    if name != "scale_gmn":
        settings |= {"channels": 2, "conditions": 1}
        given = given.with_channels([part.values for part in given.parts])
        given = given.with_conditions(torch.ones(given.num_networks, 1))
    return partial(metanet.make_editor, name, **settings), given


@pytest.mark.parametrize("name", metanet.EDITORS)
def test_an_editor_computes_where_its_batch_is(name: str) -> None:
    check(*made(f"editor {name}"))


@pytest.mark.parametrize("name", [*PREDICTORS, *(f"editor {n}" for n in metanet.EDITORS)])
def test_a_model_is_trained_under_autocast(name: str) -> None:
    make, given = made(name)
    torch.manual_seed(0)
    model = make()
    wanted = loss_and_gradients(model, given)
    with torch.autocast("cpu", torch.bfloat16):
        found = loss_and_gradients(model, given)
    assert [x.dtype for x in found] == [x.dtype for x in wanted]
    one, other = (torch.cat([x.flatten() for x in rows[1:]]) for rows in (found, wanted))
    assert found[0].item() == pytest.approx(wanted[0].item(), rel=0.05)
    assert (one - other).norm() < 0.3 * other.norm()
    assert any(not torch.equal(one, other) for one, other in zip(found, wanted, strict=True))


def test_a_batch_on_another_device_than_the_model_is_told() -> None:
    """The control: the stand-in tells devices apart."""
    model, given = metanet.GMN(**SMALL), batch(CNN)
    with (
        stand_in() as device,
        pytest.raises(metanet.MetanetError, match="on cpu and this GMN on meta"),
    ):
        model.to(device)(given)


@pytest.mark.parametrize("name", ["gmn", "gmn, pyg", "gmn, checkpoint", "hnp_nfn", "np_nfn"])
def test_shapes_may_be_asked_for_on_the_meta_device(name: str) -> None:
    make, texts = PREDICTORS[name]
    given = batch(texts[-1])
    known = {"net": spec.loads(texts[-1])} if make in OF_ONE_NETWORK else {}
    model = make(**known, **SMALL)
    expected = model(given)
    model.to("meta")(given.to("meta")).sum().backward()
    assert model(given.to("meta")).shape == expected.shape
    assert all(p.grad.device.type == "meta" for p in model.parameters() if p.grad is not None)
