"""NFNs with states for every tap, input and output, as published, and folded into one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet.models.editors.nfn import WeightSpaceEditor
from metanet.models.nfn import WeightSpaceNetwork
from metanet.models.nfn_trunk import WeightSpaceTrunk
from metanet.testing import (
    assert_batch_independent,
    assert_editor_equivariant,
    assert_invariant,
    predict,
)

CNN = """
inputs: {x: [2, 7, 7]}
layers:
  - conv2d: {out_channels: 4, kernel_size: [3, 2]}
  - relu
  - conv2d: {out_channels: 3, kernel_size: 1}
  - relu
  - conv2d: {out_channels: 5, kernel_size: [1, 3]}
  - relu
  - %s
  - flatten
  - linear: {out_features: 3}
"""
NETS = {
    "cnn": spec.loads(CNN % "adaptive_avg_pool2d: {output_size: 1}"),
    "flattened": spec.loads(CNN % "identity"),
    "two layers": spec.loads(
        "inputs: {x: [2, 3, 3]}\nlayers: [conv2d: {out_channels: 4, kernel_size: 3}, relu, "
        "flatten, linear: {out_features: 3}]"
    ),
    "mlp": spec.loads(
        "inputs: {x: [3]}\nlayers: [linear: {out_features: 4}, tanh, linear: {out_features: 5}, "
        "tanh, linear: {out_features: 2}]"
    ),
}
TAPS = {"cnn": [6, 1, 3, 1], "flattened": [6, 1, 3, 20], "two layers": [9, 1], "mlp": [1, 1, 1]}
NAMES = ("np_nfn", "hnp_nfn")
CASES = [(name, kind, folded) for name in NAMES for kind in NETS for folded in (False, True)]
SMALL: dict[str, Any] = {"hidden": 4, "layers": 2}


def graphs_of(net: spec.Architecture, count: int = 3) -> list[graphgen.Graph]:
    rng = np.random.default_rng(0)
    return [graphgen.compile(net, random_weights(net, rng)) for _ in range(count)]


def predictor(name: str, net: spec.Architecture, folded: bool) -> WeightSpaceNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = metanet.make_metanet(name, net=net, **SMALL, folded=folded).double()
    assert isinstance(model, WeightSpaceNetwork)
    return model


def editor(name: str, net: spec.Architecture, folded: bool, members: int = 2) -> WeightSpaceEditor:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = metanet.make_editor(name, net=net, **SMALL, folded=folded, members=members)
    assert isinstance(model, WeightSpaceEditor)
    return model.double()


@pytest.mark.parametrize(("name", "kind", "folded"), CASES)
def test_properties_hold(name: str, kind: str, folded: bool) -> None:
    net = NETS[kind]
    model, graphs = predictor(name, net, folded), graphs_of(net)
    rng = np.random.default_rng(0)
    assert_invariant(model, graphs, rng)
    assert_batch_independent(model, graphs, rng)
    assert_editor_equivariant(editor(name, net, folded), graphs, rng)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("folded", [False, True])
def test_taps_are_told_apart(name: str, folded: bool) -> None:
    net = NETS["cnn"]
    (graph,) = graphs_of(net, 1)
    weights = graph.weights()
    kernels = [key for key, array in weights.items() if array.ndim == 4 and array[0, 0].size > 1]
    assert len(kernels) == 2
    for key in kernels:
        turned = {**weights, key: weights[key][..., ::-1, ::-1].copy()}
        batch = metanet.Batch.from_graphs([graph, graphgen.compile(net, turned)])
        first, second = predict(predictor(name, net, folded), batch)
        assert (first - second).abs().max() > 1e-6


def np_terms(taps: list[int], width: int) -> int:
    """Count the numbers of all maps of an NP-NFN layer, term by term, without constants."""
    last = len(taps) - 1
    everything = len(taps) + sum(taps)
    count = 0
    for i, own in enumerate(taps):
        rows = own + (taps[i - 1] + 1 if i > 0 else 0)
        columns = own + 1 + (taps[i + 1] if i < last else 0)
        count += own * own  # its own state
        count += own * (everything + rows + columns)  # averages over all, rows, columns
        count += everything + columns  # those of the bias
    return count * width**2


def hnp_terms(taps: list[int], inputs: int, outputs: int, width: int) -> int:
    """The same of HNP-NFN, where nothing is read twice."""
    last = len(taps) - 1
    fixed = [t * (inputs if i == 0 else outputs if i == last else 1) for i, t in enumerate(taps)]
    biases = [1] * last + [outputs]
    everything = sum(fixed) + sum(biases)
    count = everything * everything
    for i in range(last):  # hidden neurons: weights that enter, biases, weights that leave
        at_neurons = fixed[i] + biases[i] + fixed[i + 1]
        count += at_neurons * at_neurons
    count += sum(fixed[i] ** 2 for i in range(1, last))
    return count * width**2


def counted(trunk: WeightSpaceTrunk) -> int:
    names = ("own", "along", "whole.weight")
    parameters = trunk.layers[0].named_parameters()
    return sum(p.numel() for name, p in parameters if name.startswith(names))


@pytest.mark.parametrize("kind", NETS)
def test_layers_have_the_numbers_that_the_paper_counts(kind: str) -> None:
    net, taps = NETS[kind], TAPS[kind]
    inputs = {"mlp": 3}.get(kind, 2)
    outputs = {"mlp": 2}.get(kind, 3)
    ones = [1] * len(taps)
    for folded, given in ((False, taps), (True, ones)):
        assert counted(predictor("np_nfn", net, folded).trunk) == np_terms(given, 4)
    found = counted(predictor("hnp_nfn", net, False).trunk)
    assert found == hnp_terms(taps, inputs, outputs, 4)
    assert counted(predictor("hnp_nfn", net, True).trunk) == hnp_terms(ones, 1, 1, 4)


def test_published_np_nfn_on_a_small_cnn_has_the_size_of_its_authors() -> None:
    """A layer from one channel to 64, and three from 64 to 64; constants and head come to 27.4."""
    layer = np_terms([9, 9, 9, 1], 64)
    assert round((1 / 64 + 3) * layer / 1e6, 1) == 27.1
    assert round(layer / np_terms([1] * 4, 64)) == 22


@pytest.mark.parametrize(("name", "kind", "folded"), CASES)
def test_an_editor_puts_numbers_where_they_were_read(
    name: str, kind: str, folded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = NETS[kind]
    model = editor(name, net, folded)
    batch = metanet.Batch.from_graphs(graphs_of(net))
    (part,) = batch.parts
    numbers = model.trunk.numbers(part, model.trunk.layers_of(part))

    def proposed(item: str, state: Tensor) -> Tensor:
        head = torch.nn.Linear(state.shape[-1], 1).double()
        shape = (3, model.members, *numbers[item].shape[1:])
        assert WeightSpaceEditor.propose(model, item, state).shape == shape
        assert head(state).shape[1:-1] == numbers[item].shape[1:-1]
        return numbers[item].unsqueeze(1).expand(shape)

    monkeypatch.setattr(model, "propose", proposed)
    torch.nn.init.ones_(model.scale)
    for changed in model(batch):
        torch.testing.assert_close(changed.parts[0].values, 2 * part.values, rtol=0, atol=1e-12)


def test_dws_is_hnp_nfn_on_mlps() -> None:
    net = NETS["mlp"]
    batch = metanet.Batch.from_graphs(graphs_of(net))
    hnp = predictor("hnp_nfn", net, False)
    dws = predictor("dws", net, False)
    dws.load_state_dict(hnp.state_dict())
    assert torch.equal(predict(hnp, batch), predict(dws, batch))
    with pytest.raises(metanet.MetanetError, match="`folded` is 'yes', expected True or False"):
        metanet.HNPNFN(net, folded="yes")  # type: ignore[arg-type]
