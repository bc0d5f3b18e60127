"""Complex numbers of torch are two values of the language."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from oracles.imported_modules import imported, made_random
from torch import nn

from graphgen.importers import ImportRefusalError, from_torch


def x(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


class Function(nn.Module):
    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.map, self.function = nn.Linear(4, 6), function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(self.map(x))


def rotated(y: torch.Tensor) -> torch.Tensor:
    """Rotary positions as Llama's authors wrote them."""
    speeds = 1.0 / 100 ** (torch.arange(0, 6, 2, dtype=y.dtype) / 6)
    angles = torch.outer(torch.arange(5, dtype=y.dtype), speeds)
    turns = torch.polar(torch.ones_like(angles), angles)
    pairs = torch.view_as_complex(y.reshape(*y.shape[:-1], -1, 2))
    return torch.view_as_real(pairs * turns[None]).flatten(2)


def filtered(y: torch.Tensor) -> torch.Tensor:
    """A filter in frequencies, as of FNO."""
    z = torch.fft.rfft(y, dim=1, norm="ortho")
    weights = torch.complex(torch.ones(3, 6, dtype=y.dtype), torch.arange(18.0).view(3, 6).double())
    return torch.fft.irfft(z * weights, n=5, dim=1, norm="ortho")


FUNCTIONS: list[Callable[[torch.Tensor], torch.Tensor]] = [
    rotated,
    filtered,
    lambda y: torch.fft.fft(torch.fft.fft(y, dim=-1), dim=-2).real,
    lambda y: torch.fft.fft2(y).imag,
    lambda y: torch.fft.rfft(y).abs(),
    lambda y: torch.fft.irfft2(torch.fft.rfft2(y) * 2, s=(5, 6)),
    lambda y: torch.fft.ifft(torch.fft.fft(y).conj() + 1j).real,
    lambda y: torch.view_as_real(torch.complex(y, y * 2)[:, 1:].transpose(1, 2)),
    lambda y: torch.fft.fftshift(torch.fft.fft(y), dim=-1).sum(1).imag,
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=range(len(FUNCTIONS)))
def test_complex_functions(function: Callable[[torch.Tensor], torch.Tensor]) -> None:
    found = imported(made_random(Function(function)), x(2, 5, 4))
    assert found.batch_axes == (0,)


def test_samples_and_outputs_stay_apart_and_real() -> None:
    with pytest.raises(ImportRefusalError, match="samples"):
        from_torch(
            Function(lambda y: torch.fft.fft(y, dim=0).real), x(2, 5, 4).float(), batch_axis=0
        )
    with pytest.raises(ImportRefusalError, match="complex"):
        from_torch(Function(torch.fft.fft), x(2, 5, 4).float())
