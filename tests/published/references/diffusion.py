"""Denoising diffusion, restated after the paper, with the names of diffusers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from published.network import Published

GROUPS = 2


def norm(width: int) -> nn.GroupNorm:
    return nn.GroupNorm(GROUPS, width, eps=1e-6)


class Resnet(nn.Module):
    """Two convolutions behind norms, and a shift by the time between them."""

    def __init__(self, before: int, out: int, time: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = norm(before), norm(out)
        self.conv1 = nn.Conv2d(before, out, 3, padding=1)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1)
        self.time_emb_proj = nn.Linear(time, out)
        if before != out:
            self.conv_shortcut = nn.Conv2d(before, out, 1)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        y = self.conv1(functional.silu(self.norm1(x)))
        y = y + self.time_emb_proj(functional.silu(time))[:, :, None, None]
        y = self.conv2(functional.silu(self.norm2(y)))
        return y + (self.conv_shortcut(x) if hasattr(self, "conv_shortcut") else x)


class Attention(nn.Module):
    """One head over the places of an image."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.group_norm = norm(width)
        self.to_q, self.to_k, self.to_v = (nn.Linear(width, width) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(width, width)])

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.group_norm(x).flatten(2).mT
        scores = self.to_q(tokens) @ self.to_k(tokens).mT / math.sqrt(tokens.shape[-1])
        found = self.to_out[0](scores.softmax(-1) @ self.to_v(tokens))
        return x + found.mT.reshape(x.shape)


class Resampler(nn.Module):
    def __init__(self, width: int, up: bool) -> None:
        super().__init__()
        self.up = up
        self.conv = nn.Conv2d(width, width, 3, stride=1 if up else 2, padding=1 if up else 0)

    def forward(self, x: Tensor) -> Tensor:
        y = (
            functional.interpolate(x, scale_factor=2.0)
            if self.up
            else functional.pad(x, (0, 1, 0, 1))
        )
        found: Tensor = self.conv(y)
        return found


class Stage(nn.Module):
    """Residual blocks of one resolution, with or without attention, and a change to the next."""

    def __init__(
        self, before: Sequence[int], out: int, time: int, attention: bool, change: str
    ) -> None:
        super().__init__()
        self.resnets = nn.ModuleList(Resnet(width, out, time) for width in before)
        self.attentions = nn.ModuleList(Attention(out) for _ in before if attention)
        if change:
            self.add_module(change, nn.ModuleList([Resampler(out, change == "upsamplers")]))
        self.change = change

    def turn(self, place: int, x: Tensor, time: Tensor) -> Tensor:
        x = self.resnets[place](x, time)
        return self.attentions[place](x) if len(self.attentions) else x

    def resampled(self, x: Tensor) -> Tensor:
        return self.get_submodule(self.change)[0](x) if self.change else x


class UNet(nn.Module):
    def __init__(
        self,
        channels: int,
        widths: Sequence[int],
        blocks: int,
        attention: Sequence[bool],
        time: int,
    ) -> None:
        super().__init__()
        self.width = widths[0]
        self.time_embedding = nn.Module()
        self.time_embedding.linear_1 = nn.Linear(widths[0], time)
        self.time_embedding.linear_2 = nn.Linear(time, time)
        self.conv_in = nn.Conv2d(channels, widths[0], 3, padding=1)
        skips, last = [widths[0]], len(widths) - 1
        self.down_blocks = nn.ModuleList()
        for level, width in enumerate(widths):
            before = [skips[-1], *[width] * (blocks - 1)]
            change = "downsamplers" if level < last else ""
            self.down_blocks.append(Stage(before, width, time, attention[level], change))
            skips += [width] * (blocks + (level < last))
        self.mid_block = Stage([widths[-1]] * 2, widths[-1], time, False, "")
        self.mid_block.attentions.append(Attention(widths[-1]))
        self.up_blocks = nn.ModuleList()
        current = widths[-1]
        for level in reversed(range(len(widths))):
            before = []
            for _ in range(blocks + 1):
                before.append(current + skips.pop())
                current = widths[level]
            change = "upsamplers" if level else ""
            self.up_blocks.append(Stage(before, current, time, attention[level], change))
        self.conv_norm_out = norm(widths[0])
        self.conv_out = nn.Conv2d(widths[0], channels, 3, padding=1)

    def forward(self, image: Tensor, t: Tensor) -> Tensor:
        half = self.width // 2
        speeds = torch.exp(-math.log(10000) * torch.arange(half, dtype=t.dtype) / (half - 1))
        waves = torch.cat([torch.sin(t * speeds), torch.cos(t * speeds)], -1)
        time = self.time_embedding.linear_1(waves)
        time = self.time_embedding.linear_2(functional.silu(time))
        x = self.conv_in(image)
        skips = [x]
        for stage in self.down_blocks:
            for place in range(len(stage.resnets)):
                x = stage.turn(place, x, time)
                skips.append(x)
            if stage.change:
                x = stage.resampled(x)
                skips.append(x)
        first, second = self.mid_block.resnets
        x = second(self.mid_block.attentions[0](first(x, time)), time)
        for stage in self.up_blocks:
            for place in range(len(stage.resnets)):
                x = stage.turn(place, torch.cat([x, skips.pop()], 1), time)
            x = stage.resampled(x)
        found: Tensor = self.conv_out(functional.silu(self.conv_norm_out(x)))
        return found


NETWORKS = (
    Published(
        "DDPM", "Ho et al. 2020", "published/ddpm.yaml", "restated",
        lambda: UNet(1, (4, 6), 1, (False, True), 5), lambda model, image, t: model(image, t),
    ),
)  # fmt: skip
