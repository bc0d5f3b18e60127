"""Networks that make images larger, and that make images, after papers, with their codes' names."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from published.network import Published


class ESPCN(nn.Module):
    """Three convolutions, the last of which has the pixels of the larger image as channels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 4, 3, padding=1)
        self.conv3 = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2(self.conv1(x).tanh()).tanh()
        return nn.functional.pixel_shuffle(self.conv3(x), 2)


class ResBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(conv(width, width), nn.ReLU(), conv(width, width))

    def forward(self, x: Tensor) -> Tensor:
        return x + 0.1 * self.body(x)


class EDSR(nn.Module):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.sub_mean = nn.Conv2d(3, 3, 1)
        self.head = nn.Sequential(conv(3, width))
        self.body = nn.Sequential(*(ResBlock(width) for _ in range(depth)), conv(width, width))
        upsampler = nn.Sequential(conv(width, 4 * width), nn.PixelShuffle(2))
        self.tail = nn.Sequential(upsampler, conv(width, 3))
        self.add_mean = nn.Conv2d(3, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.head(self.sub_mean(x))
        return self.add_mean(self.tail(self.body(x) + x))


class VAE(nn.Module):
    def __init__(self, pixels: int, hidden: int, latent: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(pixels, hidden)
        self.fc21 = nn.Linear(hidden, latent)
        self.fc22 = nn.Linear(hidden, latent)
        self.fc3 = nn.Linear(latent, hidden)
        self.fc4 = nn.Linear(hidden, pixels)

    def forward(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        h = self.fc1(x).relu()
        mean, logarithm = self.fc21(h), self.fc22(h)
        z = mean + noise * torch.exp(0.5 * logarithm)
        return self.fc4(self.fc3(z).relu()).sigmoid(), mean, logarithm


class Stack(nn.Module):
    """A list of layers that a checkpoint calls `main`."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.main = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.main(x)


class DCGAN(nn.Module):
    """Both networks, of images of 16 x 16."""

    def __init__(self) -> None:
        super().__init__()
        self.netG = Stack(
            nn.ConvTranspose2d(3, 8, 4, 1, 0, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.ConvTranspose2d(8, 4, 4, 2, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU(),
            nn.ConvTranspose2d(4, 2, 4, 2, 1, bias=False), nn.Tanh(),
        )  # fmt: skip
        self.netD = Stack(
            nn.Conv2d(2, 3, 4, 2, 1, bias=False), nn.LeakyReLU(0.2),
            nn.Conv2d(3, 6, 4, 2, 1, bias=False), nn.BatchNorm2d(6), nn.LeakyReLU(0.2),
            nn.Conv2d(6, 1, 4, 1, 0, bias=False), nn.Sigmoid(),
        )  # fmt: skip

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        image = self.netG(z)
        return image, self.netD(image)


def conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


NETWORKS = (
    Published(
        "ESPCN", "Shi et al. 2016", "published/espcn.yaml", "restated", ESPCN, ESPCN.__call__
    ),
    Published(
        "EDSR", "Lim et al. 2017", "published/edsr.yaml", "restated",
        lambda: EDSR(4, 2), EDSR.__call__,
    ),
    Published(
        "VAE", "Kingma & Welling 2014", "published/vae.yaml", "restated",
        lambda: VAE(9, 6, 3), VAE.__call__,
    ),
    Published(
        "DCGAN", "Radford et al. 2016", "published/dcgan.yaml", "restated", DCGAN, DCGAN.__call__
    ),
)  # fmt: skip
