"""Networks of attention, recurrence and fields as people write them in PyTorch, small."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional as F


class SelfAttention(nn.Module):
    """Queries, keys and values of one linear map, cut as ViT, timm and Swin do."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.scale = heads, (width // heads) ** -0.5
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
        n, t, c = x.shape
        qkv = self.qkv(x).reshape(n, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        scores = (q @ k.transpose(-2, -1)) * self.scale
        if bias is not None:
            scores = scores + bias
        return self.proj((scores.softmax(dim=-1) @ v).transpose(1, 2).reshape(n, t, c))


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(width), SelfAttention(width, 2)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 12), nn.GELU(), nn.Dropout(), nn.Linear(12, width)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ViT(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patch_embed = nn.Conv2d(3, 8, 4, 4)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, 8))
        self.pos_embed = nn.Parameter(torch.zeros(1, 10, 8))
        self.blocks = nn.Sequential(Block(8), Block(8))
        self.norm, self.head = nn.LayerNorm(8), nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.patch_embed(x).flatten(2).transpose(1, 2)
        x = torch.cat((self.cls_token.expand(x.shape[0], -1, -1), x), dim=1) + self.pos_embed
        return self.head(self.norm(self.blocks(x))[:, 0])


class SwinBlock(nn.Module):
    """Attention in windows that are moved on, with a bias by relative positions and a mask."""

    def __init__(self, width: int, size: int, window: int, shift: int) -> None:
        super().__init__()
        self.size, self.window, self.shift = size, window, shift
        self.norm, self.attn = nn.LayerNorm(width), SelfAttention(width, 2)
        self.bias_table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, 2))
        places = torch.stack(torch.meshgrid(*[torch.arange(window)] * 2, indexing="ij")).flatten(1)
        apart = (places[:, :, None] - places[:, None, :]).permute(1, 2, 0) + window - 1
        index = apart[..., 0] * (2 * window - 1) + apart[..., 1]
        self.register_buffer("index", index)
        image = torch.zeros(1, size, size, 1)
        cuts = [slice(0, -window), slice(-window, -shift or None), slice(-shift, None)]
        for number, (rows, columns) in enumerate((a, b) for a in cuts for b in cuts):
            image[:, rows, columns, :] = number
        groups = self.windows(image).view(-1, window**2)
        mask = (groups[:, None, :] - groups[:, :, None]) != 0
        self.register_buffer("mask", mask.double() * -100.0 if shift else None)

    def windows(self, x: torch.Tensor) -> torch.Tensor:
        n, h, w, c = x.shape
        s = self.window
        x = x.view(n, h // s, s, w // s, s, c).permute(0, 1, 3, 2, 4, 5).contiguous()
        return x.view(-1, s, s, c)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, t, c = x.shape
        size, s = self.size, self.window
        y = self.norm(x).view(n, size, size, c)
        if self.shift:
            y = torch.roll(y, (-self.shift, -self.shift), dims=(1, 2))
        y = self.windows(y).view(-1, s * s, c)
        bias = self.bias_table[self.index.view(-1)].view(s * s, s * s, -1).permute(2, 0, 1)
        bias = bias.contiguous().unsqueeze(0)
        if self.mask is not None:
            bias = (bias + self.mask.unsqueeze(1)).repeat(n, 1, 1, 1)
        y = self.attn(y, bias).view(n, size // s, size // s, s, s, c)
        y = y.permute(0, 1, 3, 2, 4, 5).contiguous().view(n, size, size, c)
        if self.shift:
            y = torch.roll(y, (self.shift, self.shift), dims=(1, 2))
        return x + y.view(n, t, c)


class Swin(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, 6, 2, 2)
        self.one, self.two = SwinBlock(6, 8, 4, 0), SwinBlock(6, 8, 4, 2)
        self.norm, self.reduction = nn.LayerNorm(24), nn.Linear(24, 12, bias=False)
        self.head = nn.Linear(12, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.two(self.one(self.embed(x).flatten(2).transpose(1, 2)))
        x = x.view(x.shape[0], 8, 8, 6)
        corners = [x[:, i::2, j::2, :] for j in (0, 1) for i in (0, 1)]
        merged = torch.cat(corners, -1).view(x.shape[0], -1, 24)
        y = self.reduction(self.norm(merged))
        return self.head(F.adaptive_avg_pool1d(y.transpose(1, 2), 1).flatten(1))


class GPT(nn.Module):
    """A decoder with a causal buffer, and a head that is tied to the embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(11, 8), nn.Embedding(9, 8)
        self.ln, self.c_attn, self.c_proj = nn.LayerNorm(8), nn.Linear(8, 24), nn.Linear(8, 8)
        self.ln_f, self.lm_head = nn.LayerNorm(8), nn.Linear(8, 11, bias=False)
        self.lm_head.weight = self.wte.weight
        self.register_buffer("bias", torch.tril(torch.ones(9, 9)).view(1, 1, 9, 9))

    def forward(self, indices: torch.Tensor) -> torch.Tensor:
        n, t = indices.shape
        x = self.wte(indices) + self.wpe(torch.arange(t, device=indices.device))
        q, k, v = self.c_attn(self.ln(x)).split(8, dim=2)
        q, k, v = (each.view(n, t, 2, 4).transpose(1, 2) for each in (q, k, v))
        scores = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        scores = scores.masked_fill(self.bias[:, :, :t, :t] == 0, float("-inf"))
        y = (F.softmax(scores, dim=-1) @ v).transpose(1, 2).contiguous().view(n, t, 8)
        return self.lm_head(self.ln_f(x + self.c_proj(y)))


class Llama(nn.Module):
    """RMS norms by hand, rotary positions, keys shared by heads, and a gated block."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(11, 8)
        self.norm = nn.Parameter(torch.ones(8))
        self.q, self.k, self.v = (nn.Linear(8, n, bias=False) for n in (8, 4, 4))
        self.o = nn.Linear(8, 8, bias=False)
        self.gate, self.up, self.down = (nn.Linear(8, 12, bias=False) for _ in range(3))
        self.down = nn.Linear(12, 8, bias=False)
        speeds = 10_000 ** -(torch.arange(0, 4, 2, dtype=torch.float64) / 4)
        angles = torch.outer(torch.arange(16, dtype=torch.float64), speeds)
        self.register_buffer("cos", torch.cat([angles, angles], -1).cos(), persistent=False)
        self.register_buffer("sin", torch.cat([angles, angles], -1).sin(), persistent=False)

    def turn(self, x: torch.Tensor) -> torch.Tensor:
        half = x.shape[-1] // 2
        turned = torch.cat((-x[..., half:], x[..., :half]), dim=-1)
        t = x.shape[-2]
        return x * self.cos[:t] + turned * self.sin[:t]

    def scaled(self, x: torch.Tensor) -> torch.Tensor:
        x = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)
        return self.norm * x

    def forward(self, indices: torch.Tensor) -> torch.Tensor:
        x = self.embed(indices)
        n, t, _ = x.shape
        y = self.scaled(x)
        q, k, v = (f(y).view(n, t, -1, 4).transpose(1, 2) for f in (self.q, self.k, self.v))
        q, k = self.turn(q), self.turn(k)
        k, v = (each[:, :, None].expand(n, 1, 2, t, 4).reshape(n, 2, t, 4) for each in (k, v))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.o(y.transpose(1, 2).reshape(n, t, -1))
        return x + self.down(F.silu(self.gate(x)) * self.up(x))


class Mixer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 2, 2)
        self.norm1, self.norm2 = nn.LayerNorm(6), nn.LayerNorm(6)
        self.tokens = nn.Sequential(nn.Linear(16, 5), nn.GELU(), nn.Linear(5, 16))
        self.channels = nn.Sequential(nn.Linear(6, 8), nn.GELU(approximate="tanh"), nn.Linear(8, 6))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x).flatten(2).transpose(1, 2)
        x = x + self.tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        return (x + self.channels(self.norm2(x))).mean(dim=1)


class SequenceClassifier(nn.Module):
    """Tokens through an LSTM of two directions, and the last states to a head."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, 6, padding_idx=0)
        self.lstm = nn.LSTM(6, 4, 2, bidirectional=True, batch_first=True, dropout=0.2)
        self.fc = nn.Linear(8, 3)

    def forward(self, indices: torch.Tensor) -> torch.Tensor:
        _, (hidden, _) = self.lstm(self.embedding(indices))
        return self.fc(torch.cat((hidden[-2], hidden[-1]), dim=1))


class Seq2Seq(nn.Module):
    """A GRU that attends to what another one has read, batch second."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = nn.GRU(4, 6), nn.GRU(4, 6)
        self.attention = nn.Linear(6, 6)
        self.out = nn.Linear(12, 3)

    def forward(self, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        memory, state = self.encoder(source)
        y, _ = self.decoder(target, state)
        keys = self.attention(memory).permute(1, 0, 2)
        shares = torch.bmm(y.permute(1, 0, 2), keys.permute(0, 2, 1)).softmax(-1)
        context = torch.bmm(shares, memory.permute(1, 0, 2)).permute(1, 0, 2)
        return self.out(torch.cat([y, context], -1))


class NeRF(nn.Module):
    """A field of places and directions, with their frequencies and a skip."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(15, 8), nn.Linear(8 + 15, 8)])
        self.density, self.feature = nn.Linear(8, 1), nn.Linear(8, 8)
        self.colour = nn.Linear(8 + 3, 3)
        self.register_buffer("bands", 2.0 ** torch.arange(2))

    def encoded(self, x: torch.Tensor) -> torch.Tensor:
        angles = x[..., None] * self.bands
        return torch.cat([x, angles.sin().flatten(-2), angles.cos().flatten(-2)], -1)

    def forward(self, places: torch.Tensor, directions: torch.Tensor) -> torch.Tensor:
        points = self.encoded(places)
        h = points
        for i, layer in enumerate(self.layers):
            h = F.relu(layer(h if i == 0 else torch.cat([h, points], -1)))
        density = F.softplus(self.density(h))
        colour = torch.sigmoid(self.colour(torch.cat([self.feature(h), directions], -1)))
        return torch.cat([colour, density], -1)


class Siren(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.ModuleList([nn.Linear(2, 8), nn.Linear(8, 8), nn.Linear(8, 1)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in list(self.net)[:-1]:
            x = torch.sin(30.0 * layer(x))
        return self.net[-1](x)


class Autoencoder(nn.Module):
    """Variational, at the mean; its last map is the first one's transpose."""

    def __init__(self) -> None:
        super().__init__()
        self.encode, self.code = nn.Linear(6, 5), nn.Linear(5, 4)
        self.back = nn.Linear(2, 5)
        self.bias = nn.Parameter(torch.zeros(6))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        mean, _ = self.code(F.elu(self.encode(x))).chunk(2, -1)
        y = F.linear(F.elu(self.back(mean)), self.encode.weight.t(), self.bias)
        return y, mean


def tokens(*shape: int) -> torch.Tensor:
    return torch.randint(11, shape, generator=torch.Generator().manual_seed(0))


def numbers(*shape: int, seed: int = 0) -> torch.Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=rng)


ATTENTIVE: dict[str, tuple[type[nn.Module], tuple[torch.Tensor, ...]]] = {
    "vit": (ViT, (numbers(2, 3, 12, 12),)),
    "swin": (Swin, (numbers(2, 3, 16, 16),)),
    "gpt": (GPT, (tokens(2, 7),)),
    "llama": (Llama, (tokens(2, 7),)),
    "mixer": (Mixer, (numbers(2, 3, 8, 8),)),
    "sequence classifier": (SequenceClassifier, (tokens(2, 5),)),
    "sequence to sequence": (Seq2Seq, (numbers(5, 2, 4), numbers(6, 2, 4, seed=1))),
    "nerf": (NeRF, (numbers(4, 3), numbers(4, 3, seed=1))),
    "siren": (Siren, (numbers(4, 2),)),
    "autoencoder": (Autoencoder, (numbers(3, 6),)),
}
"""Each network with its inputs."""
