"""The kernels of a grid's step against torch and its derivatives."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import layer_norm, silu

from metanet import kernels

EPS = 1e-5


@pytest.mark.parametrize("with_grads", [False, True])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("width", [1, 3, 8, 16, 17, 64])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 2e-5), (torch.float64, 1e-12)])
def test_a_grid_s_step_is_that_of_torch(
    dtype: torch.dtype, tolerance: float, width: int, threads: int, with_grads: bool
) -> None:
    generator = torch.Generator().manual_seed(width)
    networks, n, m = 3, 4, 11

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=dtype)

    def lines(count: int) -> Tensor:
        return draw(networks, count, width + 3)[..., 2 : width + 2]  # as between others

    inner, states = draw(networks, n, m, width), draw(networks, n, m, width)
    grads = draw(networks, n, m, width) if with_grads else None
    scale, shift = draw(width), draw(width)
    from_rows, from_columns, by_rows, by_columns = lines(n), lines(m), lines(n), lines(m)
    inputs = [
        tensor.double().requires_grad_()
        for tensor in (inner, states, from_rows, from_columns, scale, shift)
    ]
    own, before, beside, above, slope, level = inputs
    active = silu(own + beside.unsqueeze(2) + above.unsqueeze(1))
    expected = before + layer_norm(active, (width,), slope, level, EPS)
    total = by_rows.unsqueeze(2) + by_columns.unsqueeze(1)
    total = total.double() if grads is None else total.double() + grads.double()
    gradients = torch.autograd.grad((expected * total).sum(), inputs)

    library = kernels.library(inner)
    assert library is not None, kernels.reason(dtype)
    sizes = networks, n, m, width
    result, rows, columns = torch.empty_like(states), lines(n), lines(m).zero_()
    mean, rstd = draw(networks, n, m), draw(networks, n, m)
    strides = [t.stride(axis) for t in (from_rows, from_columns, rows, columns) for axis in (0, 1)]
    library.grid_step(
        inner, states, result, from_rows, from_columns, scale, shift, mean, rstd, rows, columns,
        *sizes, width, width, width, *strides, 1 / m, 1 / n, EPS, True, threads,
    )  # fmt: skip
    back, change, parts = draw(*sizes), draw(*sizes), draw(networks, 2, width)
    to_rows, to_columns = lines(n), lines(m).zero_()
    ends = (by_rows, by_columns, to_rows, to_columns)
    library.grid_step_backward(
        inner, mean, rstd, grads, by_rows, by_columns, scale, back, change, to_rows, to_columns,
        parts, *sizes, *[width] * 4, *(t.stride(axis) for t in ends for axis in (0, 1)),
        2 * width, width, threads,
    )  # fmt: skip
    by_scale, by_shift = parts.sum(0)
    pairs = [(result, expected), (rows, expected.mean(2)), (columns, expected.mean(1))]
    pairs += zip((change, back, to_rows, to_columns, by_scale, by_shift), gradients, strict=True)
    for actual, wanted in pairs:
        largest = wanted.abs().max() + 1
        assert ((actual.double() - wanted) / largest).abs().max() < tolerance
    assert ((2 * by_shift - gradients[-1]).abs().max() / largest) > tolerance, "a wrong one fails"
