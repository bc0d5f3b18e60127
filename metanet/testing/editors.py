"""Assertions about editors, relative to the largest change that an editor makes to a network.

New weights are the old ones and a small change, so that any editor would pass a test relative to
the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from graphgen import Graph, Symmetries, Template
from graphgen.dtypes import is_real
from graphgen.testing import tolerance
from metanet.batch import Batch
from metanet.errors import MetanetError
from metanet.options import shown

Weights = dict[str, NDArray[Any]]
EditorLike = Callable[[Batch], Sequence[Batch]]


class Element(Protocol):
    """A change of a network's weights that its function does not see."""

    def apply(self, weights: Mapping[str, NDArray[Any]]) -> Weights:
        """Change weights."""


class Group(Protocol):
    """Symmetries of networks of one architecture, such as `Symmetries` and `Scalings`."""

    def sample(self, rng: np.random.Generator) -> Element:
        """Draw one."""


def assert_editor_equivariant(
    editor: EditorLike,
    graphs: Sequence[Graph],
    rng: np.random.Generator,
    count: int = 3,
    group: Callable[[Template], Group] = Symmetries,
) -> float:
    """Check that permuting the neurons of networks permutes the weights that an editor writes.

        assert_editor_equivariant(metanet.GMNEditor().double(), graphs, np.random.default_rng(0))

    With `group=graphgen.Scalings`, that scaling them scales the new weights. An editor that needs
    channels or conditions is given as a function that adds them. Returns the largest difference,
    relative to the largest change of a weight.
    """
    __tracebackhide__ = True
    before = written(editor, graphs)
    groups = [group(graph.template) for graph in graphs]
    done = "permuting" if group is Symmetries else "transforming"
    largest = 0.0
    for _ in range(count):
        chosen = [one.sample(rng) for one in groups]
        moved = [
            graph.template.bind(element.apply(graph.weights()))
            for graph, element in zip(graphs, chosen, strict=True)
        ]
        after = written(editor, moved)
        for member, (old, new) in enumerate(zip(before, after, strict=True)):
            for graph, element, first, second in zip(moved, chosen, old, new, strict=True):
                reason = f"{done} a network's neurons changes what member {member} writes by"
                error = difference(second, element.apply(first), graph.weights(), reason)
                largest = max(largest, error)
    return largest


def assert_editor_batch_independent(
    editor: EditorLike, graphs: Sequence[Graph], rng: np.random.Generator, count: int = 3
) -> float:
    """Check that what an editor writes depends neither on batch-mates nor on places.

        assert_editor_batch_independent(editor, graphs, np.random.default_rng(0))

    Compares the graphs one by one with all of them in `count` random orders, and with random
    halves. Returns the largest difference, relative to the largest change of a weight.
    """
    __tracebackhide__ = True
    alone = [[member[0] for member in written(editor, [graph])] for graph in graphs]
    largest = 0.0
    for _ in range(count):
        order = [int(i) for i in rng.permutation(len(graphs))]
        half = len(order) // 2
        for chosen in (order, order[:half], order[half:]):
            if not chosen:
                continue
            for member, networks in enumerate(written(editor, [graphs[i] for i in chosen])):
                reason = f"being in a batch of {len(chosen)} changes what member {member} writes by"
                for i, weights in zip(chosen, networks, strict=True):
                    error = difference(weights, alone[i][member], graphs[i].weights(), reason)
                    largest = max(largest, error)
    return largest


def assert_editor_keeps_buffers(editor: EditorLike, graphs: Sequence[Graph]) -> float:
    """Check that an editor writes what is trained alone: the rest stays, bit by bit.

        assert_editor_keeps_buffers(editor, graphs)

    Returns the largest change of a buffer: 0.
    """
    __tracebackhide__ = True
    for member, networks in enumerate(written(editor, graphs)):
        for graph, weights in zip(graphs, networks, strict=True):
            start = graph.weights()
            largest_change(weights, start)
            for tensor in graph.template.tensors:
                old, new = start[tensor.name], weights[tensor.name]
                if not tensor.trainable and old.tobytes() != new.tobytes():
                    raise AssertionError(
                        f"member {member} writes {tensor.name!r}, which is not trained"
                    )
    return 0.0


def written(editor: EditorLike, graphs: Sequence[Graph]) -> list[list[Weights]]:
    """Edit graphs in evaluation mode: for each member, the new weights of each."""
    if not callable(editor):
        raise MetanetError(f"`editor` is {shown(editor)}, expected an editor")
    training = isinstance(editor, nn.Module) and editor.training
    if isinstance(editor, nn.Module):
        editor.eval()
    try:
        with torch.no_grad():
            members = editor(Batch.from_graphs(graphs))
    finally:
        if isinstance(editor, nn.Module):
            editor.train(training)
    return [[dict(graph.weights()) for graph in edited.graphs(graphs)] for edited in members]


def largest_change(weights: Weights, start: Mapping[str, NDArray[Any]]) -> float:
    """Give the largest change of a weight; it may not be zero."""
    __tracebackhide__ = True
    change = max(
        float(np.abs(weights[name] - start[name]).max(initial=0))
        for name in start
        if is_real(start[name].dtype)
    )
    if change == 0:
        raise AssertionError("the editor changes no weight, so nothing can be measured")
    return change


def difference(
    actual: Weights, expected: Weights, start: Mapping[str, NDArray[Any]], reason: str
) -> float:
    """Give the largest difference of new weights, relative to their change from `start`."""
    __tracebackhide__ = True
    change = largest_change(expected, start)
    floats = [name for name in start if is_real(start[name].dtype)]
    error = max(float(np.abs(actual[n] - expected[n]).max(initial=0)) for n in floats) / change
    limit = tolerance(start[floats[0]].dtype)
    if not error <= limit:
        raise AssertionError(
            f"{reason} {error:.3g} of the largest change of a weight, more than {limit:g}"
        )
    return error
