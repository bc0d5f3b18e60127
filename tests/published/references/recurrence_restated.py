"""Recurrent networks of papers, restated."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from published.network import Published


class Luong(nn.Module):
    """Luong, Pham & Manning 2015: LSTMs, global attention by `general` scores."""

    def __init__(self) -> None:
        super().__init__()
        self.source_embedding, self.target_embedding = nn.Embedding(7, 3), nn.Embedding(6, 3)
        self.encoder = nn.LSTM(3, 4, num_layers=2, batch_first=True)
        self.decoder = nn.LSTM(3, 4, num_layers=2, batch_first=True)
        self.score = nn.Linear(4, 4, bias=False)
        self.combine, self.out = nn.Linear(8, 5, bias=False), nn.Linear(5, 6, bias=False)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        memory, last = self.encoder(self.source_embedding(source))
        states, _ = self.decoder(self.target_embedding(target), last)
        shares = (states @ self.score(memory).mT).softmax(-1)
        return self.out(torch.tanh(self.combine(torch.cat([shares @ memory, states], -1))))


class Attention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.Wa, self.Ua = nn.Linear(width, width), nn.Linear(width, width)
        self.Va = nn.Linear(width, 1)

    def forward(self, query: Tensor, keys: Tensor) -> Tensor:
        scores = self.Va(torch.tanh(self.Wa(query) + self.Ua(keys))).squeeze(2).unsqueeze(1)
        return scores.softmax(-1) @ keys


class Bahdanau(nn.Module):
    """The encoder and the decoder of PyTorch's tutorial, after Bahdanau, Cho & Bengio 2015."""

    def __init__(self, width: int = 3) -> None:
        super().__init__()
        self.encoder = nn.ModuleDict(
            {"embedding": nn.Embedding(7, width), "gru": nn.GRU(width, width, batch_first=True)}
        )
        self.decoder = nn.ModuleDict(
            {
                "embedding": nn.Embedding(6, width),
                "attention": Attention(width),
                "gru": nn.GRU(2 * width, width, batch_first=True),
                "out": nn.Linear(width, 6),
            }
        )

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        keys, hidden = self.encoder["gru"](self.encoder["embedding"](source))
        outputs = []
        for word in self.decoder["embedding"](target).split(1, 1):
            context = self.decoder["attention"](hidden.transpose(0, 1), keys)
            output, hidden = self.decoder["gru"](torch.cat([word, context], 2), hidden)
            outputs.append(self.decoder["out"](output))
        return torch.cat(outputs, 1)


class ConvLSTMCell(nn.Module):
    """Shi et al. 2015, equation 3."""

    def __init__(self, channels: int, width: int, size: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels + width, 4 * width, 3, padding=1)
        self.W_ci, self.W_cf, self.W_co = (
            nn.Parameter(torch.randn(width, size, size)) for _ in range(3)
        )

    def forward(self, frames: Tensor) -> Tensor:
        width, size = self.W_ci.shape[:2]
        h = c = frames.new_zeros(len(frames), width, size, size)
        outputs = []
        for frame in frames.unbind(1):
            i, f, g, o = self.conv(torch.cat([frame, h], 1)).chunk(4, 1)
            write, keep = (i + self.W_ci * c).sigmoid(), (f + self.W_cf * c).sigmoid()
            c = keep * c + write * g.tanh()
            h = (o + self.W_co * c).sigmoid() * c.tanh()
            outputs.append(h)
        return torch.stack(outputs, 1)


class ConvLSTM(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        cells = [ConvLSTMCell(2, 4, 4), ConvLSTMCell(4, 3, 4)]
        self.layers = nn.ModuleList(nn.ModuleDict({"cell": cell}) for cell in cells)
        self.out = nn.Conv2d(9, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer["cell"](x)
        return self.out(x.flatten(1, 2))


class MinimalGatedUnit(nn.Module):
    """Zhou et al. 2016, equations 9 and 10."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.ModuleDict({"forget": nn.Linear(8, 5), "candidate": nn.Linear(8, 5)})
        self.head = nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Tensor:
        h = x.new_zeros(len(x), 5)
        for item in x.unbind(1):
            f = self.cell["forget"](torch.cat([item, h], 1)).sigmoid()
            new = self.cell["candidate"](torch.cat([item, f * h], 1)).tanh()
            h = (1 - f) * h + f * new
        return self.head(h)


NETWORKS = (
    Published(
        "LSTMs with attention", "Luong, Pham & Manning 2015", "published/luong.yaml", "restated",
        Luong, lambda model, source, target: model(source, target),
    ),
    Published(
        "GRUs that align", "Bahdanau, Cho & Bengio 2015", "published/bahdanau.yaml",
        "PyTorch's tutorial on translation, restated",
        Bahdanau, lambda model, source, target: model(source, target),
    ),
    Published(
        "ConvLSTM", "Shi et al. 2015", "published/conv_lstm.yaml", "restated",
        ConvLSTM, lambda model, frames: model(frames),
    ),
    Published(
        "Minimal gated unit", "Zhou et al. 2016", "published/mgu.yaml", "restated",
        MinimalGatedUnit, lambda model, x: model(x),
    ),
)  # fmt: skip
