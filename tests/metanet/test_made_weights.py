"""Weights made from others: as torch and their papers make them, in every evaluation and graph."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from oracles.any_network import (
    Case,
    check_automorphisms,
    check_backends,
    check_exchanges,
    check_order,
    check_round_trip,
    check_scalings,
    check_symmetric,
)
from oracles.made_weights import make_weights
from torch import Tensor, nn
from torch.nn.utils import parametrizations

import graphgen
import metanet
import spec
from graphgen.testing import random_inputs, random_weights
from spec.testing.made_weights import MADE_TWINS, WAYS

LINEAR, VECTOR, TOKENS = "linear: {out_features: 5, %s}", "[8]", "[6, 8]"
CONV = "conv2d: {out_channels: 6, kernel_size: 3, padding: 1, groups: 2, %s}"
TURNED = "conv_transpose1d: {out_channels: 6, kernel_size: 3, stride: 2, %s}"
PADDED = (
    "conv1d: {out_channels: 6, kernel_size: 2, stride: 3, padding: 2, dilation: 2, groups: 2, "
    "padding_mode: reflect, %s}"
)
SPREAD = (
    "conv_transpose1d: {out_channels: 6, kernel_size: 3, stride: 2, padding: 1, dilation: 2, "
    "output_padding: 1, groups: 2, %s}"
)
NORMED: list[tuple[str, str, nn.Module]] = [
    (VECTOR, LINEAR, nn.Linear(8, 5)),
    (TOKENS, LINEAR, nn.Linear(8, 5)),
    ("[4, 6, 5]", CONV, nn.Conv2d(4, 6, 3, padding=1, groups=2)),
    ("[4, 6]", TURNED, nn.ConvTranspose1d(4, 6, 3, stride=2)),
    ("[4, 7]", PADDED, nn.Conv1d(4, 6, 2, stride=3, padding=2, dilation=2, groups=2,
                                 padding_mode="reflect")),
    ("[4, 3]", SPREAD, nn.ConvTranspose1d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2,
                                          dilation=2)),
]  # fmt: skip


def made(inputs: str, layer: str, how: str) -> spec.Architecture:
    text = layer % f"name: layer, parametrizations: {{weight: {how}}}"
    return spec.loads(f"inputs: {{x: {inputs}}}\nlayers: [{text}]")


def check(net: spec.Architecture, expected: Tensor, weights: Any, inputs: Any) -> None:
    """Compare the evaluations of the network and of its computation graph with torch's."""
    graph = graphgen.compile(net, weights, kind="computation")
    tensors = {name: torch.tensor(array) for name, array in weights.items()}
    found = (
        graphgen.evaluate(net, weights, *inputs),
        graphgen.evaluate(graph, *inputs),
        metanet.evaluate.run(net, tensors, *map(torch.tensor, inputs)).numpy(),
    )
    for y in found:
        assert np.abs(np.asarray(y) - expected.detach().numpy()).max() <= 1e-10


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("dim", [0, 1, -2, 2, None])
@pytest.mark.parametrize(("inputs", "layer", "module"), NORMED)
@pytest.mark.filterwarnings("ignore::FutureWarning")  # torch's own, of the old spelling
def test_a_normed_weight_is_that_of_torch(
    inputs: str, layer: str, module: nn.Module, dim: int | None, legacy: bool
) -> None:
    said = f"{{dim: {'null' if dim is None else dim}, legacy: {str(legacy).lower()}}}"
    if dim == 2 and isinstance(module, nn.Linear):
        with pytest.raises(spec.SpecError, match="`dim` is 2, but a weight of shape"):
            made(inputs, layer, f"{{weight_norm: {said}}}")
        return
    net = made(inputs, layer, f"{{weight_norm: {said}}}")
    plain = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    fresh = type(module)(**arguments(module))
    fresh.load_state_dict(plain)
    wrap = torch.nn.utils.weight_norm if legacy else parametrizations.weight_norm
    normed = wrap(fresh, dim=dim).double().eval()
    rng = np.random.default_rng(0)
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    own = {name.removeprefix("layer."): torch.tensor(array) for name, array in weights.items()}
    normed.load_state_dict(own, strict=True)
    check(net, normed(torch.tensor(x[0])), weights, x)


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize(("inputs", "layer", "module"), NORMED)
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_weight_divided_by_its_spectral_norm_is_that_of_torch(
    inputs: str, layer: str, module: nn.Module, legacy: bool
) -> None:
    dim = 1 if isinstance(module, nn.ConvTranspose1d) else 0  # torch's own defaults
    said = f"{{dim: {dim}, legacy: {str(legacy).lower()}}}"
    net = made(inputs, layer, f"{{spectral_norm: {said}}}")
    wrap = torch.nn.utils.spectral_norm if legacy else parametrizations.spectral_norm
    fresh = wrap(type(module)(**arguments(module))).double()
    x = random_inputs(net, np.random.default_rng(0))
    if not legacy:
        fresh.train()(torch.tensor(x[0]))  # a step of the power iteration
    fresh.eval()
    weights = {f"layer.{name}": tensor.numpy() for name, tensor in fresh.state_dict().items()}
    assert weights.keys() == net.tensors.keys()
    check(net, fresh(torch.tensor(x[0])), weights, x)
    assert len(net.buffers) == 2


def test_hidden_units_are_exchanged_with_what_training_measured() -> None:
    net = spec.loads("""
inputs: {x: [2, 5, 5]}
layers:
  - conv2d: {out_channels: 3, kernel_size: 2, parametrizations: {weight: spectral_norm}}
  - relu
  - conv2d: {out_channels: 4, kernel_size: 2, parametrizations: {weight: spectral_norm}}
  - flatten
  - linear: {out_features: 2, parametrizations: {weight: spectral_norm}}
""")
    case, group = Case(net), graphgen.symmetries(net)
    assert group.order == 6 * 24
    check_symmetric(case, group)
    check_automorphisms(case)
    moved = group.sample(np.random.default_rng(2)).apply(case.weights)
    name = "2.parametrizations.weight.0._u"
    still = {**moved, name: case.weights[name]}
    assert not np.array_equal(moved[name], case.weights[name])
    assert not case.same([np.asarray(graphgen.evaluate(net, still, *case.inputs))])


def arguments(module: nn.Module) -> dict[str, Any]:
    if isinstance(module, nn.Linear):
        return {"in_features": module.in_features, "out_features": module.out_features}
    names = ["in_channels", "out_channels", "kernel_size", "stride", "padding", "groups",
             "dilation", "padding_mode"]  # fmt: skip
    if isinstance(module, nn.ConvTranspose1d):
        names.append("output_padding")
    return {name: getattr(module, name) for name in names}


@pytest.mark.parametrize("unbiased", [False, True])
def test_a_standardised_weight_is_that_of_its_paper(unbiased: bool) -> None:
    how = f"{{weight_standardization: {{eps: 1e-5, unbiased: {str(unbiased).lower()}}}}}"
    net = made("[4, 6, 5]", CONV, how)
    rng = np.random.default_rng(0)
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    weight, bias = (torch.tensor(weights[f"layer.{name}"]) for name in ("weight", "bias"))
    rows = weight.flatten(1)
    if unbiased:  # Qiao et al. 2019, as their code has it
        ready = (rows - rows.mean(1, keepdim=True)) / (rows.std(1, keepdim=True) + 1e-5)
    else:
        ready = F.layer_norm(rows, rows.shape[1:], eps=1e-5)
    y = F.conv2d(torch.tensor(x[0]), ready.view_as(weight), bias, padding=1, groups=2)
    check(net, y, weights, x)


ADAPTED: list[tuple[str, str, nn.Module]] = [
    (TOKENS, LINEAR, nn.Linear(8, 5)),
    ("[4, 6, 5]", CONV, nn.Conv2d(4, 6, 3, padding=1, groups=2)),
    ("[4, 7]", PADDED, nn.Conv1d(4, 6, 2, stride=3, padding=2, dilation=2, groups=2,
                                 padding_mode="reflect")),
    ("[4, 6]", "conv1d: {out_channels: 6, kernel_size: 3, stride: 2, %s}",
     nn.Conv1d(4, 6, 3, stride=2)),
    ("[3]", "embedding: {num_embeddings: 7, embedding_dim: 4, %s}", nn.Embedding(7, 4)),
]  # fmt: skip


@pytest.mark.parametrize("kind", ["lora", "dora"])
@pytest.mark.parametrize(("inputs", "layer", "module"), ADAPTED)
def test_an_adapter_adds_a_product_of_narrow_weights(
    inputs: str, layer: str, module: nn.Module, kind: str
) -> None:
    if kind == "dora" and getattr(module, "groups", 1) > 1:
        with pytest.raises(spec.SpecError, match="no one kernel that has lengths"):
            made(inputs, layer, "{dora: {rank: 2}}")
        return
    net = made(inputs, layer, f"{{{kind}: {{rank: 2, alpha: 3}}}}")
    rng = np.random.default_rng(0)
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    adapted = copy.deepcopy(module)
    make_weights(adapted, "weight", {kind: {"rank": 2, "alpha": 3}})
    own = {name.removeprefix("layer."): torch.tensor(array) for name, array in weights.items()}
    adapted.double().load_state_dict(own, strict=True)
    check(net, adapted(torch.tensor(x[0])), weights, x)
    lengths = [name for name in own if name.endswith("lora_magnitude_vector")]
    assert len(lengths) == (kind == "dora")


def test_a_new_length_is_about_that_of_the_weight() -> None:
    net = made(VECTOR, LINEAR, "{dora: {rank: 2}}")
    (_, size) = net.tensors["layer.lora_magnitude_vector"].initial
    weight = nn.Linear(8, 2000).weight
    assert abs(float(weight.norm(dim=1).mean().detach()) / size - 1) < 0.05


BODY = """
inputs: {x: [3]}
layers:
  - linear: {out_features: 4, parametrizations: {weight: %s}}
  - %s
  - linear: {out_features: 4, parametrizations: {weight: %s}}
  - %s
  - linear: {out_features: 2}
"""


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("how", WAYS, ids=str)
def test_graphs_and_symmetries_of_made_weights_are_exact(how: Any, activation: str) -> None:
    written = str(how).replace("'", "").replace("None", "null").replace("True", "true")
    case = Case(spec.loads(BODY % (written, activation, written, activation)))
    group = graphgen.symmetries(case.net)
    check_backends(case)
    check_round_trip(case)
    check_symmetric(case, group)
    check_automorphisms(case)
    check_order(group)
    check_exchanges(case, group)
    check_scalings(case)
    assert spec.from_resolved(case.net.resolved()).hash == case.net.hash
    kind = next(iter(how))
    rank = how[kind]["rank"] if kind in ("lora", "dora") else 1
    assert group.order == 24**2 * rank**2  # hidden units, and the ranks of adapters


def test_a_normed_weight_keeps_no_sizes_but_the_lengths_do() -> None:
    net = spec.loads(BODY % ("weight_norm", "relu", "weight_norm", "relu"))
    plain = spec.loads(BODY.replace(", parametrizations: {weight: %s}", "") % ("relu", "relu"))
    assert graphgen.scalings(net).scales == 4  # the last units: what reads them is not normed
    assert graphgen.scalings(plain).scales == 8


@pytest.mark.parametrize("name", MADE_TWINS)
def test_how_a_weight_is_made_is_in_the_graph(name: str) -> None:
    one, other = (graphgen.template(spec.loads(text)) for text in MADE_TWINS[name])
    assert one.hash != other.hash


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ("linear: {out_features: 2, parametrizations: {weight: weigth_norm}}",
         "expected one of weight_norm, spectral_norm, weight_standardization, lora, dora, got "
         "'weigth_norm'; did you mean 'weight_norm'?"),
        ("linear: {out_features: 2, parametrizations: {weight: lora}}",
         "`lora` needs the option `rank`"),
        ("linear: {out_features: 2, parametrizations: {weight: {lora: {ranks: 2}}}}",
         "`lora` has no option 'ranks'; did you mean 'rank'?"),
        ("linear: {out_features: 2, parametrizations: {weight: {lora: {rank: 0}}}}",
         "`rank`: expected an integer of at least 1, got 0"),
        ("linear: {out_features: 2, parametrizations: {weight: {weight_norm: 3}}}",
         "`weight_norm`: expected a mapping of its options, got 3"),
        ("linear: {out_features: 2, parametrizations: {weights: weight_norm}}",
         "`parametrizations` names 'weights', which is no trained tensor of this `linear`; it has: "
         "weight, bias"),
        ("linear: {out_features: 2, parametrizations: {bias: weight_norm}}",
         "a weight of the primitive `elementwise` cannot be made from others"),
        ("linear: {out_features: 2, parametrizations: {weight: {weight_norm: {dim: 5}}}}",
         "`dim` is 5, but a weight of shape [2, 4] has the axes 0 to 1"),
        ("linear: {out_features: 2, parametrizations: 3}", "expected a mapping, got 3"),
    ],
)  # fmt: skip
def test_a_wrong_parametrization_is_told(layer: str, words: str) -> None:
    with pytest.raises(spec.SpecError) as caught:
        spec.loads(f"inputs: {{x: [4]}}\nlayers: [{layer}]")
    assert words in str(caught.value)
    assert caught.value.problems[0].mark is not None


def test_what_uses_a_weight_with_others_refuses_that_it_is_made() -> None:
    text = "inputs: {x: [5, 4]}\nlayers: [lstm: {hidden_size: 3, %s}]"
    with pytest.raises(spec.SpecError, match="what a `scan` takes beside other tensors"):
        spec.loads(text % "parametrizations: {weight_ih_l0: weight_norm}")
    with pytest.raises(spec.SpecError, match="`rank` 3 does not divide into 2 groups"):
        made("[4, 6, 5]", CONV, "{lora: {rank: 3}}")
    with pytest.raises(spec.SpecError, match="is transposed: no adapter is defined for it"):
        made("[4, 6]", TURNED, "{lora: {rank: 2}}")


def test_a_weight_that_a_layer_applies_twice_is_made_once() -> None:
    how = "parametrizations: {in_proj_weight: weight_norm, out_proj.weight: {lora: {rank: 2}}}"
    net = spec.loads(f"""
inputs: {{x: [3, 4], c: [5, 4]}}
layers: [multihead_attention: {{inputs: [x, c], num_heads: 2, name: a, {how}}}]
""")
    rng = np.random.default_rng(0)
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    gain, rows = (weights.pop(f"a.parametrizations.in_proj_weight.original{i}") for i in (0, 1))
    narrow = weights.pop("a.lora_B.weight", None), weights.pop("a.lora_A.weight", None)
    assert narrow == (None, None)
    up, down = (weights.pop(f"a.out_proj.lora_{letter}.weight") for letter in "BA")
    weights["a.in_proj_weight"] = gain * rows / np.linalg.norm(rows, axis=1, keepdims=True)
    weights["a.out_proj.weight"] = weights["a.out_proj.weight"] + up @ down / 2
    plain = nn.MultiheadAttention(4, 2, batch_first=True).double()
    own = {name.removeprefix("a."): torch.tensor(array) for name, array in weights.items()}
    plain.load_state_dict(own, strict=True)
    query, context = map(torch.tensor, x)
    weights = random_weights(net, np.random.default_rng(0))
    check(net, plain(query, context, context)[0], weights, x)
