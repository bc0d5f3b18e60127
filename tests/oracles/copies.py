"""Networks and copies of them, for the tests of weight matching."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

import graphgen
import spec
from graphgen.symmetry import Permutation, Symmetries
from graphgen.symmetry.scalings import Scaling
from graphgen.testing import random_weights, relative_error

Weights = dict[str, NDArray[Any]]

MLP = """
inputs: {x: [2]}
layers:
  - linear: {out_features: WIDTH}
  - FUNCTION
  - linear: {out_features: WIDTH}
  - FUNCTION
  - linear: {out_features: 3}
"""
HEADS = """
inputs: {x: [2, 3]}
layers:
  - linear: {out_features: 2}
  - multihead_attention: {num_heads: 2, head_dim: 2, packed: PACKED, name: a}
  - linear: {out_features: 2}
"""
BRANCHES = """
inputs: {x: [3]}
layers:
  - parallel:
      merge: add
      branches:
        - [{linear: {out_features: 2}}, relu, {linear: {out_features: 2}}, tanh]
        - [{linear: {out_features: 2}}, relu, {linear: {out_features: 2}}, tanh]
        - [{linear: {out_features: 2}}, relu, {linear: {out_features: 2}}, tanh]
  - linear: {out_features: 2}
"""
RESIDUAL = """
inputs: {x: [3]}
layers:
  - linear: {out_features: 3}
  - residual: {body: [{linear: {out_features: 3}}, relu, {linear: {out_features: 3}}]}
  - residual: {body: [tanh, {linear: {out_features: 3}}]}
  - linear: {out_features: 2}
"""
SHARED = """
inputs: {x: [2]}
layers:
  - linear: {out_features: 3, name: in}
  - linear: {out_features: 3, name: a, parameters: {weight: w}}
  - relu
  - linear: {out_features: 3, name: b, parameters: {weight: w}}
  - linear: {out_features: 2, name: head}
"""
CROSSED = """
inputs: {x: [2]}
layers:
  - linear: {out_features: 3, name: a}
  - layer_norm: {name: b}
  - bilinear: {inputs: [a, b], out_features: 2}
  - linear: {out_features: 2}
"""
WAYS = """
inputs: {x: [1, 1, 2]}
layers:
  - linear: {out_features: 2, parameters: {bias: shared}}
  - transpose: {dim0: 2, dim1: 1}
  - patches: {embed_dim: 2, patch_size: 1, parameters: {bias: shared}, name: p}
  - reshape: {shape: [4], name: q}
  - reshape: {inputs: p, shape: [4], name: r}
  - concat: {inputs: [q, r]}
  - linear: {out_features: 1}
"""
SMALL_GROUPS = {
    "mlp": MLP.replace("WIDTH", "3").replace("FUNCTION", "gelu"),
    "sine": MLP.replace("WIDTH", "2").replace("FUNCTION", "sine"),
    "relu": MLP.replace("WIDTH", "3").replace("FUNCTION", "relu"),
    "heads": HEADS.replace("PACKED", "false"),
    "packed heads": HEADS.replace("PACKED", "true"),
    "branches": BRANCHES,
    "residual": RESIDUAL,
    "shared": SHARED,
    "products of one value's neurons": CROSSED,
    "ways that were searched": WAYS,
}


def mlp(function: str, width: int) -> spec.Architecture:
    return spec.loads(MLP.replace("FUNCTION", function).replace("WIDTH", str(width)))


def deep(depth: int) -> spec.Architecture:
    layer = "[{linear: {out_features: 8}}, relu]"
    return spec.loads(
        f"inputs: {{x: [8]}}\nlayers:\n  - repeat: {{times: {depth}, index: i, layers: {layer}}}\n"
        "  - linear: {out_features: 3}\n"
    )


def elements(group: Symmetries) -> Iterator[Permutation]:
    """List all elements of a group, by the orders of its runs."""
    runs = [run for outer in group.runs for run in outer.all()]
    choices: list[list[Any]] = []
    for run in runs:
        ways: list[Any] = list(permutations(range(run.items)) if run.free else range(run.items))
        choices.append(list(product(ways, repeat=run.copies)))
    for chosen in product(*choices):
        orders = {run: np.array(order) for run, order in zip(runs, chosen, strict=True)}
        yield group.arranged(orders)


def copy_of(
    net: spec.Architecture, weights: Weights, rng: np.random.Generator, free: str = ""
) -> Weights:
    """Move a network by a random element: permuted, with "signs", or with "scales" of both."""
    group = graphgen.scalings(net)
    values = group.sample(rng).values
    values = {"": np.abs(np.sign(values)), "signs": np.sign(values), "scales": values}[free]
    moved = graphgen.symmetries(net).sample(rng).apply(weights)
    return Scaling(group, values).apply(moved) if free else moved


def distance(net: spec.Architecture, a: Weights, b: Weights) -> float:
    squares = [np.square(a[name].astype(float) - b[name]).sum() for name in net.parameters]
    return float(np.sqrt(sum(squares)))


def noisy(weights: Weights, rng: np.random.Generator, share: float) -> Weights:
    return {
        name: array + share * np.abs(array).mean() * rng.standard_normal(array.shape)
        for name, array in weights.items()
    }


def check_copies(net: spec.Architecture, count: int, seed: int, free: str = "") -> None:
    rng = np.random.default_rng(seed)
    for _ in range(count):
        weights = random_weights(net, rng)
        copy = copy_of(net, weights, rng, free)
        found = graphgen.match(net, weights, copy)
        assert found.how == "exact copy"
        moved = found.apply(copy)
        for name, array in weights.items():
            if free == "scales":
                assert relative_error(moved[name], array) < 1e-12
            else:
                assert np.array_equal(moved[name], array)
