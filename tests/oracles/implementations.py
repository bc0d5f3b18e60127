"""Networks of transformers written again: other names, other operations, packed projections."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Unit(nn.Module):
    """A residual unit of two convolutions; one a child of its own."""

    def __init__(self, ins: int, outs: int, stride: int) -> None:
        super().__init__()
        # Listed in another order than they are used.
        self.second = nn.ModuleDict({"n": nn.BatchNorm2d(outs), "c": conv(outs, outs, 3, 1)})
        self.first = nn.ModuleDict({"c": conv(ins, outs, 3, stride), "n": nn.BatchNorm2d(outs)})
        self.way = None
        if stride > 1 or ins != outs:
            self.way = nn.Sequential(conv(ins, outs, 1, stride), nn.BatchNorm2d(outs))

    def forward(self, x: Tensor) -> Tensor:
        short = x if self.way is None else self.way(x)
        y = self.first["n"](self.first["c"](x)).clamp(min=0)
        return functional.relu(short + self.second["n"](self.second["c"](y)))


def conv(ins: int, outs: int, size: int, stride: int) -> nn.Conv2d:
    return nn.Conv2d(ins, outs, size, stride, size // 2, bias=False)


class MyResNet(nn.Module):
    """A ResNet of basic units; the head is a convolution of one place."""

    def __init__(self, stem: int, widths: list[int], depths: list[int], classes: int) -> None:
        super().__init__()
        self.head = nn.Conv2d(widths[-1], classes, 1)
        units, ins = [], stem
        for stage, (outs, depth) in enumerate(zip(widths, depths, strict=True)):
            for number in range(depth):
                units.append(Unit(ins, outs, 2 if stage and not number else 1))
                ins = outs
        self.units = nn.Sequential(*units)
        self.stem_norm, self.stem = nn.BatchNorm2d(stem), conv(3, stem, 7, 2)

    def forward(self, pixels: Tensor) -> Tensor:
        x = functional.relu(self.stem_norm(self.stem(pixels)))
        x = self.units(functional.max_pool2d(x, 3, 2, 1))
        return self.head(x.mean(dim=(2, 3), keepdim=True)).flatten(1)


class MyEncoderLayer(nn.Module):
    """A layer of an encoder, norms behind; queries, keys and values of a head lie side by side."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.heads = heads
        self.mix_in, self.mix_out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.a, self.b = nn.LayerNorm(width, eps=1e-12), nn.LayerNorm(width, eps=1e-12)

    def forward(self, x: Tensor) -> Tensor:
        n, t, width = x.shape
        q, k, v = self.mix_in(x).view(n, t, self.heads, 3, -1).unbind(3)
        scores = torch.einsum("nqhd,nkhd->nhqk", q, k) / (width // self.heads) ** 0.5
        y = torch.einsum("nhqk,nkhd->nqhd", scores.softmax(-1), v).reshape(n, t, width)
        x = self.a(x + self.mix_out(y))
        return self.b(self.narrow(functional.gelu(self.wide(x))) + x)


class MyBert(nn.Module):
    """A BERT that gives the words' scores; the words' table is the last layer's, too."""

    def __init__(self, words: int, places: int, width: int, heads: int, hidden: int, depth: int):
        super().__init__()
        self.layers = nn.ModuleList(MyEncoderLayer(width, heads, hidden) for _ in range(depth))
        self.place = nn.Parameter(torch.randn(places, width))
        self.kind, self.word = nn.Embedding(2, width), nn.Embedding(words, width)
        self.begin, self.end = nn.LayerNorm(width, eps=1e-12), nn.LayerNorm(width, eps=1e-12)
        self.last, self.out = nn.Linear(width, width), nn.Linear(width, words)
        self.out.weight = self.word.weight

    def forward(self, ids: Tensor) -> Tensor:
        kind = self.kind(torch.zeros_like(ids))
        x = self.begin(self.word(ids) + kind + self.place[: ids.shape[1]])
        for layer in self.layers:
            x = layer(x)
        x = self.end(functional.gelu(self.last(x)))
        return self.out(x)


class MyDecoderLayer(nn.Module):
    """A layer of a Llama: one matrix for queries, keys, values, one for gates and the gated."""

    def __init__(self, width: int, heads: int, shared: int, hidden: int) -> None:
        super().__init__()
        self.heads, self.shared, self.size = heads, shared, width // heads
        self.wo = nn.Linear(width, width, bias=False)
        self.wqkv = nn.Linear(width, (heads + 2 * shared) * self.size, bias=False)
        self.w2, self.w13 = (
            nn.Linear(*s, bias=False) for s in ((hidden, width), (width, 2 * hidden))
        )
        self.norm1, self.norm2 = nn.RMSNorm(width, eps=1e-6), nn.RMSNorm(width, eps=1e-6)

    def turned(self, x: Tensor) -> Tensor:
        half = self.size // 2
        place = torch.arange(x.shape[2], dtype=x.dtype)
        speed = 10000.0 ** (-torch.arange(half, dtype=x.dtype) / half)
        angle = place[:, None] * speed
        a, b = x[..., :half], x[..., half:]
        cos, sin = angle.cos(), angle.sin()
        return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)

    def forward(self, x: Tensor) -> Tensor:
        n, t, width = x.shape
        sizes = [self.heads, self.shared, self.shared]
        packed = self.wqkv(self.norm1(x)).view(n, t, -1, self.size).transpose(1, 2)
        q, k, v = packed.split(sizes, dim=1)
        y = functional.scaled_dot_product_attention(
            self.turned(q), self.turned(k), v, is_causal=True, enable_gqa=True
        )
        x = x + self.wo(y.transpose(1, 2).reshape(n, t, width))
        gate, up = self.w13(self.norm2(x)).chunk(2, dim=-1)
        return x + self.w2(functional.silu(gate) * up)


class MyLlama(nn.Module):
    """A Llama with groups of heads."""

    def __init__(self, words: int, width: int, heads: int, shared: int, hidden: int, depth: int):
        super().__init__()
        self.norm, self.out = nn.RMSNorm(width, eps=1e-6), nn.Linear(width, words, bias=False)
        self.words = nn.Embedding(words, width)
        self.blocks = nn.ModuleList(
            MyDecoderLayer(width, heads, shared, hidden) for _ in range(depth)
        )

    def forward(self, ids: Tensor) -> Tensor:
        x = self.words(ids)
        for block in self.blocks:
            x = block(x)
        return self.out(self.norm(x))
