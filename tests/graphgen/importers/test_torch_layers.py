"""Contractions, convolutions, norms and recurrence of torch are imported, wherever samples lie."""

from __future__ import annotations

import pytest
import torch
from oracles.imported_modules import difference, imported, made_random
from torch import nn
from torch.nn import functional as F

from graphgen.importers import ImportRefusalError, from_torch


def x(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


class Frames(nn.Module):
    """Applies a module to each frame of each sample."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.inner(x.view(-1, *x.shape[2:]))
        return y.view(x.shape[0], x.shape[1], *y.shape[1:])


class Letters(nn.Module):
    """A sum of products of its inputs and of parameters."""

    def __init__(self, equation: str, *shapes: tuple[int, ...]) -> None:
        super().__init__()
        self.equation = equation
        self.weights = nn.ParameterList([nn.Parameter(torch.zeros(shape)) for shape in shapes])

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return torch.einsum(self.equation, *inputs, *self.weights)


class Product(nn.Module):
    """A parameter times its input, or the other way round."""

    def __init__(self, shape: tuple[int, ...], turned: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(shape))
        self.turned = turned

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.weight if self.turned else self.weight @ x


class Attend(nn.Module):
    """Attention from its parts, with a mask that is a constant."""

    def __init__(self, mask: torch.Tensor | None = None, **options: bool) -> None:
        super().__init__()
        self.mask = mask
        self.options = options

    def forward(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        return F.scaled_dot_product_attention(q, k, v, self.mask, **self.options)


FRAMED = [
    nn.Conv2d(4, 6, 3, padding=1), nn.ConvTranspose2d(4, 6, 3, 2), nn.BatchNorm2d(4),
    nn.GroupNorm(2, 4), nn.InstanceNorm2d(4, affine=True), nn.MaxPool2d(2), nn.LayerNorm(8),
]  # fmt: skip


@pytest.mark.parametrize("inner", FRAMED, ids=lambda m: type(m).__name__)
def test_frames_beside_samples(inner: nn.Module) -> None:
    imported(made_random(Frames(inner)), x(5, 3, 4, 8, 8))


@pytest.mark.parametrize("first", [False, True])
def test_sequences_beside_samples(first: bool) -> None:
    class Sequences(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.LSTM(4, 3, 2, batch_first=first, bidirectional=True)

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
            x = x.flatten(0, 1) if first else x.flatten(1, 2)
            y, (h, c) = self.inner(x)
            return y, h, c.tanh()

    inputs = x(2, 3, 5, 4) if first else x(5, 2, 3, 4)
    found = imported(made_random(Sequences()), inputs)
    assert found.batch_axes == (0 if first else 1,)
    imported(made_random(nn.GRU(4, 3, batch_first=first)), x(2, 3, 4), batch_axis=None)


def test_volumes_beside_samples() -> None:
    imported(made_random(Frames(nn.Conv3d(4, 2, 2))), x(2, 3, 4, 4, 3, 4))


@pytest.mark.parametrize("inner", FRAMED, ids=lambda m: type(m).__name__)
def test_all_of_the_input_is_a_sample(inner: nn.Module) -> None:
    found = imported(made_random(inner), x(3, 4, 8, 8), batch_axis=None)
    assert found.batch_axes == (None,)


@pytest.mark.parametrize(
    ("module", "inputs"),
    [
        (Letters("btd,dhk->bthk", (4, 2, 3)), [x(5, 6, 4)]),
        (Letters("bthk,hkd->btd", (2, 3, 4)), [x(5, 6, 2, 3)]),
        (Letters("bthk,bshk->bhts"), [x(5, 6, 2, 3), x(5, 7, 2, 3)]),
        (Letters("btei,ehi->bteh", (3, 4, 2)), [x(5, 6, 3, 2)]),
        (Letters("bii->bi"), [x(5, 3, 3)]),
        (Letters("bij,ii->bj", (3, 3)), [x(5, 3, 3)]),
        (Letters("...ij,kj->...ik", (3, 4)), [x(5, 6, 2, 4)]),
        (Letters("tbd->bt"), [x(6, 5, 4)]),
        (Letters("b...,d->b...", (3,)), [x(5, 6, 4)]),
        (Letters("ab,bc,cd", (4, 3), (3, 2)), [x(5, 4)]),
        (Product((3, 4)), [x(5, 4, 2)]),
        (Product((2, 4), turned=True), [x(5, 4, 2)]),
        (Product((3, 2, 4), turned=True), [x(5, 3, 4, 2)]),
        (Product((2,), turned=True), [x(5, 4, 2)]),
        (Product((4,)), [x(5, 4, 2)]),
    ],
    ids=str,
)
def test_products(module: nn.Module, inputs: list[torch.Tensor]) -> None:
    imported(made_random(module), *inputs)


@pytest.mark.parametrize(
    ("module", "keys", "layer"),
    [
        (Attend(is_causal=True), 6, "is_causal: true"),
        (Attend(is_causal=True), 7, "band_mask"),
        (Attend(torch.ones(6, 6, dtype=torch.bool).tril()), 6, "is_causal: true"),
        (Attend(torch.full((1, 1, 6, 6), -1e38, dtype=torch.float64).triu(1)), 6, "is_causal"),
        (Attend(torch.zeros(6, 6, dtype=torch.float64)), 6, "attention"),
        (Attend(torch.tensor([[True, False, True, True, True, False]])), 6, "-.inf"),
        (Attend(torch.arange(36.0, dtype=torch.float64).view(1, 6, 6) / 9), 6, "constant"),
    ],
)  # fmt: skip
def test_attention(module: nn.Module, keys: int, layer: str) -> None:
    q, kv = x(5, 2, 6, 4), x(5, 2, keys, 4)
    imported(made_random(module), q, kv, kv.flip(1))


def test_recurrence_begins_with_states() -> None:
    for kind, states in ((nn.LSTM, 2), (nn.GRU, 1)):

        class Begun(nn.Module):
            def __init__(self, inner: nn.Module, count: int) -> None:
                super().__init__()
                self.inner = inner
                self.count = count

            def forward(self, x: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
                return self.inner(x, (h, h * 2) if self.count == 2 else h)

        module = made_random(Begun(kind(4, 3, 2, bidirectional=True), states))
        found = imported(module, x(7, 5, 4), x(4, 5, 3))
        assert found.batch_axes == (1, 1)


def test_what_mixes_samples_is_refused_or_a_sample_itself() -> None:
    found = imported(made_random(Letters("bi,cj->bc")), x(3, 4), x(3, 4))
    assert found.batch_axes == (None, None)
    with pytest.raises(ImportRefusalError, match="samples in two places"):
        from_torch(Letters("bi,cj->bc"), (x(3, 4), x(3, 4)), batch_axis=0)


def test_another_function_differs() -> None:
    found = imported(made_random(nn.Conv2d(4, 6, 3, padding=1)), x(5, 4, 7, 7))
    other = made_random(nn.Conv2d(4, 6, 3, padding=1), seed=1)
    assert difference(found, other, x(5, 4, 7, 7)) > 1e-2


class Dilated(nn.Module):
    """Causal convolutions whose kernels are made from a length and a direction."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.utils.parametrizations.weight_norm(nn.Conv1d(4, 4, 3, dilation=2**i))
            for i in range(2)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for i, layer in enumerate(self.layers):
            x = x + torch.relu(layer(F.pad(x, (2 * 2**i, 0))))
        return x


def test_rules_leave_how_weights_are_made() -> None:
    found = imported(made_random(Dilated()), x(2, 4, 9))
    layers = [layer for layer in found.net.layers if layer.type == "conv1d"]
    assert all("weight" in layer.parametrizations for layer in layers)
    assert "pad" not in [layer.type for layer in found.net.layers]
