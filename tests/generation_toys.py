"""Small populations of networks that encode curves, for the tests of flows."""

from __future__ import annotations

import json

import numpy as np

import graphgen
import spec
from graphgen import Template
from pipelines.generation.population import Rows, arrays_of, row_of
from spec import Architecture

DESCRIPTION = {
    "inputs": {"x": [1]},
    "layers": [
        {"linear": {"out_features": 4}},
        {"sine": {"frequency": 3}},
        {"linear": {"out_features": 1}},
    ],
}
SIZE = 13


def wave() -> tuple[Architecture, Template]:
    """Give a network of thirteen parameters, from one number to one."""
    net = spec.loads(json.dumps(DESCRIPTION))
    return net, graphgen.template(net)


def clusters(count: int, seed: int, *, permuted: bool) -> Rows:
    """Draw networks near one of two, their neurons permuted or not, (count, SIZE)."""
    net, template = wave()
    group = graphgen.symmetries(net)
    centres = np.random.default_rng(0).normal(size=(2, SIZE))
    rng = np.random.default_rng(1 + seed)
    rows = []
    for i in range(count):
        row = (centres[i % 2] + 0.05 * rng.normal(size=SIZE)).astype(np.float32)
        if permuted:
            row = row_of(template, group.sample(rng).apply(arrays_of(template, row)))
        rows.append(row)
    return np.stack(rows)
