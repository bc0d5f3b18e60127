from __future__ import annotations

import pytest

import graphgen
import spec

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
        (2, 2, 1, 3, 3), (1, 0, 1, 0, 0), (2, 1, 0, 0, 0), ("group", "out", "in", "tap", "tap")
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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "inputs: {x: [3, 4]}\nlayers: [{linear: {out_features: 2}}, "
            "{conv1d: {out_channels: 2, kernel_size: 1}}]",
            "layer '1': no parameter graph of `window` .* its channels are not the neurons",
        ),
        (
            "inputs: {x: [3, 4]}\nlayers: [{linear: {out_features: 2}}, "
            "{max_pool1d: {kernel_size: 1}}]",
            "layer '1': no parameter graph of `reduce` .* it pools over an axis of neurons",
        ),
        (
            "inputs: {x: [2, 3]}\nlayers: [{conv1d: {out_channels: 2, kernel_size: 1}}, flatten, "
            "{residual: {body: [{linear: {out_features: 6}}]}}]",
            "layer '2': no parameter graph of `elementwise` .* operands lie on different axes",
        ),
    ],
)
def test_what_has_no_parameter_graph_is_refused(text: str, message: str) -> None:
    with pytest.raises(graphgen.GraphError, match=message):
        graphgen.template(spec.loads(text))


def test_positions_of_size_one_are_no_positions() -> None:
    net = spec.loads(
        "inputs: {x: [2, 4, 4]}\nlayers: [{conv2d: {out_channels: 3, kernel_size: 1}}, "
        "{adaptive_avg_pool2d: {output_size: 1}}, flatten, "
        "{residual: {body: [{linear: {out_features: 3}}]}}]"
    )
    blocks = {block.name: block.shape for block in graphgen.template(net).blocks}
    assert blocks["3.body.0.weight"] == (3, 3)
