"""A module has one graph, whether it comes by torch.export or by either exporter of ONNX."""

from __future__ import annotations

import io
import warnings
from typing import Any

import onnx
import pytest
import torch
from oracles.imported_modules import made_random
from torch import Tensor, nn
from torch.nn import functional as F

import graphgen
from graphgen.importers import Imported, from_onnx, from_torch


class Attention(nn.Module):
    def __init__(self, causal: bool = True) -> None:
        super().__init__()
        self.q, self.k, self.v, self.o = (nn.Linear(8, 8) for _ in range(4))
        self.causal = causal

    def forward(self, x: Tensor) -> Tensor:
        n, t, d = x.shape
        q, k, v = (f(x).view(n, t, 2, d // 2).transpose(1, 2) for f in (self.q, self.k, self.v))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        return self.o(y.transpose(1, 2).reshape(n, t, d))


class Language(nn.Module):
    def __init__(self, norm_first: bool = True) -> None:
        super().__init__()
        self.words = nn.Embedding(9, 8)
        self.places = nn.Parameter(torch.zeros(6, 8))
        self.layer = nn.TransformerEncoderLayer(
            8, 2, 12, batch_first=True, norm_first=norm_first, activation="gelu"
        )
        self.norm, self.head = nn.LayerNorm(8), nn.Linear(8, 9)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.norm(self.layer(self.words(x) + self.places)))


class Unet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.enter, self.down = nn.Conv2d(1, 3, 3, padding=1), nn.Conv2d(3, 6, 3, 2, 1)
        self.up, self.out = nn.ConvTranspose2d(6, 3, 2, 2), nn.Conv2d(6, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        above = F.relu(self.enter(x))
        return self.out(torch.cat([above, self.up(F.relu(self.down(above)))], 1))


def images(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


WORDS = torch.tensor([[1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1]])
NETWORKS: dict[str, tuple[nn.Module, Tensor]] = {
    "mlp": (
        nn.Sequential(nn.Linear(6, 8), nn.GELU(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 3)),
        images(2, 6),
    ),
    "lenet": (
        nn.Sequential(
            nn.Conv2d(1, 4, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 6, 3), nn.ReLU(),
            nn.Flatten(), nn.Linear(96, 5),
        ),
        images(2, 1, 16, 16),
    ),
    "causal attention": (Attention(), images(2, 5, 8)),
    "attention": (Attention(causal=False), images(2, 5, 8)),
    "transformer": (Language(), WORDS),
    "transformer of 2017": (Language(norm_first=False), WORDS),
    "unet": (Unet(), images(2, 1, 8, 8)),
    "lstm": (nn.LSTM(4, 5, batch_first=True), images(2, 6, 4)),
    "norms": (
        nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 4), nn.SiLU(), nn.Linear(4, 2)),
        images(2, 6, 4),
    ),
    "group norm": (
        nn.Sequential(
            nn.Conv2d(2, 4, 3, groups=2), nn.GroupNorm(2, 4), nn.SiLU(), nn.AvgPool2d(2),
            nn.Conv2d(4, 3, 1),
        ),
        images(2, 2, 8, 8),
    ),
    "inverted residual": (
        nn.Sequential(
            nn.Conv2d(3, 6, 1), nn.ReLU6(), nn.Conv2d(6, 6, 3, padding=1, groups=6),
            nn.Hardswish(), nn.Conv2d(6, 4, 1),
        ),
        images(2, 3, 8, 8),
    ),
}  # fmt: skip


def by_onnx(module: nn.Module, x: Tensor, dynamo: bool) -> Imported:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if dynamo:
            program: Any = torch.onnx.export(module, (x,), dynamo=True, verbose=False)
            return from_onnx(program.model_proto)
        file = io.BytesIO()
        torch.onnx.export(module, (x,), file, dynamo=False)
    return from_onnx(onnx.load_from_string(file.getvalue()))


@pytest.mark.parametrize("name", NETWORKS)
def test_one_graph(name: str) -> None:
    module, x = NETWORKS[name]
    module = made_random(module, seed=3).float()
    found = [from_torch(module, x), by_onnx(module, x, False), by_onnx(module, x, True)]
    assert len({graphgen.template(each.net).hash for each in found}) == 1, [f.text for f in found]


def test_other_networks_have_other_graphs() -> None:
    hashes = {
        graphgen.template(from_torch(made_random(module).float(), x).net).hash
        for module, x in NETWORKS.values()
    }
    assert len(hashes) == len(NETWORKS)
