"""Where the samples are: examples of one sample, and outputs that no sample changes."""

from __future__ import annotations

import warnings

import numpy as np
import onnx
import pytest
import torch
from oracles.imported_modules import difference, imported, made_random
from torch import Tensor, nn

from graphgen.importers import from_onnx, from_torch


def x(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_an_example_of_one_sample_is_imported_as_of_two() -> None:
    module = made_random(nn.TransformerEncoderLayer(6, 3, 7, batch_first=True))
    one, two = from_torch(module, x(1, 4, 6)), from_torch(module, x(2, 4, 6))
    assert one.net.hash == two.net.hash
    assert list(one.net.inputs.values()) == [(4, 6)]
    assert difference(one, module, x(5, 4, 6)) <= 1e-9


def test_what_has_no_samples_in_front_stays() -> None:
    module = made_random(nn.TransformerEncoderLayer(6, 3, 7))
    found = from_torch(module, x(1, 4, 6))
    assert found.batch_axes == (1,)
    assert list(found.net.inputs.values()) == [(1, 6)]
    assert difference(found, module, x(1, 3, 6)) <= 1e-9


class Policy(nn.Module):
    """Gives a spread that no sample changes beside what it computes."""

    def __init__(self) -> None:
        super().__init__()
        self.mean, self.log_std = nn.Linear(4, 4), nn.Parameter(torch.zeros(4))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean = self.mean(x)
        return mean, self.log_std.exp().expand_as(mean)


@pytest.mark.parametrize("samples", [1, 3, 4])
def test_outputs_that_no_sample_changes(samples: int) -> None:
    module = made_random(Policy())
    found = imported(module, x(samples, 4))
    assert found.net.output_shapes == ((4,), (4,))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        example = x(samples, 4).float()
        program = torch.onnx.export(module.float(), (example,), dynamo=True, verbose=False)
    found = from_onnx(program.model_proto)
    assert found.net.output_shapes == ((4,), (4,))


def test_outputs_that_differ_between_samples_are_of_all() -> None:
    nodes = [
        onnx.helper.make_node("Relu", ["x"], ["y"]),
        onnx.helper.make_node("Exp", ["w"], ["z"]),
    ]
    info = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        nodes,
        "g",
        [info("x", 1, [3, 2])],
        [info("y", 1, [3, 2]), info("z", 1, [3, 2])],
        [onnx.numpy_helper.from_array(np.arange(6, dtype=np.float32).reshape(3, 2), "w")],
    )
    found = from_onnx(onnx.helper.make_model(graph))
    assert found.batch_axes == (None,)
    assert found.net.output_shapes == ((3, 2), (3, 2))
