"""How numbers enter a metanet: piecewise-linearly, by the quantiles of training networks."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from metanet.errors import MetanetError

BINS = 16
LARGEST = 1e30
"""Numbers beyond it are read as it; squares of it are finite in float64."""
NARROWEST = 1e-6
"""Edges that are nearer, as a share of the median edge, count as one: rounding tells them apart."""
NOISE = 1e-9
"""Edges that are nearer count as one as well: zeros that were computed differ by rounding."""
SHARE = 1e-4
"""And so do those that are nearer as a share of the range between the outermost inner edges: there
may be both zeros that were computed, and numbers far from zero, in one column."""
CLAMP = 4.0


class PiecewiseLinear(nn.Module):
    """Encodes each number by the bins that it has passed (Gorishniy et al., NeurIPS 2022).

        encoding = PiecewiseLinear(columns=2, bins=4)
        encoding.observe(torch.rand(100, 2))
        encoding(torch.rand(3, 2)).shape        # (3, 8): from -1, before a bin, to 1, behind it

    The bins of a column lie between quantiles of the rows that were observed; equal quantiles are
    one edge, and bins that a column does not have give zeros. So an encoding is continuous, and
    that of a constant column says nothing. Before any are observed, bins lie between -10 and 10.
    """

    low: Tensor
    size: Tensor

    def __init__(self, columns: int, bins: int = BINS) -> None:
        super().__init__()
        edges = torch.linspace(-3, 3, bins + 1).sinh()
        self.register_buffer("low", edges[:-1].repeat(columns, 1))
        self.register_buffer("size", edges.diff().repeat(columns, 1))

    @property
    def width(self) -> int:
        """How many numbers it gives for a row."""
        return self.low.numel()

    @torch.no_grad()
    def observe(self, rows: Tensor) -> None:
        """Place the bins by rows (n, columns) of training networks."""
        columns, bins = self.low.shape
        if rows.ndim != 2 or rows.shape[1] != columns or not len(rows):
            raise MetanetError(
                f"rows to place bins by have shape {list(rows.shape)}, expected (n, {columns}) "
                "with n at least 1"
            )
        ordered = bounded(rows.double()).sort(0).values
        places = torch.linspace(0, len(ordered) - 1, bins + 1, dtype=torch.float64)
        below, above = ordered[places.floor().long()], ordered[places.ceil().long()]
        edges = torch.lerp(below, above, (places - places.floor()).unsqueeze(1).to(below))
        edges = edges.T.contiguous()
        least = (NARROWEST * edges.abs().median(1).values).clamp_min(NOISE)
        if bins > 2:
            least = torch.maximum(least, SHARE * (edges[:, -2] - edges[:, 1]))
        low, size = torch.zeros_like(edges[:, 1:]), torch.zeros_like(edges[:, 1:])
        last = edges[:, 0].clone()
        for number in range(bins):
            edge = edges[:, number + 1]
            wide = (edge - last > least) & (edge > last)
            low[:, number] = torch.where(wide, last, 0)
            size[:, number] = torch.where(wide, edge - last, 0)
            last = torch.where(wide, edge, last)
        self.low.copy_(low)
        self.size.copy_(size)

    def forward(self, rows: Tensor) -> Tensor:
        """Encode rows (n, columns), (n, columns * bins)."""
        there = self.size > 0
        passed = (bounded(rows).unsqueeze(2) - self.low) / torch.where(there, self.size, 1)
        return ((2 * passed.clamp(0, 1) - 1) * there).flatten(1)


class NumberEncoder(nn.Module):
    """A state of each network, from numbers of it: their encodings, dropout and a linear map."""

    def __init__(self, columns: int, width: int, bins: int = BINS, dropout: float = 0.0) -> None:
        super().__init__()
        self.bins = PiecewiseLinear(columns, bins)
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(self.bins.width, width)

    def observe(self, rows: Tensor) -> None:
        """Place the bins by rows (n, columns) of training networks."""
        self.bins.observe(rows)

    def forward(self, rows: Tensor) -> Tensor:
        """Encode rows (n, columns), (n, width)."""
        return nn.functional.silu(self.linear(self.dropout(self.bins(rows))))


class Moments:
    """Mean and squared deviations of rows that come in pieces; rows of zeros do not count."""

    def __init__(self, columns: int) -> None:
        self.count = 0
        self.mean = torch.zeros(columns, dtype=torch.float64)
        self.squares = torch.zeros(columns, dtype=torch.float64)

    def add(self, piece: Tensor) -> None:
        """Take in rows (..., columns), without differences of large squares (Chan et al., 1979)."""
        rows = bounded(piece.detach().double().cpu()).flatten(0, -2)
        rows = rows[(rows != 0).any(1)]
        if not len(rows):
            return
        total, shift = self.count + len(rows), rows.mean(0) - self.mean
        self.squares += (rows - rows.mean(0)).square().sum(0)
        self.squares += shift.square() * self.count * len(rows) / total
        self.mean += shift * len(rows) / total
        self.count = total


class Standard(nn.Module):
    """Standardises columns by mean and deviation of observed rows, and clamps them.

        moments = Moments(3)
        moments.add(torch.randn(100, 3))
        standard = Standard(3)
        standard.observe(moments)
        standard(torch.randn(2, 5, 3))          # (2, 5, 3), each from -4 to 4

    Rows of zeros, such as those of nodes that a view does not describe, stay so and do not count.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, columns: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(columns))
        self.register_buffer("deviation", torch.ones(columns))

    @torch.no_grad()
    def observe(self, moments: Moments) -> None:
        """Take mean and deviation of rows; a column that is constant in them says nothing."""
        deviation = (moments.squares / max(1, moments.count)).sqrt()
        constant = deviation <= (NARROWEST * moments.mean.abs()).clamp_min(NOISE)
        self.mean.copy_(moments.mean)
        self.deviation.copy_(torch.where(constant, LARGEST, deviation))

    def forward(self, rows: Tensor) -> Tensor:
        """Standardise rows (..., columns)."""
        there = (rows != 0).any(-1, keepdim=True)
        standard = (bounded(rows) - self.mean) / self.deviation
        return standard.clamp(-CLAMP, CLAMP) * there


def bounded(numbers: Tensor) -> Tensor:
    """Give numbers within `LARGEST`, zero for what is no number."""
    return numbers.nan_to_num(0.0).clamp(-LARGEST, LARGEST)
