"""The operators that readers share compute what PyTorch's do, wherever the samples are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import graphgen
from graphgen.importers.imported import finish
from graphgen.importers.operators import (
    elementwise,
    joining,
    ranking,
    reductions,
    resize,
    scatter,
    shapes,
    taking,
)
from graphgen.importers.refusal import MixedSamplesError
from graphgen.importers.traced import Constant, Parameter, Traced
from graphgen.importers.tracer import Tracer

Operator = Callable[[Tracer, Any], Any]
F = torch.nn.functional
NUMBERS = np.random.default_rng(5)
ROW = NUMBERS.standard_normal(4)
TABLE = NUMBERS.standard_normal((4, 3))
SHAPE = (2, 3, 4)
COLUMNS = Parameter("table", TABLE.T[None])
compared = elementwise.compare


def constant(array: Any) -> Constant:
    return Constant(np.asarray(array))


def over(t: Tracer, x: Traced) -> Traced:
    """Write the first two columns over the last two."""
    places = np.arange(24).reshape(SHAPE)[:, :, 2:]
    return scatter.scatter(t, x, places, taking.narrow(t, x, 2, 0, 2))


def written(x: torch.Tensor) -> torch.Tensor:
    return torch.cat([x[:, :, :2], x[:, :, :2]], 2)


CASES: dict[str, tuple[Operator, Callable[[torch.Tensor], Any]]] = {
    "add a row": (lambda t, x: elementwise.add(t, x, constant(ROW)), lambda x: x + as_torch(ROW)),
    "add a learned row": (
        lambda t, x: elementwise.add(t, x, Parameter("row", ROW)),
        lambda x: x + as_torch(ROW),
    ),
    "subtract from one": (lambda t, x: elementwise.subtract(t, constant(1.0), x), lambda x: 1 - x),
    "divide by a number": (lambda t, x: elementwise.divide(t, x, constant([4.0])), lambda x: x / 4),
    "divide a number": (lambda t, x: elementwise.divide(t, constant(2.0), x), lambda x: 2 / x),
    "divide by itself": (lambda t, x: elementwise.divide(t, x, x), lambda x: x / x),
    "product": (lambda t, x: elementwise.multiply(t, x, x), lambda x: x * x),
    "maximum": (lambda t, x: elementwise.maximum(t, x, constant(0.5)), lambda x: x.clamp(min=0.5)),
    "minimum": (
        lambda t, x: elementwise.minimum(t, constant(ROW), x),
        lambda x: torch.minimum(as_torch(ROW), x),
    ),
    "clamp": (
        lambda t, x: elementwise.clamp(t, x, constant(-0.5), constant(ROW)),
        lambda x: torch.minimum(x.clamp(min=-0.5), as_torch(ROW)),
    ),
    "cube": (lambda t, x: elementwise.power(t, x, constant(3)), lambda x: x**3),
    "power of two": (lambda t, x: elementwise.power(t, constant(2), x), lambda x: 2**x),
    "several powers": (
        lambda t, x: elementwise.power(t, x, constant([1, 2, 3, 2])),
        lambda x: x ** torch.tensor([1, 2, 3, 2]),
    ),
    "where": (
        lambda t, x: elementwise.where(t, compared(t, "gt", x, constant(0)), x, constant(9)),
        lambda x: torch.where(x > 0, x, 9.0),
    ),
    "filled": (
        lambda t, x: elementwise.where(t, compared(t, "le", constant(ROW), x), constant(9), x),
        lambda x: torch.where(as_torch(ROW) <= x, 9.0, x),
    ),
    "logic": (
        lambda t, x: elementwise.logical(
            t, "xor", elementwise.truth(t, elementwise.function(t, "relu", x)),
            elementwise.invert(t, elementwise.compare(t, "lt", x, constant(1))),
        ),
        lambda x: ((x > 0) ^ (x >= 1)).double(),
    ),
    "flatten": (lambda t, x: shapes.flatten(t, x, 1, -1), lambda x: x.flatten(1)),
    "permute": (lambda t, x: shapes.permute(t, x, [2, 0, 1]), lambda x: x.permute(2, 0, 1)),
    "expand": (
        lambda t, x: shapes.expand(t, shapes.unsqueeze(t, x, -1), (2, -1, 4, 5)),
        lambda x: x.unsqueeze(-1).expand(2, -1, 4, 5),
    ),
    "sum": (lambda t, x: reductions.reduce(t, "sum", x, [-1], False), lambda x: x.sum(-1)),
    "mean of two": (
        lambda t, x: reductions.reduce(t, "mean", x, [1, 2], True),
        lambda x: x.mean((1, 2), keepdim=True),
    ),
    "amin": (lambda t, x: reductions.amin(t, x, [1]), lambda x: x.amin(1)),
    "product of all": (lambda t, x: reductions.product(t, x, [2, 1]), lambda x: x.prod(2).prod(1)),
    "variance": (lambda t, x: reductions.variance(t, x, [2]), lambda x: x.var(2)),
    "norm": (lambda t, x: reductions.norm(t, x, 3, [2]), lambda x: x.norm(3, 2)),
    "euclidean": (lambda t, x: reductions.norm(t, x, 2, [2]), lambda x: x.norm(2, 2)),
    "largest": (lambda t, x: reductions.norm(t, x, np.inf, [2]), lambda x: x.abs().amax(2)),
    "last place": (
        lambda t, x: reductions.place_of_extreme(t, "argmax", x, 2, True, last=True),
        lambda x: x.argmax(2, keepdim=True).double(),
    ),
    "slice": (lambda t, x: taking.slice_(t, x, 2, 3, None, -2), lambda x: x[..., [3, 1]]),
    "slice to the first": (
        lambda t, x: taking.slice_(t, x, 2, None, None, -1),
        lambda x: x.flip(2),
    ),
    "select": (lambda t, x: taking.select(t, x, 2, -1), lambda x: x[..., -1]),
    "take": (
        lambda t, x: taking.index_select(t, x, -1, np.array([[3, 0], [1, 1]])),
        lambda x: x[..., [[3, 0], [1, 1]]],
    ),
    "parts": (
        lambda t, x: joining.concat(t, taking.split(t, x, [1, 3], 2)[::-1], 2),
        lambda x: torch.cat([x[:, :, 1:], x[:, :, :1]], 2),
    ),
    "chunks": (
        lambda t, x: joining.stack(t, taking.chunk(t, x, 2, 2), 1),
        lambda x: torch.stack(x.chunk(2, 2), 1),
    ),
    "with a table": (
        lambda t, x: joining.concat(t, [shapes.expand(t, COLUMNS, SHAPE), x], 2),
        lambda x: torch.cat([as_torch(TABLE.T).expand(SHAPE), x], 2),
    ),
    "roll": (lambda t, x: joining.roll(t, x, [1, -1], [2, 1]), lambda x: x.roll([1, -1], [2, 1])),
    "flip": (lambda t, x: joining.flip(t, x, [1, 2]), lambda x: x.flip(1, 2)),
    "tile": (lambda t, x: joining.tile(t, x, [1, 2, 1]), lambda x: x.repeat(1, 2, 1)),
    "interleave": (
        lambda t, x: joining.repeat_interleave(t, x, 2, 1),
        lambda x: x.repeat_interleave(2, 1),
    ),
    "pad": (
        lambda t, x: joining.pad(t, x, [(0, 0), (1, 0), (-1, 2)], value=2.0),
        lambda x: F.pad(x, (-1, 2, 1, 0), value=2.0),
    ),
    "reflect": (
        lambda t, x: joining.pad(t, x, [(0, 0), (0, 0), (1, 2)], "reflect"),
        lambda x: F.pad(x, (1, 2), "reflect"),
    ),
    "top_k": (lambda t, x: ranking.top_k(t, x, 3, 2)[0], lambda x: x.topk(3, 2).values),
    "places": (
        lambda t, x: ranking.top_k(t, x, 3, 1, largest=False)[1],
        lambda x: x.topk(3, 1, largest=False).indices.double(),
    ),
    "cumsum": (lambda t, x: ranking.cumsum(t, x, 2), lambda x: x.cumsum(2)),
    "gather": (
        lambda t, x: taking.gather(t, x, 2, ranking.top_k(t, x, 2, 2)[1]),
        lambda x: x.gather(2, x.topk(2, 2).indices),
    ),
    "rows of a table": (
        lambda t, x: taking.computed_index_select(
            t, Parameter("table", TABLE), 0, t.value(reductions.place_of_extreme(t, "argmax", x, 2))
        ),
        lambda x: as_torch(TABLE)[x.argmax(2)],
    ),
    "scatter": (over, written),
    "upsample": (
        lambda t, x: resize.upsample(t, x, (7,), {"size": 7, "mode": "linear"}),
        lambda x: F.interpolate(x, 7, mode="linear"),
    ),
    "along": (
        lambda t, x: resize.along(t, x, 1, TABLE),
        lambda x: torch.einsum("ncl,kc->nkl", x, as_torch(TABLE)),
    ),
}  # fmt: skip


def as_torch(array: Any) -> torch.Tensor:
    return torch.from_numpy(np.asarray(array))


def check(operator: Operator, expected: Callable[[torch.Tensor], Any], axis: int | None) -> None:
    """Compare an operator on random numbers, the samples along `axis`, with what is expected."""
    x = np.random.default_rng(1).standard_normal(SHAPE)
    t = Tracer("network", None if axis is None else SHAPE[axis])
    t.source = "the operator"
    made = t.value(operator(t, t.input("x", SHAPE, axis)))
    net, weights = finish(t.network([made]), (axis,))
    one = x[None] if axis is None else np.moveaxis(x, axis, 0)
    found = graphgen.evaluate(net, weights, one)
    want: Any = expected(torch.from_numpy(x)).numpy()
    assert made.shape == want.shape
    turned = want[None] if axis is None else want
    if made.batch is not None:
        cut = (made.batch.outer, SHAPE[axis or 0], made.batch.inner)
        place = made.batch.axis
        turned = want.reshape(*want.shape[:place], *cut, *want.shape[place + 1 :])
        turned = np.moveaxis(turned, place + 1, 0).reshape(found.shape)
    np.testing.assert_allclose(found, turned, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_an_operator_computes_what_torch_does(name: str) -> None:
    for axis in (0, None):
        if (name, axis) != ("upsample", None):
            check(*CASES[name], axis)


ANYWHERE = ("add a row", "product", "permute", "reflect", "take", "scatter", "select", "sum")


@pytest.mark.parametrize("name", ANYWHERE)
def test_samples_may_be_along_another_axis(name: str) -> None:
    check(*CASES[name], 1)


def test_what_mixes_samples_is_no_operator() -> None:
    for operator in (
        lambda t, x: reductions.reduce(t, "sum", x, [0]),
        lambda t, x: taking.select(t, x, 0, 0),
        lambda t, x: joining.flip(t, x, [0]),
        lambda t, x: joining.concat(t, [x, x], 0),
        lambda t, x: elementwise.add(t, x, constant(np.arange(2).reshape(2, 1, 1))),
        lambda t, x: shapes.reshape(t, x, (3, 8)),
    ):
        with pytest.raises(MixedSamplesError):
            check(operator, lambda x: x, 0)


def test_the_check_finds_what_is_computed_otherwise() -> None:
    with pytest.raises(AssertionError):
        check(CASES["cumsum"][0], lambda x: x.cumsum(1), 0)
