"""Controls: networks that have learned nothing, for a predictor to know such."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from graphgen import Graph
from metanet.predictor.anatomy import Anatomy

SCALES, OWN_SCALES = (0.2, 5.0), (0.5, 2.0)
"""How many times an initialisation's scale drawn numbers have, in a network and in each tensor."""


def controls_of(
    graphs: Sequence[Graph], share: float, rng: np.random.Generator
) -> tuple[list[Graph], NDArray[np.float64]]:
    """Make networks of some graphs' architectures that learned nothing, and give their accuracy.

    In every other one the numbers of each tensor are in an order of their own, so that the layers
    are as large as they were; in the rest the weights are drawn. What is expected of either is one
    over the number of classes.
    """
    able = [i for i, graph in enumerate(graphs) if classes_of(graph)]
    count = min(len(able), round(share * len(graphs)))
    chosen = rng.permutation(able)[:count]
    made = [(shuffled if k % 2 else drawn)(graphs[i], rng) for k, i in enumerate(chosen)]
    return made, np.array([1 / classes_of(graphs[i]) for i in chosen])


def classes_of(graph: Graph) -> int:
    """Count the classes that a network tells apart; 0 where it tells none."""
    net = graph.template.net
    return 0 if net is None else Anatomy.of(net).classes


def shuffled(graph: Graph, rng: np.random.Generator) -> Graph:
    """Put the numbers of each trained tensor into an order of their own."""
    weights = dict(graph.weights())
    for name, tensor in tensors(graph).items():
        if tensor:
            flat = np.asarray(weights[name]).reshape(-1)
            weights[name] = flat[rng.permutation(flat.size)].reshape(np.shape(weights[name]))
    return graph.template.bind(weights)


def drawn(graph: Graph, rng: np.random.Generator) -> Graph:
    """Draw each tensor that begins random, uniform or normal, at scales around its own."""
    weights = dict(graph.weights())
    every, own = np.log(SCALES), np.log(OWN_SCALES)
    scale = np.exp(rng.uniform(*every))
    draw = rng.standard_normal if rng.random() < 0.5 else partial(rng.uniform, -1, 1)
    for name, (kind, value) in tensors(graph).items():
        old = np.asarray(weights[name])
        if kind in ("uniform", "normal"):
            new = scale * np.exp(rng.uniform(*own)) * value * draw(size=old.shape)
        else:
            new = np.full(old.shape, value)
        weights[name] = new.astype(old.dtype)
    return graph.template.bind(weights)


def tensors(graph: Graph) -> dict[str, tuple[str, float]]:
    """Say how each tensor of floats that training changes begins."""
    net = graph.template.net
    every = {} if net is None else net.tensors
    return {
        name: one.initial
        for name, one in every.items()
        if not one.fixed and one.dtype.startswith("float")
    }
