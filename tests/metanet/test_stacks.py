"""Batches of stacked tensors, against the batch of the graphs one by one."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import given

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from spec.testing import networks

NET = spec.loads(
    "inputs: {x: [3]}\n"
    "layers: [{linear: {out_features: 4}}, batch_norm, relu, {linear: {out_features: 2}}]"
)
TEMPLATE = graphgen.template(NET)
Weights = list[dict[str, Any]]


def drawn(net: spec.Architecture, count: int, dtype: Any = np.float64) -> Weights:
    rng = np.random.default_rng(0)
    return [random_weights(net, rng, dtype) for _ in range(count)]


def stacks_of(weights: Weights) -> dict[str, Any]:
    return {name: np.stack([own[name] for own in weights]) for name in weights[0]}


def one_by_one(template: graphgen.Template, weights: Weights) -> metanet.Batch:
    return metanet.Batch.from_graphs([template.bind(own) for own in weights])


@given(networks())
def test_stacks_are_the_batch_of_their_graphs(net: spec.Architecture) -> None:
    template, weights = graphgen.template(net), drawn(net, 3)
    if not weights[0]:
        return
    (expected,) = one_by_one(template, weights).parts
    arrays = stacks_of(weights)
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    for stacks in (arrays, tensors, dict(reversed(list(arrays.items())))):
        (part,) = metanet.Batch.from_stacked(template, stacks).parts
        assert part.template is template
        assert part.positions == expected.positions
        assert torch.equal(part.values, expected.values)
    swapped = {name: array[::-1] for name, array in arrays.items()}
    (other,) = metanet.Batch.from_stacked(template, swapped).parts
    assert torch.equal(other.values, expected.values.flip(0))


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, ml_dtypes.bfloat16])
def test_stacks_of_all_floats_are_those_of_their_graphs(dtype: Any) -> None:
    weights = drawn(NET, 3, dtype)
    (part,) = metanet.Batch.from_stacked(TEMPLATE, stacks_of(weights)).parts
    (expected,) = one_by_one(TEMPLATE, weights).parts
    assert part.values.dtype == expected.values.dtype
    assert torch.equal(part.values, expected.values)
    mixed = {n: torch.tensor(x.astype(np.float32)) for n, x in stacks_of(weights).items()}
    mixed["0.bias"] = stacks_of(weights)["0.bias"]
    (part,) = metanet.Batch.from_stacked(TEMPLATE, mixed).parts
    assert torch.equal(part.values.float(), expected.values.float())


def test_gradients_pass_to_the_stacks() -> None:
    torch.manual_seed(0)
    model = metanet.GMN(hidden=8, layers=1).double()
    stacks = {n: torch.from_numpy(x) for n, x in stacks_of(drawn(NET, 2)).items()}
    stacks["0.weight"].requires_grad_()
    model(metanet.Batch.from_stacked(TEMPLATE, stacks)).sum().backward()
    assert stacks["0.weight"].grad is not None
    assert stacks["0.weight"].grad.abs().min() > 0


def test_a_batch_owns_what_was_stacked() -> None:
    stacks = stacks_of(drawn(NET, 2))
    before = {name: stack.copy() for name, stack in stacks.items()}
    metanet.Batch.from_stacked(TEMPLATE, stacks).parts[0].values.zero_()
    assert all(np.array_equal(stacks[name], stack) for name, stack in before.items())


def test_integers_may_be_left_out() -> None:
    stacks = stacks_of(drawn(NET, 2))
    whole = metanet.Batch.from_stacked(TEMPLATE, stacks)
    del stacks["1.num_batches_tracked"]
    rest = metanet.Batch.from_stacked(TEMPLATE, stacks)
    assert torch.equal(whole.parts[0].values, rest.parts[0].values)


def test_all_that_does_not_fit_is_told_at_once() -> None:
    stacks = stacks_of(drawn(NET, 2))
    del stacks["0.bias"]
    stacks |= {"3.bias": np.zeros((3, 2)), "1.bias": np.zeros((2, 4), int), "b": np.zeros((2, 2))}
    with pytest.raises(metanet.MetanetError) as error:
        metanet.Batch.from_stacked(TEMPLATE, stacks)
    assert str(error.value).splitlines() == [
        "`stacks` do not fit the architecture:",
        "  0.bias: missing, expected shape [2, 4]",
        "  1.bias: dtype int64, expected floating point",
        "  3.bias: shape [3, 2], expected [2, 2]",
        "  b: not a tensor of this architecture",
    ]


def test_no_networks_and_no_template_are_refused() -> None:
    none = {name: stack[:0] for name, stack in stacks_of(drawn(NET, 1)).items()}
    with pytest.raises(metanet.MetanetError, match="at least one network, got none"):
        metanet.Batch.from_stacked(TEMPLATE, none)
    with pytest.raises(metanet.MetanetError, match="`template` is .*, expected a Template"):
        metanet.Batch.from_stacked(NET, none)  # type: ignore[arg-type]
    with pytest.raises(metanet.MetanetError, match="'0.bias' is 'zero', expected a tensor or an"):
        metanet.Batch.from_stacked(TEMPLATE, {"0.bias": "zero"})  # type: ignore[dict-item]
