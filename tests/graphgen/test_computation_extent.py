"""Computation graphs beyond memory or time are refused at once, and no others."""

from __future__ import annotations

import time

import pytest

import graphgen
import spec
from graphgen.lower.computation.extent import check_extent, paired

TOO_LARGE = {
    "items": "inputs: {x: [100000, 100000]}\nlayers: [relu]",
    "scalars": "inputs: {x: [100000]}\nlayers: [{linear: {out_features: 100000}}]",
    "embedding": "inputs: {x: [2]}\nlayers: [{embedding: {num_embeddings: 1000000000, "
    "embedding_dim: 8}}]",
    "window": "inputs: {x: [1, 1000000]}\nlayers: [{conv1d: {out_channels: 1, kernel_size: 999}}]",
    "pool": "inputs: {x: [1, 1000000]}\nlayers: [{max_pool1d: {kernel_size: 5000, stride: 1}}]",
    "taps": "inputs: {x: [1, 2000, 2000]}\nlayers: [{conv2d: {out_channels: 1, "
    "kernel_size: 1500}}]",
    "bins": "inputs: {x: [1, 9000000]}\nlayers: [{adaptive_avg_pool1d: {output_size: 4000001}}]",
    "upsample": "inputs: {x: [1, 3000, 3000]}\nlayers: [{upsample: {size: [3001, 3001], "
    "mode: bilinear}}]",
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_is_too_large_is_refused_at_once(name: str) -> None:
    net = spec.loads(TOO_LARGE[name])
    begun = time.process_time()
    with pytest.raises(graphgen.GraphError, match=r"for a computation graph, expected at most"):
        graphgen.template(net, kind="computation")
    assert time.process_time() - begun < 1
    assert graphgen.template(net).num_nodes > 0  # the control: the parameter graph is small


def test_what_people_have_is_not() -> None:
    for text in (
        "inputs: {x: [3, 224, 224]}\nlayers: "
        "[{conv2d: {out_channels: 64, kernel_size: 7, stride: 2, padding: 3}}, "
        "{max_pool2d: {kernel_size: 3, stride: 2}}]",
        "inputs: {x: [1, 160000]}\nlayers: [{conv1d: {out_channels: 64, kernel_size: 2}}]",
        "inputs: {x: [8, 56, 56]}\nlayers: [{upsample: {size: [112, 112], mode: bilinear}}]",
        "inputs: {x: [512]}\nlayers: [{embedding: {num_embeddings: 50257, embedding_dim: 768}}]",
    ):
        check_extent(spec.loads(text))


def test_blocks_are_not_underestimated() -> None:
    net = spec.loads(
        "inputs: {x: [2, 9, 9]}\nlayers: [{conv2d: {out_channels: 3, kernel_size: 3}}]"
    )
    _, blocks = paired(net, net.operations[0])
    found = graphgen.template(net, kind="computation").blocks
    assert sum(block.kind == "window2d" for block in found) <= blocks == 9
