"""Published sets of INRs in small: written as their authors' own code writes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn


class DwsSiren(nn.Module):
    """A linear layer and its sine, as one module."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(outputs, inputs) - 0.5)
        self.bias = nn.Parameter(torch.rand(outputs) - 0.5)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(30.0 * (x @ self.weight.T + self.bias))


class DwsInr(nn.Module):
    """An INR of Navon et al. 2023: one half is added to what the last layer gives."""

    def __init__(self, width: int = 8, depth: int = 1) -> None:
        super().__init__()
        hidden = [DwsSiren(width, width) for _ in range(depth)]
        self.seq = nn.Sequential(DwsSiren(2, width), *hidden, nn.Linear(width, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.seq(x) + 0.5


def dws_image(net: nn.Module, size: int = 28) -> np.ndarray:
    """Decode as the authors do: on the grid that `numpy.meshgrid` gives, x before y."""
    ends = np.linspace(-1, 1, size)
    x, y = np.meshgrid(ends, ends)
    places = torch.from_numpy(np.stack([x.flatten(), y.flatten()]).T).float()
    with torch.no_grad():
        return net(places).reshape(size, size, -1).numpy()


def write_dws_mnist(folder: Path, images: Sequence[tuple[str, int, int]]) -> dict[str, DwsInr]:
    """Write the set of MNIST: (`training` or `testing`, class, number) of each image."""
    torch.manual_seed(0)
    written = {}
    for part, label, number in images:
        path = folder / f"mnist_png_{part}_{label}_{number}" / "checkpoints" / "model_final.pth"
        path.parent.mkdir(parents=True)
        net = DwsInr()
        torch.save(net.state_dict(), path)
        written[path.relative_to(folder).as_posix()] = net
    return written


def write_dws_fashion(folder: Path, count: int = 6) -> dict[str, DwsInr]:
    """Write the set of Fashion-MNIST: classes are in the files, the splits in one of their own."""
    torch.manual_seed(1)
    written, splits = {}, {"train": [], "val": [], "test": []}  # type: ignore[var-annotated]
    for part in ("train", "test"):
        (folder / part).mkdir(parents=True)
        for number in range(count):
            path = folder / part / f"model_{number}.pth"
            net = DwsInr()
            torch.save({**net.state_dict(), "label": (number + 3) % 10}, path)
            written[path.relative_to(folder).as_posix()] = net
            own = "test" if part == "test" else "val" if number % 3 == 2 else "train"
            splits[own].append(f"/home/somebody/fmnist_inrs/{part}/model_{number}.pth")
    (folder / "splits.json").write_text(json.dumps(splits))
    return written


class NfnSine(nn.Module):
    """A linear layer and its sine, as a module in a module."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(30.0 * self.linear(x))


class NfnSiren(nn.Module):
    """An INR of Zhou et al. 2023: what it gives is the image, from -1 to 1."""

    def __init__(self, channels: int, width: int = 8) -> None:
        super().__init__()
        self.net = nn.Sequential(
            NfnSine(2, width), NfnSine(width, width), nn.Linear(width, channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


def nfn_image(net: nn.Module, size: int) -> np.ndarray:
    """Decode as the authors do, to values from 0 to 1: rows before columns."""
    ends = torch.linspace(-1, 1, size)
    places = torch.stack(torch.meshgrid(ends, ends, indexing="ij"), -1).reshape(-1, 2)
    with torch.no_grad():
        return (net(places).reshape(size, size, -1).numpy() + 1) / 2


def write_nfn(
    folder: Path, images: Sequence[tuple[int, int, int]], channels: int = 1
) -> dict[str, NfnSiren]:
    """Write a set: (number, class, copy) of each siren; copies of 1 and more are augmentations."""
    torch.manual_seed(2)
    written = {}
    for number, label, copy in images:
        own = f"randinit_smaller_aug{copy - 1}_{label}s" if copy else f"randinit_smaller_{label}s"
        path = folder / own / f"net{number}.pth"
        path.parent.mkdir(parents=True, exist_ok=True)
        net = NfnSiren(channels)
        torch.save(net.state_dict(), path)
        written[path.relative_to(folder).as_posix()] = net
    return written
