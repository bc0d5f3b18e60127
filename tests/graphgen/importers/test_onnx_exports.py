"""What `torch.onnx` exports is imported as the module computes, by both of its exporters."""

from __future__ import annotations

import io
import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

import graphgen
from graphgen.importers import ImportRefusalError, from_onnx, from_torch

Inputs = tuple[torch.Tensor, ...]


class Attention(nn.Module):
    """Causal attention with a buffer as its mask, between an embedding and a tied head."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Embedding(11, 8)
        self.norm = nn.LayerNorm(8)
        self.packed = nn.Linear(8, 24)
        self.head = nn.Linear(8, 11, bias=False)
        self.head.weight = self.token.weight
        self.register_buffer("mask", torch.tril(torch.ones(9, 9)).view(1, 1, 9, 9))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.token(ids)
        samples, length, width = x.size()
        parts = self.packed(self.norm(x)).split(width, dim=2)
        q, k, v = (p.view(samples, length, 2, width // 2).transpose(1, 2) for p in parts)
        scores = (q @ k.transpose(-2, -1)) * 0.5
        scores = scores.masked_fill(self.mask[:, :, :length, :length] == 0, float("-inf"))
        y = (scores.softmax(-1) @ v).transpose(1, 2).contiguous().view(samples, length, width)
        return self.head(x + y)


class Windows(nn.Module):
    """Attention in windows that are rolled, with a bias by places from a table."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.randn(9, 2))
        self.register_buffer("index", torch.randint(0, 9, (16, 16)))
        self.packed = nn.Linear(8, 24)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        samples, height, width, size = x.shape
        x = torch.roll(x, (-1, -1), (1, 2)).view(samples, height // 4, 4, width // 4, 4, size)
        x = x.permute(0, 1, 3, 2, 4, 5).reshape(-1, 16, size)
        q, k, v = self.packed(x).reshape(x.shape[0], 16, 3, 2, size // 2).permute(2, 0, 3, 1, 4)
        bias = self.table[self.index.view(-1)].view(16, 16, 2).permute(2, 0, 1)
        y = (((q * 0.5) @ k.transpose(-2, -1) + bias).softmax(-1) @ v).transpose(1, 2)
        y = y.reshape(-1, height // 4, width // 4, 4, 4, size).permute(0, 1, 3, 2, 4, 5)
        return y.reshape(samples, height, width, size)


class Assigned(nn.Module):
    """Items written over others."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.linear(x).clone()
        y[:, :2] = 0
        y[:, 2:, 1] = x[:, 2:, 0]
        return y


def sequential(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(*layers)


def modules() -> dict[str, tuple[nn.Module, Inputs]]:
    """Make the modules, and inputs for each, by seeds."""
    torch.manual_seed(0)
    image, words = torch.randn(2, 3, 12, 12), torch.randn(2, 6, 8)
    tokens = torch.randint(0, 11, (2, 7))
    encoder = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation="gelu")
    return {
        "mlp": (sequential(nn.Linear(8, 6), nn.GELU(), nn.Linear(6, 1)), (torch.randn(2, 8),)),
        "cnn": (
            sequential(
                nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
                nn.Conv2d(4, 6, 3, stride=2, bias=False), nn.SiLU(), nn.AdaptiveAvgPool2d(1),
                nn.Flatten(), nn.Linear(6, 2),
            ),
            (image,),
        ),
        "upsampling": (
            sequential(
                nn.ConvTranspose2d(3, 4, 3, stride=2, padding=1, output_padding=1), nn.Tanh(),
                nn.PixelShuffle(2), nn.Upsample(scale_factor=2, mode="bilinear"),
            ),
            (image,),
        ),
        "norms": (
            sequential(nn.Conv1d(6, 4, 3), nn.GroupNorm(2, 4), nn.ELU(), nn.InstanceNorm1d(4)),
            (words,),
        ),
        "lstm": (nn.LSTM(8, 5, 2, bidirectional=True, batch_first=True), (words,)),
        "gru, samples second": (nn.GRU(8, 5), (words,)),
        "encoder": (nn.TransformerEncoder(encoder, 2, enable_nested_tensor=False), (words,)),
        "attention": (Attention(), (tokens,)),
        "windows": (Windows(), (torch.randn(2, 8, 8, 8),)),
        "assigned": (Assigned(), (words,)),
        "functions": (
            sequential(nn.Conv2d(3, 4, 1), nn.PReLU(4), nn.Hardswish(), nn.Mish(), nn.LeakyReLU()),
            (image,),
        ),
        "weight norm": (nn.utils.parametrizations.weight_norm(nn.Linear(8, 5)), (words,)),
    }  # fmt: skip


def exported(module: nn.Module, inputs: Inputs, *, dynamo: bool, free: bool) -> onnx.ModelProto:
    """Export a module by one of torch's exporters, with a batch of any length where it is free."""
    logging.getLogger("torch.onnx").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if dynamo:
            shapes = tuple({0: torch.export.Dim.DYNAMIC} for _ in inputs) if free else None
            program = torch.onnx.export(
                module, inputs, dynamo=True, verbose=False, dynamic_shapes=shapes
            )
            found: onnx.ModelProto = program.model_proto
            return found
        file = io.BytesIO()
        axes: Any = {"x": {0: "batch"}} if free else None
        torch.onnx.export(module, inputs, file, dynamo=False, input_names=["x"], dynamic_axes=axes)
        return onnx.ModelProto.FromString(file.getvalue())


def outputs_of(module: nn.Module, inputs: Inputs) -> list[np.ndarray[Any, Any]]:
    """Run a module; give all tensors that it gives."""
    with torch.no_grad():
        left, found = [module(*inputs)], []
    while left:
        each = left.pop(0)
        if isinstance(each, torch.Tensor):
            found.append(each.numpy())
        else:
            left = [*each, *left]
    return found


def check(module: nn.Module, inputs: Inputs, model: onnx.ModelProto) -> None:
    """Import a model, and compare it with the module that it was."""
    imported = from_onnx(model)
    made = graphgen.evaluate(
        imported.net, imported.weights, *imported.inputs_of(*(x.numpy() for x in inputs))
    )
    results = made if isinstance(made, tuple) else (made,)
    wanted = imported.outputs_of(*outputs_of(module, inputs))
    for result, want in zip(results, wanted, strict=True):
        np.testing.assert_allclose(result, want, rtol=1e-4, atol=1e-4)
    graphgen.verify(graphgen.compile(imported.net, imported.weights))


NAMES = tuple(modules())
FREE = tuple(name for name in NAMES if name != "gru, samples second")


@pytest.mark.parametrize("name", NAMES)
def test_an_exported_module_computes_the_same(name: str) -> None:
    module, inputs = modules()[name]
    module.eval()
    check(module, inputs, exported(module, inputs, dynamo=False, free=False))
    if name in FREE:
        check(module, inputs, exported(module, inputs, dynamo=False, free=True))


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_the_newer_exporter_s_models_compute_the_same(name: str) -> None:
    module, inputs = modules()[name]
    module.eval()
    check(module, inputs, exported(module, inputs, dynamo=True, free=False))


@pytest.mark.parametrize("name", ["mlp", "cnn", "functions", "attention"])
def test_both_importers_give_the_same_group(name: str) -> None:
    module, inputs = modules()[name]
    module.eval()
    first = from_onnx(exported(module, inputs, dynamo=False, free=False))
    second = from_torch(module, inputs)
    orders = [graphgen.symmetries(each.net).order for each in (first, second)]
    assert orders[0] == orders[1]


def test_names_are_the_module_s() -> None:
    module, inputs = modules()["attention"]
    found = from_onnx(exported(module.eval(), inputs, dynamo=False, free=True))
    assert {"token.weight", "packed.weight", "packed.bias"} <= set(found.net.parameters)


def test_an_axis_of_no_length_is_refused_until_it_has_one(tmp_path: Path) -> None:
    module = nn.Linear(4, 2).eval()
    file = tmp_path / "model.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module, (torch.randn(2, 5, 4),), file, dynamo=False, input_names=["x"],
            dynamic_axes={"x": {0: "batch", 1: "length"}},
        )  # fmt: skip
    with pytest.raises(ImportRefusalError, match="'length'.*--shape x=3,224,224"):
        from_onnx(file)
    for shape in ((5, 4), (2, 5, 4)):
        assert from_onnx(file, shapes={"x": shape}).net.inputs == {"x": (5, 4)}
    with pytest.raises(ImportRefusalError, match=r"\[7, 3\] was given"):
        from_onnx(file, shapes={"x": (7, 3)})
    with pytest.raises(ImportRefusalError, match="names 'y'"):
        from_onnx(file, shapes={"y": (7, 3)})


def test_the_check_finds_other_weights() -> None:
    module, inputs = modules()["mlp"]
    model = exported(module.eval(), inputs, dynamo=False, free=False)
    other = sequential(nn.Linear(8, 6), nn.GELU(), nn.Linear(6, 1))
    with pytest.raises(AssertionError):
        check(other, inputs, model)


@pytest.mark.parametrize("name", ["cnn", "encoder", "attention", "windows"])
def test_files_that_onnxruntime_has_joined_compute_the_same(name: str, tmp_path: Path) -> None:
    module, inputs = modules()[name]
    model = exported(module.eval(), inputs, dynamo=False, free=False)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(tmp_path / "joined.onnx")
    options.log_severity_level = 4
    onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    joined = onnx.load(tmp_path / "joined.onnx")
    assert any(node.domain == "com.microsoft" for node in joined.graph.node)
    check(module, inputs, joined)
