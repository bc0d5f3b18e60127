"""Networks of densities and codes, restated, with the names of public code."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from published.network import Published


class MaskedLinear(nn.Linear):
    def __init__(self, mask: Tensor) -> None:
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("mask", mask)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.linear(x, self.mask * self.weight, self.bias)


class MADE(nn.Module):
    def __init__(self, *degrees: list[int]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in pairwise(map(torch.tensor, degrees)):
            last = len(layers) == 2 * (len(degrees) - 2)
            mask = before < after[:, None] if last else before <= after[:, None]
            layers += [MaskedLinear(mask.double()), nn.ReLU()]
        self.net = nn.Sequential(*layers[:-1])

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class Residual(nn.Module):
    """The first ReLU works in place, so that the sum has it too."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self._block = nn.Sequential(
            nn.ReLU(inplace=True), nn.Conv2d(width, inner, 3, padding=1, bias=False),
            nn.ReLU(inplace=True), nn.Conv2d(inner, width, 1, bias=False),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return x + self._block(x)


class ResidualStack(nn.Module):
    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self._layers = nn.ModuleList([Residual(width, inner)])

    def forward(self, x: Tensor) -> Tensor:
        for layer in self._layers:
            x = layer(x)
        return x.relu()


class VQVAE(nn.Module):
    """Each place has the nearest of some codes."""

    def __init__(self, channels: int, width: int, inner: int, codes: int, features: int) -> None:
        super().__init__()
        half = width // 2
        self._encoder, self._decoder, self._vq_vae = (nn.Module() for _ in range(3))
        self._encoder._conv_1 = nn.Conv2d(channels, half, 4, 2, 1)
        self._encoder._conv_2 = nn.Conv2d(half, width, 4, 2, 1)
        self._encoder._conv_3 = nn.Conv2d(width, width, 3, padding=1)
        self._encoder._residual_stack = ResidualStack(width, inner)
        self._pre_vq_conv = nn.Conv2d(width, features, 1)
        self._vq_vae._embedding = nn.Embedding(codes, features)
        self._decoder._conv_1 = nn.Conv2d(features, width, 3, padding=1)
        self._decoder._residual_stack = ResidualStack(width, inner)
        self._decoder._conv_trans_1 = nn.ConvTranspose2d(width, half, 4, 2, 1)
        self._decoder._conv_trans_2 = nn.ConvTranspose2d(half, channels, 4, 2, 1)

    def forward(self, image: Tensor) -> Tensor:
        there, back, codes = self._encoder, self._decoder, self._vq_vae._embedding
        x = there._conv_3(there._conv_2(there._conv_1(image).relu()).relu())
        z = self._pre_vq_conv(there._residual_stack(x)).movedim(1, -1)
        distances = (z[..., None, :] - codes.weight).square().sum(-1)
        x = back._conv_1(codes(distances.argmin(-1)).movedim(-1, 1))
        return back._conv_trans_2(back._conv_trans_1(back._residual_stack(x)).relu())


class Discriminator(nn.Module):
    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.conv0 = spectral_norm(nn.Conv2d(channels, width, 3, padding=1))
        self.conv1 = spectral_norm(nn.Conv2d(width, width, 4, 2, 1))
        self.conv2 = spectral_norm(nn.Conv2d(width, 2 * width, 3, padding=1))
        self.linear = spectral_norm(nn.Linear(2 * width * 16, 1))

    def forward(self, x: Tensor) -> Tensor:
        for conv in (self.conv0, self.conv1, self.conv2):
            x = nn.functional.leaky_relu(conv(x), 0.1)
        return self.linear(x.flatten(1))


NETWORKS = (
    Published(
        "MADE", "Germain et al. 2015", "published/made.yaml", "restated",
        lambda: MADE([0, 1, 2], [0, 1, 0, 1], [1, 0, 1, 1], [0, 1, 2]), MADE.__call__,
    ),
    Published(
        "VQ-VAE", "van den Oord et al. 2017", "published/vqvae.yaml", "restated",
        lambda: VQVAE(1, 4, 3, 5, 3), VQVAE.__call__,
    ),
    Published(
        "SNGAN", "Miyato et al. 2018", "published/sngan.yaml", "restated",
        lambda: Discriminator(2, 3), Discriminator.__call__,
    ),
)  # fmt: skip
