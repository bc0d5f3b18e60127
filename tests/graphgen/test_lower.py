from __future__ import annotations

from dataclasses import replace

import pytest

import graphgen
import spec
from spec import Operation, TensorSpec
from spec.primitives import Contract

CNN = """
inputs: {x: [2, 5, 5]}
layers:
  - conv2d: {out_channels: 4, kernel_size: 3, groups: 2, padding: 1, stride: 2}
  - batch_norm
  - relu
  - residual: {body: [{conv2d: {out_channels: 4, kernel_size: 1}}]}
  - flatten
  - linear: {out_features: 3}
"""


def test_the_structure_of_a_convolution_is_as_documented() -> None:
    template = graphgen.template(spec.loads(CNN))
    rows = {
        block.name: (block.shape, block.source_strides, block.target_strides, block.axes)
        for block in template.blocks
    }
    assert rows["0.weight"] == (
        (2, 2, 1, 3, 3), (1, 0, 0, 0, 0), (2, 1, 0, 0, 0), ("group", "out", "in", "tap", "tap")
    )  # fmt: skip
    assert rows["0.bias"] == ((4,), (0,), (1,), ("unit",))
    assert rows["1.running_var"] == ((4,), (0,), (1,), ("unit",))
    assert rows["3.body.0.weight"] == (
        (4, 4, 1, 1), (0, 1, 0, 0), (1, 0, 0, 0), ("out", "in", "tap", "tap")
    )  # fmt: skip
    assert rows["3:identity"] == ((4,), (1,), (1,), ("unit",))
    assert rows["5.weight"] == (
        (3, 4, 3, 3), (0, 1, 0, 0), (1, 0, 0, 0), ("out", "in", "position", "position")
    )  # fmt: skip
    attributes = dict(template.blocks[0].attributes)
    assert attributes == {"stride": (2, 2), "padding": (1, 1), "dilation": (1, 1), "groups": 2}
    steps = [step.operation for step in template.node_groups[1].steps]
    assert steps == ["bias", "batch_norm", "scale", "bias", "relu"]
    depths = {group.name: group.depth for group in template.node_groups}
    assert (depths["x"], depths["0"], depths["3.body.0"], depths["5"]) == (0, 1, 2, 3)


def test_what_is_refused_says_why() -> None:
    x, w = Contract("a,a,ab->b", values=2), (3, 2)
    operation = Operation(x, ("x", "x"), ("w",), "y", "y")
    net = replace(
        spec.loads("inputs: {x: [3]}\nlayers: [{linear: {out_features: 2, name: y}}]"),
        operations=(operation,),
        tensors={"w": TensorSpec("w", w, "float32", True, ("normal", 1.0))},
    )
    message = r"layer 'y': no parameter graph of `contract` .* multiply the values first"
    with pytest.raises(graphgen.GraphError, match=message):
        graphgen.template(net)


def test_positions_of_size_one_are_no_positions() -> None:
    net = spec.loads(
        "inputs: {x: [2, 4, 4]}\nlayers: [{conv2d: {out_channels: 3, kernel_size: 1}}, "
        "{adaptive_avg_pool2d: {output_size: 1}}, flatten, "
        "{residual: {body: [{linear: {out_features: 3}}]}}]"
    )
    blocks = {block.name: block.shape for block in graphgen.template(net).blocks}
    assert blocks["3.body.0.weight"] == (3, 3)
