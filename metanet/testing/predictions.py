"""Assertions about metanets that predict.

Errors are relative to how far a model's predictions of different networks lie apart: a model that
hardly tells networks apart would pass any absolute test.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from graphgen import Graph, Symmetries
from graphgen.testing import tolerance
from metanet.batch import Batch
from metanet.errors import MetanetError
from metanet.models.metanet import Metanet
from metanet.options import shown


def assert_invariant(
    model: Metanet, graphs: Sequence[Graph], rng: np.random.Generator, count: int = 3
) -> float:
    """Check that permuting the neurons of networks does not change what a model predicts.

        assert_invariant(model, graphs, np.random.default_rng(0))

    Each of the graphs (two or more networks) is permuted `count` times by a random symmetry.
    Returns the largest change, relative to the spread of the predictions.
    """
    __tracebackhide__ = True
    expected = predict(model, Batch.from_graphs(graphs))
    spread = spread_of(expected)
    groups = [Symmetries(graph.template) for graph in graphs]
    largest = 0.0
    for _ in range(count):
        permuted = [
            graph.template.bind(group.sample(rng).apply(graph.weights()))
            for graph, group in zip(graphs, groups, strict=True)
        ]
        actual = predict(model, Batch.from_graphs(permuted))
        largest = worst(largest, actual, expected, spread, "permuting a network's neurons")
    return largest


def assert_batch_independent(
    model: Metanet, graphs: Sequence[Graph], rng: np.random.Generator, count: int = 3
) -> float:
    """Check that a prediction depends neither on a network's batch-mates nor on its place.

        assert_batch_independent(model, graphs, np.random.default_rng(0))

    Compares the graphs one by one with all of them in `count` random orders, and with random
    halves. Returns the largest difference, relative to the spread of the predictions.
    """
    __tracebackhide__ = True
    expected = torch.cat([predict(model, Batch.from_graphs([graph])) for graph in graphs])
    spread = spread_of(expected)
    largest = 0.0
    for _ in range(count):
        order = [int(i) for i in rng.permutation(len(graphs))]
        half = len(order) // 2
        for chosen in (order, order[:half], order[half:]):
            actual = predict(model, Batch.from_graphs([graphs[i] for i in chosen]))
            reason = f"being in a batch of {len(chosen)}"
            largest = worst(largest, actual, expected[chosen], spread, reason)
    return largest


def assert_deterministic(model: Metanet, graphs: Sequence[Graph], count: int = 3) -> float:
    """Check that a model in evaluation mode predicts the same, bit by bit, every time.

        assert_deterministic(model, graphs)

    Returns the largest difference: 0.
    """
    __tracebackhide__ = True
    batch = Batch.from_graphs(graphs)
    expected = predict(model, batch)
    for _ in range(count):
        actual = predict(model, batch)
        if not torch.equal(actual, expected):
            error = (actual - expected).abs().max().item()
            raise AssertionError(f"evaluated again, predictions differ by {error:.3g}")
    return 0.0


def assert_backends_agree(
    make_model: Callable[[str], Metanet], batch: Batch, backends: Sequence[str] = ("block", "pyg")
) -> float:
    """Check that backends give the same numbers: outputs, and all gradients, in float64.

        assert_backends_agree(lambda backend: metanet.GMN(backend=backend), batch)

    `make_model` makes a model on a backend; the first one's parameters are given to the others.
    Returns the largest error, relative to the norm of the output or gradient.
    """
    __tracebackhide__ = True
    models = [make_model(backend).double().eval() for backend in backends]
    state = models[0].state_dict()
    for model in models[1:]:
        model.load_state_dict(state)
    expected, *others = [output_and_gradients(model, batch) for model in models]
    limit = tolerance(torch.float64)
    largest = 0.0
    for backend, results in zip(backends[1:], others, strict=True):
        for name, reference in expected.items():
            difference = (results[name] - reference).norm().item()
            error = difference / max(reference.norm().item(), 1e-300) if difference else 0.0
            if not error <= limit:
                raise AssertionError(
                    f"{name}: {backend!r} differs from {backends[0]!r} by {error:.3g} of the norm, "
                    f"more than {limit:g}"
                )
            largest = max(largest, error)
    return largest


def predict(model: Metanet, batch: Batch) -> Tensor:
    """Predict in evaluation mode, without gradients; the model's mode stays as it was."""
    if not isinstance(model, nn.Module):
        raise MetanetError(f"`model` is {shown(model)}, expected a metanet")
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            return model(batch)
    finally:
        model.train(training)


def output_and_gradients(model: Metanet, batch: Batch) -> dict[str, Tensor]:
    """Give a model's output, and the gradients of a mix of it by every parameter and weight."""
    parts = tuple(
        replace(part, values=part.values.double().clone().requires_grad_())
        for part in batch.to(torch.float64).parts
    )
    output = model(Batch(parts))
    mix = torch.linspace(1, 2, output.numel(), dtype=output.dtype).reshape(output.shape)
    tensors: dict[str, Tensor] = {**dict(model.named_parameters())}
    tensors |= {f"weights of part {i}": part.values for i, part in enumerate(parts)}
    gradients = torch.autograd.grad((output * mix).sum(), list(tensors.values()), allow_unused=True)
    results = {"output": output.detach()}
    for name, gradient in zip(tensors, gradients, strict=True):
        results[f"gradient by {name}"] = torch.zeros(1) if gradient is None else gradient
    return results


def spread_of(predictions: Tensor) -> Tensor:
    """Give the standard deviation over networks of each output; none may be zero."""
    __tracebackhide__ = True
    if len(predictions) < 2:
        raise AssertionError(f"the spread of {len(predictions)} predictions says nothing: give two")
    spread = predictions.std(0)
    if not (spread > 0).all():
        raise AssertionError(
            f"the predictions of {len(predictions)} networks have the spread {spread.tolist()}: "
            "the model does not tell networks apart, so nothing can be measured"
        )
    return spread


def worst(largest: float, actual: Tensor, expected: Tensor, spread: Tensor, reason: str) -> float:
    """Compare predictions; give the largest error so far."""
    __tracebackhide__ = True
    if actual.shape != expected.shape:
        raise AssertionError(f"got predictions {list(actual.shape)}, not {list(expected.shape)}")
    error = ((actual - expected).abs() / spread).max().item()
    limit = tolerance(actual.dtype)
    if not error <= limit:
        raise AssertionError(
            f"{reason} changes a prediction by {error:.3g} of the spread between networks, more "
            f"than {limit:g}"
        )
    return max(largest, error)
