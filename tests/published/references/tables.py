"""Networks of tables and recommendations, restated, with the names of their authors' code."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from published.network import Published


def counted(sizes: Sequence[int], before: int = 0) -> Tensor:
    """Give the row of a common table at which each column's categories begin."""
    return torch.tensor([before + sum(sizes[:i]) for i in range(len(sizes))])


class Within(nn.Module):
    """What its authors call `fn`, behind a norm or beside the value itself."""

    def __init__(self, fn: nn.Module, norm: int | None = None) -> None:
        super().__init__()
        self.fn = fn
        self.norm = None if norm is None else nn.LayerNorm(norm)

    def forward(self, x: Tensor) -> Tensor:
        return self.fn(x) + x if self.norm is None else self.fn(self.norm(x))


class PackedAttention(nn.Module):
    def __init__(self, width: int, heads: int, head_width: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_qkv = nn.Linear(width, 3 * heads * head_width, bias=False)
        self.to_out = nn.Linear(heads * head_width, width)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (heads_of(part, self.heads) for part in self.to_qkv(x).chunk(3, -1))
        return self.to_out(attended(q, k, v))


class GatedGELU(nn.Module):
    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        layers = nn.Linear(width, 2 * hidden), nn.Identity(), nn.Linear(hidden, width)
        self.net = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.net[0](x).chunk(2, -1)
        return self.net[2](value * gelu(gate))


class TabTransformer(nn.Module):
    """Categories in a transformer, and a perceptron of these and the numbers."""

    def __init__(
        self, categories: Sequence[int], continuous: int, width: int, depth: int, heads: int
    ) -> None:
        super().__init__()
        self.register_buffer("categories_offset", counted(categories, 2))
        self.norm = nn.LayerNorm(continuous)
        self.transformer = nn.Module()
        self.transformer.embeds = nn.Embedding(sum(categories) + 2, width)
        self.transformer.layers = nn.ModuleList(
            nn.ModuleList(
                Within(Within(part, norm=width))
                for part in (PackedAttention(width, heads, 2), GatedGELU(width, 6))
            )
            for _ in range(depth)
        )
        size = width * len(categories) + continuous
        eighth = size // 8
        self.mlp = nn.Module()
        self.mlp.mlp = nn.Sequential(
            nn.Linear(size, 4 * eighth), nn.ReLU(), nn.Linear(4 * eighth, 2 * eighth), nn.ReLU(),
            nn.Linear(2 * eighth, 1),
        )  # fmt: skip

    def forward(self, categories: Tensor, continuous: Tensor) -> Tensor:
        x = self.transformer.embeds(categories + self.categories_offset)
        for attention, perceptron in self.transformer.layers:
            x = perceptron(attention(x))
        return self.mlp.mlp(torch.cat([x.flatten(1), self.norm(continuous)], -1))


class FTBlock(nn.Module):
    def __init__(self, width: int, heads: int, hidden: int, first: bool) -> None:
        super().__init__()
        self.heads = heads
        self.attention = nn.Module()
        for name in ("W_q", "W_k", "W_v", "W_out"):
            setattr(self.attention, name, nn.Linear(width, width))
        self.ffn = nn.Module()
        self.ffn.linear_first = nn.Linear(width, 2 * hidden)
        self.ffn.linear_second = nn.Linear(hidden, width)
        self.attention_normalization = nn.Identity() if first else nn.LayerNorm(width)
        self.ffn_normalization = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        maps, h = self.attention, self.attention_normalization(x)
        q, k, v = (heads_of(layer(h), self.heads) for layer in (maps.W_q, maps.W_k, maps.W_v))
        x = x + maps.W_out(attended(q, k, v))
        value, gate = self.ffn.linear_first(self.ffn_normalization(x)).chunk(2, -1)
        return x + self.ffn.linear_second(value * gate.relu())


class FTTransformer(nn.Module):
    """A token for each column, and one that the head reads."""

    def __init__(self, continuous: int, categories: Sequence[int], width: int, depth: int) -> None:
        super().__init__()
        numbers, kinds, token, blocks = (nn.Module() for _ in range(4))
        numbers.weight = nn.Parameter(torch.zeros(continuous, width))
        numbers.bias = nn.Parameter(torch.zeros(continuous, width))
        kinds.embeddings = nn.Embedding(sum(categories), width)
        kinds.bias = nn.Parameter(torch.zeros(len(categories), width))
        kinds.register_buffer("category_offsets", counted(categories))
        token.weight = nn.Parameter(torch.zeros(width))
        blocks.blocks = nn.ModuleList(FTBlock(width, 2, 5, i == 0) for i in range(depth))
        blocks.head = nn.Module()
        blocks.head.normalization = nn.LayerNorm(width)
        blocks.head.linear = nn.Linear(width, 2)
        self.feature_tokenizer = nn.Module()
        self.feature_tokenizer.num_tokenizer = numbers
        self.feature_tokenizer.cat_tokenizer = kinds
        self.cls_token, self.transformer = token, blocks

    def forward(self, continuous: Tensor, categories: Tensor) -> Tensor:
        numbers = self.feature_tokenizer.num_tokenizer
        kinds = self.feature_tokenizer.cat_tokenizer
        x = torch.cat([
            continuous[..., None] * numbers.weight + numbers.bias,
            kinds.embeddings(categories + kinds.category_offsets) + kinds.bias,
            self.cls_token.weight.expand(len(continuous), 1, -1),
        ], 1)  # fmt: skip
        for block in self.transformer.blocks:
            x = block(x)
        head = self.transformer.head
        return head.linear(head.normalization(x[:, -1]).relu())


class DLRM(nn.Module):
    """Products of all pairs of the vectors that tables and a perceptron give."""

    def __init__(self, dense: int, tables: Sequence[int], width: int) -> None:
        super().__init__()
        self.emb_l = nn.ModuleList(nn.EmbeddingBag(n, width, mode="sum") for n in tables)
        self.bot_l = nn.Sequential(nn.Linear(dense, 5), nn.ReLU(), nn.Linear(5, width), nn.ReLU())
        pairs = len(tables) * (len(tables) + 1) // 2
        self.top_l = nn.Sequential(
            nn.Linear(width + pairs, 6), nn.ReLU(), nn.Linear(6, 1), nn.Sigmoid()
        )

    def forward(self, dense: Tensor, *bags: Tensor) -> Tensor:
        x = self.bot_l(dense)
        vectors = torch.stack([x, *(e(bag) for e, bag in zip(self.emb_l, bags, strict=True))], 1)
        products = vectors @ vectors.mT
        rows, columns = torch.tril_indices(*products.shape[1:], offset=-1)
        return self.top_l(torch.cat([x, products[:, rows, columns]], 1))


class DeepFM(nn.Module):
    """Factorisation machine and perceptron of one table."""

    def __init__(self, fields: Sequence[int], width: int) -> None:
        super().__init__()
        self.embedding, self.linear, self.mlp = nn.Module(), nn.Module(), nn.Module()
        self.embedding.embedding = nn.Embedding(sum(fields), width)
        self.linear.fc = nn.Embedding(sum(fields), 1)
        self.linear.bias = nn.Parameter(torch.zeros(1))
        self.mlp.mlp = nn.Sequential(
            nn.Linear(len(fields) * width, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Dropout(),
            nn.Linear(5, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Dropout(), nn.Linear(3, 1),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        e = self.embedding.embedding(x)
        pairs = 0.5 * (e.sum(1).square() - e.square().sum(1)).sum(1, keepdim=True)
        line = self.linear.fc(x).sum(1) + self.linear.bias
        return (line + pairs + self.mlp.mlp(e.flatten(1))).sigmoid()


def heads_of(x: Tensor, heads: int) -> Tensor:
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def attended(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    shares = (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1)
    return (shares @ v).transpose(1, 2).flatten(2)


NETWORKS = (
    Published(
        "TabTransformer", "Huang et al. 2020", "published/tabtransformer.yaml", "restated",
        lambda: TabTransformer((3, 2), 3, 4, 1, 2),
        lambda model, kinds, x: model(kinds - model.categories_offset, x),
    ),
    Published(
        "FT-Transformer", "Gorishniy et al. 2021", "published/ft_transformer.yaml", "restated",
        lambda: FTTransformer(3, (3, 2), 4, 2),
        lambda model, x, kinds: model(
            x, kinds - model.feature_tokenizer.cat_tokenizer.category_offsets
        ),
    ),
    Published(
        "DLRM", "Naumov et al. 2019", "published/dlrm.yaml", "restated",
        lambda: DLRM(3, (7, 4), 4), DLRM.__call__,
    ),
    Published(
        "DeepFM", "Guo et al. 2017", "published/deepfm.yaml", "restated",
        lambda: DeepFM((3, 2, 4), 4), DeepFM.__call__,
    ),
)  # fmt: skip
