from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import graphgen
from graphgen.dtypes import common, is_inexact, is_real
from graphgen.files import write_weights
from graphgen.files.safetensors_format import DTYPES

FLOATS = [np.dtype(np.longdouble)] + [
    dtype for name, dtype in DTYPES.items() if name.startswith(("F", "BF", "C"))
]
COUNTERS = [dtype for name, dtype in DTYPES.items() if name.startswith(("I", "U", "BOOL"))]


def two(dtype: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    rng = np.random.default_rng(0)
    return tuple(  # type: ignore[return-value]
        {"w": np.exp2(rng.integers(-3, 4, (3, 5)).astype(np.float64)).astype(dtype)}
        for _ in range(2)
    )


def rounded_once(a: Any, b: Any, share: float) -> Any:
    exact = (1 - share) * a.astype(np.float32) + share * b.astype(np.float32)
    return exact.astype(a.dtype)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_every_floating_dtype_is_interpolated(dtype: np.dtype[Any]) -> None:
    a, b = two(dtype)
    assert is_inexact(dtype)
    middle = graphgen.interpolate(a, b, 0.5)["w"]
    assert middle.dtype == dtype
    assert (middle != a["w"]).any()
    assert (middle != b["w"]).any()
    if is_real(dtype) and dtype.itemsize < 4:
        assert np.array_equal(middle, rounded_once(a["w"], b["w"], 0.5))
    elif dtype.itemsize >= 8:
        wide = 0.5 * a["w"] + 0.5 * b["w"]
        assert np.array_equal(middle, wide)
    ends = [graphgen.interpolate(a, b, share)["w"] for share in (0, 1)]
    assert [end.tobytes() for end in ends] == [a["w"].tobytes(), b["w"].tobytes()]
    assert not np.shares_memory(ends[0], a["w"])


@pytest.mark.parametrize("dtype", COUNTERS, ids=str)
def test_control_counters_are_those_of_the_first(dtype: np.dtype[Any]) -> None:
    a, b = two(dtype)
    assert not is_inexact(dtype)
    assert graphgen.interpolate(a, b, 0.5)["w"].tobytes() == a["w"].tobytes()


def test_control_rounding_each_term_differs_from_rounding_once() -> None:
    rng = np.random.default_rng(1)
    a, b = (rng.normal(size=2000).astype(ml_dtypes.bfloat16) for _ in range(2))
    twice = ((1 - 0.3) * a).astype(a.dtype) + (0.3 * b).astype(a.dtype)
    once = graphgen.interpolate({"w": a}, {"w": b}, 0.3)["w"]
    assert np.array_equal(once, rounded_once(a, b, 0.3))
    assert not np.array_equal(once, twice)


@pytest.mark.parametrize("dtype", [ml_dtypes.bfloat16, np.float16, ml_dtypes.float8_e5m2])
def test_the_barrier_of_half_precision_is_seen(dtype: Any, tmp_path: Any) -> None:
    a, b = {"w": np.array([1, -1], dtype)}, {"w": np.array([-1, 1], dtype)}

    def loss(weights: dict[str, Any]) -> float:
        return 1 - abs(float(weights["w"][0]))

    assert graphgen.loss_barrier(loss, a, b, 5).height == 1
    for name, weights in (("a", a), ("b", b)):
        write_weights(tmp_path / f"{name}.safetensors", weights)
    paths = [tmp_path / f"{name}.safetensors" for name in "ab"]
    assert graphgen.loss_barrier(loss, *paths, points=5).height == 1


@pytest.mark.parametrize(
    ("losses", "height"),
    [
        ((0, 1, 0), 1.0),
        ((0, np.nan, 0), np.nan),
        ((np.nan, 1, 0), np.nan),
        ((0, 1, np.nan), np.nan),
        ((np.nan, np.nan, np.nan), np.nan),
        ((0, 1, np.inf), np.nan),
        ((0, np.inf, 0), np.inf),
        ((0, np.inf, np.nan, 0), np.nan),
        ((0, 5, -np.inf, 0), np.nan),
        ((3, 1, 3), 0.0),
    ],
)
def test_a_loss_that_is_no_number_is_seen(losses: tuple[float, ...], height: float) -> None:
    values = iter(losses)
    barrier = graphgen.loss_barrier(
        lambda weights: next(values), {"w": np.zeros(1)}, {"w": np.ones(1)}, len(losses)
    )
    assert np.array_equal(barrier.height, height, equal_nan=True)


@pytest.mark.parametrize("wrong", ["1.5", "a", None, [1], {}, 1j, 10**400, np.ones(2)])
def test_losses_and_shares_are_numbers(wrong: Any) -> None:
    weights = {"w": np.zeros(1)}
    message = "expected a number"
    with pytest.raises(graphgen.GraphError, match=f"`loss` gave .* {message}"):
        graphgen.loss_barrier(lambda _: wrong, weights, weights, 2)
    with pytest.raises(graphgen.GraphError, match=f"an entry of `losses` is .* {message}"):
        graphgen.Barrier((0, 1), (1.0, wrong))
    with pytest.raises(graphgen.GraphError, match=f"an entry of `shares` is .* {message}"):
        graphgen.Barrier((0, wrong), (1.0, 2.0))
    assert graphgen.Barrier((0, 0.5, 1), (np.float32(0), np.int8(3), True)).height == 2.5


@pytest.mark.parametrize("sign", [1, -1])
def test_losses_of_any_size_have_a_height(sign: int) -> None:
    high = sign * 1e308
    assert graphgen.Barrier((0, 0.5, 1), (-high, high, -high)).height == max(0, sign * np.inf)


@pytest.mark.parametrize("share", [np.nan, np.inf, None, "0.5", [0.5], {}, 1j, 10**400])
def test_a_share_is_a_finite_number(share: Any) -> None:
    with pytest.raises(graphgen.GraphError, match="`share` is .* expected a finite number"):
        graphgen.interpolate({"w": np.zeros(1)}, {"w": np.ones(1)}, share)


def test_what_differs_is_named() -> None:
    a = {"w": np.zeros(2), "only": np.zeros(1), "shape": np.zeros(2), "kind": np.zeros(1)}
    b = {"w": np.zeros(2), "shape": np.zeros(3), "kind": np.zeros(1, int), "more": np.zeros(1)}
    with pytest.raises(graphgen.GraphError) as caught:
        graphgen.interpolate(a, b, 0.5)
    assert str(caught.value).splitlines()[1:] == [
        "  only: only in `a`",
        "  shape: shapes [2] and [3]",
        "  kind: dtypes float64 and int64",
        "  more: only in `b`",
    ]


def test_files_that_differ_are_named(tmp_path: Path) -> None:
    paths = [tmp_path / "first.npz", tmp_path / "second.npz"]
    write_weights(paths[0], {"w": np.zeros(2)})
    write_weights(paths[1], {"w": np.zeros(2), "more": np.zeros(1)})
    for call in (lambda: graphgen.interpolate(*paths, 0.5),
                 lambda: graphgen.loss_barrier(lambda weights: 0.0, *paths)):  # fmt: skip
        with pytest.raises(graphgen.GraphError, match=f"more: only in {paths[1]}") as caught:
            call()
        assert str(paths[0]) in str(caught.value)


@pytest.mark.parametrize("first", DTYPES.values(), ids=str)
def test_any_two_dtypes_have_one_that_holds_both(first: np.dtype[Any]) -> None:
    for second in DTYPES.values():
        if not (is_real(first) and is_real(second)):
            continue
        both = common([first, second])
        for dtype in (first, second):
            values = np.exp2(np.arange(-3.0, 4)).astype(dtype)
            assert np.array_equal(values.astype(both).astype(dtype), values)
