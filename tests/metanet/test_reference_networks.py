"""Every reference network: numpy and torch agree, and its symmetries change no metanet's answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import graphgen
import metanet
import spec
from graphgen.testing import random_inputs, random_weights, relative_error
from metanet.evaluate import run
from spec.testing.examples import EXAMPLES, example_texts

NETS = sorted(Path(spec.__file__).parent.glob("nets/*.yaml"))
SYMMETRIES = 100
TEXTS = [
    pytest.param(text, id=f"{type_}-{place}")
    for type_ in EXAMPLES
    for place, text in enumerate(example_texts(type_))
    if spec.loads(text).parameters  # of the others there is nothing to permute
]


def first(results: Any) -> Any:
    return results[0] if isinstance(results, tuple) else results


def steady(net: spec.Architecture, weights: Any) -> Any:
    """Make the weights small where sines of high frequency let rounding grow."""
    arguments = [o.primitive.attributes().get("arguments", ()) for o in net.operations]
    frequency = max((v for pairs in arguments for key, v in pairs if key == "frequency"), default=1)
    return {name: x / frequency if x.ndim > 1 else x for name, x in weights.items()}


def to_torch(arrays: Any, dtype: Any) -> Any:
    return {
        name: torch.from_numpy(x).to(dtype) if x.dtype.kind == "f" else torch.from_numpy(x)
        for name, x in arrays.items()
    }


@pytest.mark.parametrize("path", NETS, ids=lambda path: path.stem)
def test_numpy_and_torch_agree_in_both_precisions(path: Path) -> None:
    net = spec.load(path)
    rng = np.random.default_rng(0)
    weights, inputs = steady(net, random_weights(net, rng)), random_inputs(net, rng)
    named = dict(zip(net.inputs, inputs, strict=True))
    exact = first(graphgen.evaluate(net, weights, *inputs))
    for dtype, limit in ((torch.float64, 1e-10), (torch.float32, 1e-4)):
        theirs = to_torch(weights, dtype)
        y = run(net, theirs, *to_torch(named, dtype).values()).numpy()
        assert relative_error(y, exact) <= limit
    low = {n: x.astype(np.float32) if x.dtype.kind == "f" else x for n, x in weights.items()}
    single = [x.astype(np.float32) if x.dtype.kind == "f" else x for x in inputs]
    assert relative_error(first(graphgen.evaluate(net, low, *single)), exact) <= 1e-4
    name = next(iter(net.parameters))
    moved = {**weights, name: weights[name] * 1.01}
    assert relative_error(first(graphgen.evaluate(net, moved, *inputs)), exact) > 1e-10


@pytest.mark.parametrize("path", NETS, ids=lambda path: path.stem)
def test_symmetries_change_neither_the_function_nor_a_metanet(path: Path) -> None:
    net = spec.load(path)
    rng = np.random.default_rng(0)
    weights, inputs = random_weights(net, rng), random_inputs(net, rng)
    group = graphgen.symmetries(net)
    expected = first(graphgen.evaluate(net, weights, *inputs))
    permuted = [group.sample(rng).apply(weights) for _ in range(SYMMETRIES)]
    for other in permuted:
        assert relative_error(first(graphgen.evaluate(net, other, *inputs)), expected) <= 1e-10
    name = next(n for n, shape in net.parameters.items() if len(shape) > 1)
    rolled = np.roll(weights[name].reshape(-1), 1).reshape(weights[name].shape)
    check_answers(net, weights, permuted, {**weights, name: rolled})


@pytest.mark.parametrize("text", TEXTS)
def test_symmetries_of_a_layer_do_not_change_a_metanet(text: str) -> None:
    net = spec.loads(text)
    rng = np.random.default_rng(0)
    weights, other = random_weights(net, rng), random_weights(net, rng)
    group = graphgen.symmetries(net)
    permuted = [group.sample(rng).apply(weights) for _ in range(SYMMETRIES)]
    check_answers(net, weights, permuted, other)


def check_answers(net: spec.Architecture, weights: Any, permuted: Any, other: Any) -> None:
    """A metanet answers alike for all permuted weights, and otherwise for other ones."""
    graphs = [graphgen.compile(net, each) for each in (weights, *permuted, other)]
    torch.manual_seed(0)
    model = metanet.GMN(hidden=8, layers=2).double().eval()
    with torch.no_grad():
        parts = [graphs[:1], *(graphs[i : i + 25] for i in range(0, len(graphs), 25))]
        answers = [model(metanet.Batch.from_graphs(p).to(torch.float64)).reshape(-1) for p in parts]
    first_answer, *others = torch.cat(answers).tolist()
    assert max(abs(y - first_answer) for y in others[:-1]) <= 1e-10 * max(1, abs(first_answer))
    if net.parameters:
        assert abs(others[-1] - first_answer) > 1e-8
