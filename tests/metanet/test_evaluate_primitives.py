from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphgen.evaluate import NUMPY
from graphgen.testing import relative_error, tolerance
from metanet.evaluate import TORCH
from spec.functions import FUNCTIONS
from spec.primitives import (
    PRIMITIVES,
    Concat,
    Contract,
    Elementwise,
    Fixed,
    Learned,
    Lookup,
    Normalise,
    Primitive,
    Recurrence,
    Reduce,
    Resample,
    Reshape,
    Rotary,
    Scan,
    Sinusoid,
    Slice,
    Take,
    Transpose,
    Window,
    matrix_product,
)
from spec.primitives.scan import GATES
from spec.primitives.take import NONE, runs_of

Array = NDArray[Any]
Drawn = tuple[Primitive, int, list[Array]]
"""A primitive, how many of its operands are values, and the operands."""

SEEDS = range(12)
ARGUMENTS: dict[str, list[tuple[str, float | str | None]]] = {
    "leaky_relu": [("negative_slope", 0.2)],
    "elu": [("alpha", 1.3)],
    "celu": [("alpha", 1.3)],
    "gelu": [("approximate", "tanh")],
    "softplus": [("beta", 1.7)],
    "hardtanh": [("min_val", -0.3), ("max_val", 0.7)],
    "hardshrink": [("lambd", 0.4)],
    "softshrink": [("lambd", 0.4)],
    "threshold": [("threshold", 0.2), ("value", -0.4)],
    "clamp": [("min", -0.3), ("max", None)],
    "sine": [("frequency", 30.0)],
    "cosine": [("frequency", 3.0)],
    "power": [("exponent", -1.5)],
    "heaviside": [("values", 0.3)],
    "scale_by": [("factor", -0.3)],
    "shift_by": [("value", -0.3)],
    "dropout": [("p", 0.4)],
}
OF_POSITIVE = {"log", "sqrt", "rsqrt", "power"}


def sizes(rng: np.random.Generator, count: int, low: int = 1, high: int = 6) -> tuple[int, ...]:
    return tuple(int(n) for n in rng.integers(low, high, count))


def pick(rng: np.random.Generator, *options: Any) -> Any:
    return options[rng.integers(len(options))]


def contract(rng: np.random.Generator) -> Drawn:
    primitive, shapes = pick(
        rng,
        (matrix_product(1), [(5,), (3, 5)]),
        (matrix_product(3), [(2, 4, 5), (3, 5)]),
        (Contract("cs,ds->cd", values=2), [(3, 5), (4, 5)]),
        (Contract("hqd,hkd->hqk", values=2), [(2, 3, 4), (2, 5, 4)]),
        (Contract("i,j,oij->o", values=2), [(3,), (4,), (2, 3, 4)]),
        (Contract("tc,hc,hdc->htd"), [(4, 5), (2, 5), (2, 3, 5)]),
    )
    values = primitive.values
    full = [(3, *shape) if i < values else shape for i, shape in enumerate(shapes)]
    return primitive, values, [rng.standard_normal(shape) for shape in full]


def elementwise(rng: np.random.Generator) -> Drawn:
    shape = sizes(rng, int(rng.integers(2, 4)), 2)
    x = rng.standard_normal((3, *shape))
    others = ("add", "multiply", "prelu", "broadcast", "band_mask", "dropout", "identity")
    function = pick(rng, *others, *FUNCTIONS)
    if function == "broadcast":
        one = [1 if rng.random() < 0.5 else size for size in shape]
        function = pick(rng, "add", "multiply")
        return Elementwise(function), 2, [x, rng.standard_normal((3, *one))]
    if function in ("add", "multiply", "prelu"):
        axis = pick(rng, None, 0, 1, -1)
        along = (1,) if axis is None else (shape[axis],)
        return Elementwise(function, axis=axis), 1, [x, rng.standard_normal(along)]
    if function == "band_mask":
        limits = [int(rng.integers(3)) if rng.random() < 0.6 else None for _ in range(2)]
        return Elementwise(function, (("before", limits[0]), ("after", limits[1]))), 1, [x]
    return of_numbers(function, x)


def of_numbers(function: str, x: Array) -> Drawn:
    given = np.abs(x) + 0.1 if function in OF_POSITIVE else x
    return Elementwise(function, tuple(ARGUMENTS.get(function, ()))), 1, [given]


def normalise(rng: np.random.Generator) -> Drawn:
    x = rng.standard_normal((3, 4, *sizes(rng, int(rng.integers(1, 4)), 2)))
    kind = pick(rng, "batch", "layer", "group", "instance", "tracked", "rms", "softmax")
    if kind in ("batch", "tracked"):
        name = "batch" if kind == "batch" else "instance"
        statistics = [rng.standard_normal(4), np.exp(rng.standard_normal(4)), np.array(7)]
        return Normalise(name, 1e-3), 1, [x, *statistics]
    size = {"group": 2, "layer": x.ndim - 2, "rms": 1}.get(kind, 1)
    return Normalise(kind, 0.0 if kind == "softmax" else 1e-3, size=size), 1, [x]


def reduce(rng: np.random.Generator) -> Drawn:
    dims = int(rng.integers(1, 4))
    x = rng.standard_normal((2, 3, *sizes(rng, dims, 4, 8)))
    statistic = pick(rng, "max", "mean")
    kind = pick(rng, "window", "bins", "axes")
    if kind == "axes":
        axes = tuple(int(a) for a in rng.permutation(dims + 1)[: rng.integers(1, dims + 2)])
        statistic, keepdim = pick(rng, statistic, "sum"), bool(rng.integers(2))
        return Reduce(statistic, axes=tuple(sorted(axes)), keepdim=keepdim), 1, [x]
    if kind == "bins":
        return Reduce(statistic, output_size=sizes(rng, dims, 0, 5)), 1, [x]
    kernel = sizes(rng, dims, 2, 4)
    padding = tuple(int(rng.integers(0, k // 2 + 1)) for k in kernel)
    counted = bool(rng.integers(2))
    if statistic == "mean" and rng.integers(2):
        return Reduce("mean", kernel, (2,) * dims, padding, counted, divisor=3), 1, [x]
    return Reduce(statistic, kernel, sizes(rng, dims, 1, 4), padding, counted), 1, [x]


def window(rng: np.random.Generator) -> Drawn:
    dims, groups = int(rng.integers(1, 4)), int(rng.integers(1, 3))
    kernel, stride, dilation = (sizes(rng, dims, 1, 4) for _ in range(3))
    kind = pick(rng, "plain", "transposed", "p4", "p4m")
    if kind in ("p4", "p4m"):
        turns = () if rng.integers(2) else (4 if kind == "p4" else 8,)
        mode = pick(rng, "zeros", "reflect", "replicate", "circular")
        primitive = Window((2, 1), (1, 2), (1, 1), groups, mode, symmetry=kind)
        weight = rng.standard_normal((2 * groups, 2, *turns, 3, 3))
        return primitive, 1, [rng.standard_normal((2, 2 * groups, *turns, 6, 5)), weight]
    x = rng.standard_normal((2, 2 * groups, *sizes(rng, dims, 7, 9)))
    padding = sizes(rng, dims, 0, 3)
    weight = rng.standard_normal((3 * groups, 2, *kernel))
    if kind == "transposed":
        extra = tuple(
            int(rng.integers(0, max(s, d))) for s, d in zip(stride, dilation, strict=True)
        )
        primitive = Window(stride, padding, dilation, groups, transposed=True, output_padding=extra)
        return primitive, 1, [x, rng.standard_normal((2 * groups, 3, *kernel))]
    mode = pick(rng, "zeros", "reflect", "replicate", "circular")
    return Window(stride, padding, dilation, groups, mode), 1, [x, weight]


def resample(rng: np.random.Generator) -> Drawn:
    dims = int(rng.integers(1, 4))
    x = rng.standard_normal((2, 3, *sizes(rng, dims)))
    mode = pick(rng, "nearest", "nearest-exact", "linear", *["cubic"] * (dims == 2))
    corners = mode in ("linear", "cubic") and bool(rng.integers(2))
    if rng.integers(3) == 0:
        factor = pick(rng, 1.3, 2.7)
        goal = tuple(int(n * factor) for n in x.shape[2:])
        return Resample(mode, goal, False, (factor,) * dims), 1, [x]
    return Resample(mode, sizes(rng, dims, 1, 9), corners), 1, [x]


def lookup(rng: np.random.Generator) -> Drawn:
    kind = pick(rng, "table", "grid", "hash", "dense", "one_hot")
    if kind == "one_hot":
        x = rng.integers(0, 5, (3, *sizes(rng, int(rng.integers(0, 3)))))
        return Lookup("one_hot", 5), 2, [x, rng.standard_normal((3, 2))]
    if kind == "table":
        dtype = pick(rng, np.int64, np.int32, np.uint8)
        x = rng.integers(0, 7, (3, *sizes(rng, int(rng.integers(0, 3))))).astype(dtype)
        return Lookup("table"), 1, [x, rng.standard_normal((7, 4))]
    dims = int(rng.integers(1, 5))
    x = rng.uniform(-1.1, 1.1, (5, *sizes(rng, int(rng.integers(0, 2))), dims))
    if kind == "grid":
        return Lookup("grid"), 1, [x, rng.standard_normal((3, *sizes(rng, dims)))]
    resolution = int(rng.integers(1, 4))
    entries = (resolution + 1) ** dims + (2 if kind == "dense" else -1)
    return Lookup("hash", resolution), 1, [x, rng.standard_normal((entries, 2))]


def scan(rng: np.random.Generator) -> Drawn:
    cell, (features, hidden) = pick(rng, *GATES), sizes(rng, 2)
    shapes = [(GATES[cell] * hidden, features), (GATES[cell] * hidden, hidden)]
    shapes += [shapes[0][:1]] * pick(rng, 0, 2)
    x = rng.standard_normal((3, 5, features))
    parameters = [rng.standard_normal(shape) for shape in shapes]
    return Scan(cell, bool(rng.integers(2))), 1, [x, *parameters]


def recurrence(rng: np.random.Generator) -> Drawn:
    shape = sizes(rng, 3, 2)
    axis = int(rng.integers(3))
    one = [1 if rng.random() < 0.3 and place != axis else n for place, n in enumerate(shape)]
    begin = [1 if place == axis else n for place, n in enumerate(shape)]
    values = [rng.standard_normal((3, *sizes)) for sizes in (shape, one, begin)]
    values = values[: int(rng.integers(2, 4))]
    return Recurrence(axis, bool(rng.integers(2))), len(values), values


def rotary(rng: np.random.Generator) -> Drawn:
    axis, size = int(rng.integers(0, 2)), 2 * int(rng.integers(1, 4))
    x = rng.standard_normal((2, *sizes(rng, 2), size + int(rng.integers(0, 3))))
    frequencies = pick(rng, (), tuple(rng.random(size // 2).tolist()))
    rest = int(rng.integers(3)), frequencies, pick(rng, 1.0, 1.2)
    return Rotary(axis, size, pick(rng, 100.0, 10000.0), bool(rng.integers(2)), *rest), 1, [x]


def moved(rng: np.random.Generator) -> tuple[int, Array]:
    """A value of some axes, and one of them."""
    x = rng.standard_normal((2, *sizes(rng, int(rng.integers(1, 5)), 2)))
    return int(rng.integers(0, x.ndim - 1)), x


def transpose(rng: np.random.Generator) -> Drawn:
    _, x = moved(rng)
    return Transpose(tuple(int(a) for a in rng.permutation(x.ndim - 1))), 1, [x]


def slice_(rng: np.random.Generator) -> Drawn:
    axis, x = moved(rng)
    start = int(rng.integers(0, x.shape[axis + 1]))
    stop = int(rng.integers(start + 1, x.shape[axis + 1] + 1))
    return Slice(axis, start, stop), 1, [x]


def take(rng: np.random.Generator) -> Drawn:
    axis, x = moved(rng)
    size = x.shape[axis + 1]
    whole = [NONE] * int(rng.integers(3)) + [*range(size)] + [NONE] * int(rng.integers(3))
    drawn = rng.integers(-1, size, int(rng.integers(1, 7))).tolist()
    steps = [*range(0, size, 2)], [*range(size)][::-1], [0] * 3
    runs = runs_of(pick(rng, whole, whole, drawn, drawn, *steps))
    return Take(axis, runs, pick(rng, 0.0, -2.5)), 1, [x]


def concat(rng: np.random.Generator) -> Drawn:
    axis, x = moved(rng)
    parts = [x, x[:, ..., :1] if axis == x.ndim - 2 else 2 * x, -x]
    return Concat(axis), 3, parts


def reshape(rng: np.random.Generator) -> Drawn:
    _, x = moved(rng)
    return Reshape((1, *x.shape[:0:-1])), 1, [x]


def learned(rng: np.random.Generator) -> Drawn:
    axis, x = moved(rng)
    return Learned(), 1, [x, rng.standard_normal(x.shape[:axis])]


def fixed(rng: np.random.Generator) -> Drawn:
    rows, columns = sizes(rng, 2)
    primitive = pick(
        rng,
        Fixed((rows, columns), "numbers", tuple(map(float, rng.standard_normal(rows * columns)))),
        Fixed((rows, columns), "numbers", ("-inf",)),
        Fixed((rows,), "arange", (0.3, -0.7)),
        Fixed((rows, columns), "band", (1.0, "inf")),
    )
    return primitive, 1, [moved(rng)[1]]


def sinusoid(rng: np.random.Generator) -> Drawn:
    return Sinusoid(pick(rng, 100.0, 10000.0)), 1, [rng.standard_normal((2, *sizes(rng, 2)))]


DRAW: dict[type[Primitive], Callable[[np.random.Generator], Drawn]] = {
    Concat: concat, Contract: contract, Elementwise: elementwise, Fixed: fixed,
    Learned: learned, Recurrence: recurrence,
    Lookup: lookup, Normalise: normalise, Reduce: reduce, Resample: resample, Reshape: reshape,
    Rotary: rotary, Scan: scan, Sinusoid: sinusoid, Slice: slice_, Take: take, Transpose: transpose,
    Window: window,
}  # fmt: skip


def drawn(kind: type[Primitive], seed: int) -> Drawn:
    return DRAW[kind](np.random.default_rng(seed))


def cast(operands: Sequence[Array], dtype: Any) -> list[Array]:
    return [a.astype(dtype) if a.dtype.kind == "f" else a for a in operands]


def in_torch(primitive: Primitive, operands: Sequence[Array | Tensor]) -> Tensor:
    return TORCH[type(primitive)](primitive, False, *map(torch.as_tensor, operands))


def finite(array: Any) -> Array:
    """Give what is not minus infinity, after a check that this is where it is masked."""
    array = np.asarray(array)
    assert not np.isnan(array).any()
    return np.where(np.isneginf(array), 1e3, array)


def test_every_primitive_is_in_every_room() -> None:
    assert set(DRAW) == set(NUMPY) == set(TORCH) == set(PRIMITIVES)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", PRIMITIVES, ids=lambda kind: kind.name)
def test_numpy_and_torch_agree_and_keep_the_dtype(kind: type[Primitive], seed: int) -> None:
    primitive, values, operands = drawn(kind, seed)
    shapes = [tuple(a.shape) for a in operands]
    shape = primitive.shape(tuple(s[1:] for s in shapes[:values]), tuple(shapes[values:]))
    rounded = cast(operands, np.float32)
    for dtype, used in ((np.float64, operands), (np.float32, rounded)):
        exact = NUMPY[kind](primitive, *cast(used, np.float64))
        assert exact.shape == (len(operands[0]), *shape)
        ours, theirs = NUMPY[kind](primitive, *used), in_torch(primitive, used).numpy()
        assert ours.dtype == theirs.dtype == dtype
        for actual in (ours, theirs):
            assert relative_error(finite(actual), finite(exact)) <= tolerance(np.dtype(dtype))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_is_the_same_in_both(function: str) -> None:
    rng = np.random.default_rng(len(function))
    primitive, _, (x,) = of_numbers(function, rng.standard_normal((2, 50)))
    assert isinstance(primitive, Elementwise)
    assert primitive.shape((x.shape[1:],), ()) == x.shape[1:]
    special = np.array([[0.0, 0.2, 0.4, -0.4, np.inf, -np.inf, np.nan, -0.0]])
    for given in (x, special, cast([x], np.float32)[0]):
        ours, theirs = NUMPY[Elementwise](primitive, given), in_torch(primitive, [given]).numpy()
        assert ours.dtype == theirs.dtype == given.dtype
        within = tolerance(given.dtype)
        assert np.allclose(ours, theirs, rtol=within, atol=within, equal_nan=True), (ours, theirs)


GROWING = {"exp", "square", "sine", "cosine"} | OF_POSITIVE


@pytest.mark.parametrize("function", sorted(FUNCTIONS.keys() - GROWING))
def test_functions_of_large_values_do_not_overflow(function: str) -> None:
    primitive = Elementwise(function, tuple(ARGUMENTS.get(function, ())))
    x = np.concatenate([sign * np.logspace(0, 4, 41, dtype=np.float32) for sign in (-1, 1)])[None]
    exact = NUMPY[Elementwise](primitive, x.astype(np.float64))
    for found in (NUMPY[Elementwise](primitive, x), in_torch(primitive, [x]).numpy()):
        assert np.allclose(found, exact, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_place_that_is_no_number_has_no_value(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (5, 4))
    x[2, rng.integers(4)] = np.nan
    for kind, table in (("grid", rng.random((2, 3, 2, 2, 3))), ("hash", rng.random((50, 2)))):
        primitive = Lookup(kind, 3 if kind == "hash" else 0)
        for found in (NUMPY[Lookup](primitive, x, table), in_torch(primitive, [x, table]).numpy()):
            assert np.array_equal(np.isnan(found).any(axis=1), np.arange(5) == 2)
