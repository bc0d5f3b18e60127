"""Networks of sounds and sequences, restated, with the names of public code."""

from __future__ import annotations

import warnings

from torch import Tensor, nn
from torch.nn.utils import weight_norm

from published.network import Published


class WaveNet(nn.Module):
    """Gated convolutions without padding, the last items of which the skips keep."""

    def __init__(self, classes: int, residual: int, dilation: int, skip: int, end: int) -> None:
        super().__init__()
        steps = [1, 2, 4]
        self.start_conv = nn.Conv1d(classes, residual, 1, bias=False)
        self.filter_convs, self.gate_convs = (
            nn.ModuleList(nn.Conv1d(residual, dilation, 2, dilation=n, bias=False) for n in steps)
            for _ in range(2)
        )
        self.residual_convs, self.skip_convs = (
            nn.ModuleList(nn.Conv1d(dilation, size, 1, bias=False) for _ in steps)
            for size in (residual, skip)
        )
        self.end_conv_1 = nn.Conv1d(skip, end, 1)
        self.end_conv_2 = nn.Conv1d(end, classes, 1)

    def forward(self, signal: Tensor) -> Tensor:
        x, sums = self.start_conv(signal), None
        for i, gate in enumerate(self.gate_convs):
            h = self.filter_convs[i](x).tanh() * gate(x).sigmoid()
            skip = self.skip_convs[i](h)
            sums = skip if sums is None else sums[:, :, -skip.shape[2] :] + skip
            x = self.residual_convs[i](h) + x[:, :, -h.shape[2] :]
        return self.end_conv_2(self.end_conv_1(sums.relu()).relu())


class TemporalBlock(nn.Module):
    def __init__(self, inputs: int, width: int, kernel: int, step: int) -> None:
        super().__init__()
        self.cut = (kernel - 1) * step
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the spelling of that time
            self.conv1, self.conv2 = (
                weight_norm(nn.Conv1d(size, width, kernel, padding=self.cut, dilation=step))
                for size in (inputs, width)
            )
        rest = [nn.Identity() for _ in range(3)]  # what is cut, a function, and dropout
        self.net = nn.Sequential(self.conv1, *rest, self.conv2)
        self.downsample = nn.Conv1d(inputs, width, 1) if inputs != width else None

    def forward(self, x: Tensor) -> Tensor:
        h = x
        for conv in (self.conv1, self.conv2):
            h = conv(h)[:, :, : -self.cut].relu()
        return (h + (x if self.downsample is None else self.downsample(x))).relu()


class TCN(nn.Module):
    def __init__(self, channels: int, width: int, depth: int, classes: int) -> None:
        super().__init__()
        self.tcn = nn.Module()
        self.tcn.network = nn.Sequential(
            *(TemporalBlock(width if i else channels, width, 2, 2**i) for i in range(depth))
        )
        self.linear = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.tcn.network(x)[:, :, -1]).log_softmax(-1)


class ConvBlock(nn.Module):
    def __init__(self, width: int, hidden: int, step: int, last: bool) -> None:
        super().__init__()
        self.conv_layers = nn.Sequential(
            nn.Conv1d(width, hidden, 1), nn.PReLU(), nn.GroupNorm(1, hidden, eps=1e-8),
            nn.Conv1d(hidden, hidden, 3, padding=step, dilation=step, groups=hidden),
            nn.PReLU(), nn.GroupNorm(1, hidden, eps=1e-8),
        )  # fmt: skip
        self.res_out = None if last else nn.Conv1d(hidden, width, 1)
        self.skip_out = nn.Conv1d(hidden, width, 1)


class ConvTasNet(nn.Module):
    """A mask of the filters for each source."""

    def __init__(self, sources: int, filters: int, width: int, hidden: int, depth: int) -> None:
        super().__init__()
        self.sources = sources
        self.encoder = nn.Conv1d(1, filters, 4, stride=2, padding=2, bias=False)
        self.mask_generator = masks = nn.Module()
        masks.input_norm = nn.GroupNorm(1, filters, eps=1e-8)
        masks.input_conv = nn.Conv1d(filters, width, 1)
        masks.conv_layers = nn.ModuleList(
            ConvBlock(width, hidden, 2**i, i == depth - 1) for i in range(depth)
        )
        masks.output_prelu = nn.PReLU()
        masks.output_conv = nn.Conv1d(width, sources * filters, 1)
        self.decoder = nn.ConvTranspose1d(filters, 1, 4, stride=2, padding=2, bias=False)

    def forward(self, sound: Tensor) -> Tensor:
        masks, features = self.mask_generator, self.encoder(sound)
        x, sums = masks.input_conv(masks.input_norm(features)), 0.0
        for block in masks.conv_layers:
            h = block.conv_layers(x)
            sums = sums + block.skip_out(h)
            x = x if block.res_out is None else x + block.res_out(h)
        shares = masks.output_conv(masks.output_prelu(sums)).sigmoid()
        parts = shares.unflatten(1, (self.sources, -1)) * features[:, None]
        return self.decoder(parts.flatten(0, 1)).unflatten(0, (-1, self.sources)).squeeze(2)


class Elman(nn.Module):
    def __init__(self, letters: int, width: int) -> None:
        super().__init__()
        self.rnn = nn.RNN(letters, width, batch_first=True)
        self.linear = nn.Linear(width, letters)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.rnn(x)[0])


class PointerNetwork(nn.Module):
    """The decoder's states, compared with all of the encoder's."""

    def __init__(self, dimensions: int, width: int, compared: int) -> None:
        super().__init__()
        self.encoder = nn.LSTM(dimensions, width, batch_first=True)
        self.decoder = nn.LSTM(dimensions, width, batch_first=True)
        self.W1, self.W2 = (nn.Linear(width, compared, bias=False) for _ in range(2))
        self.v = nn.Linear(compared, 1, bias=False)

    def forward(self, items: Tensor, chosen: Tensor) -> Tensor:
        seen, last = self.encoder(items)
        now = self.decoder(chosen, last)[0]
        scores = self.v((self.W1(seen)[:, None] + self.W2(now)[:, :, None]).tanh())
        return scores.squeeze(-1).softmax(-1)


NETWORKS = (
    Published(
        "WaveNet", "van den Oord et al. 2016", "published/wavenet.yaml", "restated",
        lambda: WaveNet(3, 4, 3, 5, 4), WaveNet.__call__,
    ),
    Published(
        "TCN", "Bai et al. 2018", "published/tcn.yaml", "restated",
        lambda: TCN(2, 4, 2, 3), TCN.__call__,
    ),
    Published(
        "Conv-TasNet", "Luo & Mesgarani 2019", "published/conv_tasnet.yaml", "restated",
        lambda: ConvTasNet(2, 4, 3, 5, 2), ConvTasNet.__call__,
    ),
    Published(
        "Elman network", "Elman 1990", "published/elman.yaml", "torch `RNN`",
        lambda: Elman(3, 6), Elman.__call__,
    ),
    Published(
        "Pointer network", "Vinyals et al. 2015", "published/pointer_network.yaml",
        "torch `LSTM`, restated", lambda: PointerNetwork(2, 4, 3), PointerNetwork.__call__,
    ),
)  # fmt: skip
