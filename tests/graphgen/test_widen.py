from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest

import graphgen
import spec
from graphgen.surgery.prune import prune
from graphgen.surgery.widen import widen
from graphgen.testing import random_inputs, random_weights, relative_error
from graphgen.testing.symmetric import outputs
from graphgen.units.derivation import units
from spec.testing import description

NETS = sorted(path.stem for path in Path(spec.__file__).parent.glob("nets/*.yaml"))
REFUSED = "cannot say|which would count|does not stay|makes these units and also reads"


def check(net: spec.Architecture, rng: np.random.Generator) -> list[str]:
    """Widen family by family, some units or all of them, and compare; list what was refused."""
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    refused = []
    with np.errstate(all="ignore"):
        expected = outputs(net, weights, x)
    for family in units(net).families.values():
        some = [
            family[(*copy, int(k))]
            for copy in np.ndindex(*family.copies)
            for k in rng.integers(family.size, size=1 + family.size // 2)
        ]
        added = [*family] if family.together else some
        try:
            wider, more = widen(net, weights, added, noise=0.3, rng=rng)
        except graphgen.GraphError as error:
            refused.append(f"{family.kind}: {error}")
            continue
        with np.errstate(all="ignore"):
            actual = outputs(wider, more, x)
        for a, b in zip(actual, expected, strict=True):
            assert not np.isfinite(b).all() or relative_error(a, b) < 1e-11, family
        assert units(wider)[family.name].size > family.size
    return refused


@pytest.mark.parametrize("name", NETS)
def test_widened_is_the_same(name: str) -> None:
    net = spec.load(Path(spec.__file__).parent / "nets" / f"{name}.yaml")
    for told in check(net, np.random.default_rng(0)):
        assert "dimension" in told or "lstm" in told or "tied" in told or "makes these" in told, told


@pytest.mark.parametrize("seed", range(12))
def test_widened_is_the_same_in_random_networks(seed: int) -> None:
    check(spec.loads(description(Random(seed))), np.random.default_rng(seed))
