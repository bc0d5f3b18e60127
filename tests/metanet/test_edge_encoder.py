"""The first states of edges, beside those of a slow encoder."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles.slow_encoding import first_states

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet.models.encoder import EdgeEncoder
from metanet.plan import Plan
from spec.testing import networks

WITH_EDGES = networks().filter(lambda net: graphgen.template(net).num_edges > 0)
KERNELS = """
inputs: {x: [2, 9, 9]}
layers:
  - conv2d: {out_channels: 4, kernel_size: 3, groups: 2}
  - batch_norm
  - conv2d: {out_channels: 4, kernel_size: 2}
  - conv2d: {out_channels: 3, kernel_size: 5, padding: 2}
  - conv2d: {out_channels: 3, kernel_size: 1}
  - flatten
  - linear: {out_features: 3}
"""


def check(nets: list[spec.Architecture], taps: int, kind: str, coordinates: bool) -> None:
    rng = np.random.default_rng(0)
    graphs = [graphgen.compile(net, random_weights(net, rng), kind=kind) for net in nets * 2]
    batch = metanet.Batch.from_graphs(graphs)
    extra = [torch.rand(*part.values.shape, 2, dtype=torch.float64) for part in batch.parts]
    batch = batch.with_channels(
        *(list(channel) for channel in zip(*(e.unbind(2) for e in extra), strict=True))
    )
    plan = Plan(batch, taps)
    for extras in (0, 2):
        encoder = EdgeEncoder(max(1, taps**2), 5, 0.5, coordinates, extras).double()
        torch.testing.assert_close(
            encoder(plan, batch), first_states(encoder, plan, batch), rtol=1e-11, atol=1e-11
        )


@given(st.lists(WITH_EDGES, min_size=1, max_size=3), st.sampled_from([0, 3]))
def test_first_states_of_any_networks(nets: list[spec.Architecture], taps: int) -> None:
    check(nets, taps, "parameter", True)


@pytest.mark.parametrize("coordinates", [True, False])
@pytest.mark.parametrize("kind", ["parameter", "computation"])
@pytest.mark.parametrize("taps", [0, 2, 3, 5])
def test_first_states_of_kernels(taps: int, kind: str, coordinates: bool) -> None:
    mlp = spec.loads("inputs: {x: [3]}\nlayers: [linear: {out_features: 4}, layer_norm]")
    check([spec.loads(KERNELS), mlp], taps if kind == "parameter" else 0, kind, coordinates)
