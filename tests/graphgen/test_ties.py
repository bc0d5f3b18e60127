"""What several networks learned, merged where they agree: against a slow version of the paper."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

import graphgen
import spec
from graphgen.testing import random_weights
from spec.testing import description

Arrays = dict[str, NDArray[Any]]


def slowly(base: Arrays, networks: Sequence[Arrays], density: float) -> Arrays:
    """Trim, elect and average as the paper's algorithm 1 has it, number by number."""
    found = {}
    for name, own in base.items():
        if own.dtype.kind != "f":
            found[name] = own
            continue
        tasks = [[float(x) for x in (w[name] - own).ravel()] for w in networks]
        for task in tasks:
            count = max(1, int(density * len(task)))
            places = sorted(range(len(task)), key=lambda at: (-abs(task[at]), at))
            for at in places[count:]:
                task[at] = 0.0
        merged = []
        for numbers in zip(*tasks, strict=True):
            up = sum(x for x in numbers if x > 0)
            down = sum(-x for x in numbers if x < 0)
            agreed = [x for x in numbers if (x > 0 if up >= down else x < 0)]
            merged.append(sum(agreed) / len(agreed) if agreed else 0.0)
        found[name] = own + np.array(merged).reshape(own.shape)
    return found


def several(net: spec.Architecture, count: int = 4) -> list[Arrays]:
    return [random_weights(net, np.random.default_rng(seed)) for seed in range(count)]


def close(a: Arrays, b: Arrays) -> bool:
    return all(np.allclose(a[name], b[name], rtol=1e-12, atol=1e-13) for name in a)


def test_the_paper_over_networks_of_every_kind() -> None:
    nets = [spec.load(name) for name in ("mlp", "resnet", "llama")]
    nets += [spec.loads(description(Random(seed))) for seed in range(12)]
    for net in nets:
        base, *others = several(net)
        for density in (0.2, 0.55, 1.0):
            found = graphgen.ties(base, others, density=density)
            assert close(found, slowly(base, others, density))
    base, *others = several(nets[0])  # a test that sees another density, and no election
    assert not close(graphgen.ties(base, others, density=0.6), slowly(base, others, 0.2))
    assert not close(graphgen.average(others), slowly(base, others, 1.0))


def test_one_network_comes_back_whole() -> None:
    base, other = several(spec.load("mlp"), 2)
    assert close(graphgen.ties(base, [other], density=1.0), other)
    assert close(graphgen.ties(base, [other], [3.0], density=1.0), other)
    half = graphgen.ties(base, [other], density=1.0, scale=0.5)
    assert close(half, graphgen.interpolate(base, other, 0.5))
    twice = graphgen.ties(base, [other], [2.0], density=1.0, normalize=False)
    assert close(twice, graphgen.task_arithmetic(base, [other], [2.0]))


def test_shares_decide_signs_and_means() -> None:
    base = {"w": np.zeros(4)}
    others = [{"w": np.array([1.0, 1, 1, 4])}, {"w": np.array([3.0, -2, -1, 1])}]
    found = graphgen.ties(base, others, density=1.0)["w"]
    assert found.tolist() == [2, -2, 1, 2.5]
    found = graphgen.ties(base, others, [3, 1], density=1.0)["w"]
    assert found.tolist() == [1.5, 1, 1, 3.25]
    found = graphgen.ties(base, others, [3, 1], density=[0.25, 0.5], normalize=False)["w"]
    assert found.tolist() == [3, -2, 0, 12]


@pytest.mark.parametrize("kind", [np.float16, ml_dtypes.bfloat16, np.float32, np.int64])
def test_dtypes_are_those_of_the_base(kind: Any) -> None:
    base, other = ({"w": np.array([1, 2, value]).astype(kind)} for value in (3, 5))
    found = graphgen.ties(base, [other], density=1.0)["w"]
    assert found.dtype == base["w"].dtype
    assert found.astype(float).tolist() == [1, 2, 3 if kind is np.int64 else 5]
    empty = {"w": np.zeros((0, 3), kind)}
    assert graphgen.ties(empty, [empty])["w"].shape == (0, 3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"density": 0}, "`density` is 0; expected what is above 0"),
        ({"density": 1.5}, "at most 1"),
        ({"density": [0.5, 0.5]}, "expected 1 finite numbers"),
        ({"density": True}, "`density`"),
        ({"density": np.nan}, "`density`"),
        ({"scale": np.inf}, "`scale`"),
        ({"normalize": 1}, "`normalize` is"),
        ({"shares": [1, 2]}, "`shares`"),
    ],
)
def test_settings_that_do_not_fit(settings: dict[str, Any], message: str) -> None:
    base, other = several(spec.load("mlp"), 2)
    with pytest.raises(graphgen.GraphError, match=message):
        graphgen.ties(base, [other], **settings)


def test_networks_that_do_not_fit() -> None:
    base = {"w": np.zeros(2, complex)}
    with pytest.raises(graphgen.GraphError, match="w has complex numbers"):
        graphgen.ties(base, [base])
    with pytest.raises(graphgen.GraphError, match="is an empty list"):
        graphgen.ties(base, [])
    broken = {"w": np.array([0, np.nan])}
    with pytest.raises(graphgen.GraphError, match=r"networks\[0\].*\n  w: 1 values are NaN"):
        graphgen.ties({"w": np.zeros(2)}, [broken])
    with pytest.raises(graphgen.GraphError, match="only in"):
        graphgen.ties({"v": np.zeros(2)}, [{"w": np.zeros(2)}])
