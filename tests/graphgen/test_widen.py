from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest
from oracles.imported_modules import imported, made_random
from oracles.popular_attentive import ATTENTIVE, numbers
from oracles.popular_convolutional import CONVOLUTIONAL

import graphgen
import spec
from graphgen.surgery.prune import prune
from graphgen.surgery.widen import widen
from graphgen.testing import random_inputs, random_weights, relative_error
from graphgen.units.derivation import units
from spec.testing import description

NETS = sorted(path.stem for path in Path(spec.__file__).parent.glob("nets/*.yaml"))
IMPORTED = {
    **{name: (make, (numbers(*shape),)) for name, (make, shape) in CONVOLUTIONAL.items()},
    **ATTENTIVE,
}
ALL = pytest.param(1_000, marks=pytest.mark.long)


def outputs(net, weights, x):
    """Run a network, and give its outputs in a tuple."""
    found = graphgen.evaluate(net, weights, *x)
    return found if isinstance(found, tuple) else (found,)


def check(net: spec.Architecture, rng: np.random.Generator, most: int = 1_000) -> list[str]:
    """Widen family by family, some units or all of them, and compare; list what was refused."""
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    refused = []
    with np.errstate(all="ignore"):
        expected = outputs(net, weights, x)
    families = [*units(net).families.values()]
    for number, at in enumerate(rng.permutation(len(families))[:most]):
        family = families[at]
        some = [
            family[(*copy, int(k))]
            for copy in np.ndindex(*family.copies)
            for k in rng.integers(family.size, size=1 + family.size // 2)
        ]
        added = [*family] if family.together else some
        noise = 0.2 * (number % 2)
        try:
            wider, more = widen(net, weights, added, noise=noise, rng=rng)
        except graphgen.GraphError as error:
            refused.append(f"{family.kind}: {error}")
            continue
        with np.errstate(all="ignore"):
            actual = outputs(wider, more, x)
        for a, b in zip(actual, expected, strict=True):
            assert not np.isfinite(b).all() or relative_error(a, b) < 1e-12, family
        assert units(wider)[family.name].size > family.size
    return refused


@pytest.mark.parametrize("most", [4, ALL])
@pytest.mark.parametrize("name", NETS)
def test_widened_is_the_same(name: str, most: int) -> None:
    net = spec.load(Path(spec.__file__).parent / "nets" / f"{name}.yaml")
    for told in check(net, np.random.default_rng(0), most):
        key = "key dimension" in told and "which would count copies twice" in told
        said = "cannot say what it is" in told and ("dimension" in told or "lstm" in told)
        assert key or said or "makes these units and also reads them" in told, told


@pytest.mark.parametrize(
    "seed", [*range(12), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(12, 100))]
)
def test_widened_is_the_same_in_random_networks(seed: int) -> None:
    check(spec.loads(description(Random(seed))), np.random.default_rng(seed))


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long) for name in IMPORTED if name != "gpt"]
            + ["gpt"],
)  # fmt: skip
def test_widened_is_the_same_in_imported_networks(name: str) -> None:
    make, inputs = IMPORTED[name]
    net = imported(made_random(make()), *inputs).net
    refused = check(net, np.random.default_rng(0), most=4)
    assert len(refused) < 4 or name in ("sequence to sequence", "swin"), refused


def example(name):
    net = graphgen.sources.architecture_from(name)
    rng = np.random.default_rng(0)
    return net, random_weights(net, rng), random_inputs(net, rng)


def test_what_goes_out_must_be_shared() -> None:
    net, weights, x = example("resnet")
    family = units(net)["conv1/channel"]
    expected = outputs(net, weights, x)
    wider, more = widen(net, weights, [family[0]])
    assert more["layer1.0.conv1.weight"].shape[1] == family.size + 1
    shared = np.isin(more["layer1.0.conv1.weight"], weights["layer1.0.conv1.weight"] / 2)
    assert shared[:, [0, -1]].all()
    assert not shared[:, 1:-1].any()
    whole = {name: array.copy() for name, array in more.items()}
    whole["layer1.0.conv1.weight"][:, [0, -1]] *= 2
    assert max(map(relative_error, outputs(wider, more, x), expected)) < 1e-12
    assert max(map(relative_error, outputs(wider, whole, x), expected)) > 1e-3


def test_noise_takes_copies_apart_and_pruning_takes_them_out_again() -> None:
    net, weights, _ = example("mlp")
    family = units(net)["1/neuron"]
    rng = np.random.default_rng(0)
    wider, more = widen(net, weights, [family[0], family[0]], noise=1.0, rng=rng)
    out = next(own for own in family[0].slices if own.axis == 1)
    columns = more[out.tensor][:, [0, -2, -1]]
    assert np.allclose(columns.sum(1), weights[out.tensor][:, 0])
    assert np.abs(columns[:, 0] - columns[:, 1]).min() > 1e-6
    copies = units(wider)["1/neuron"]
    smaller, left = prune(wider, more, [copies[family.size], copies[family.size + 1]])
    assert smaller.hash == net.hash
    assert all(np.array_equal(left[n], weights[n]) for n in weights if n != out.tensor)


def test_norms_want_all_equally_often() -> None:
    net, weights, x = example("vit")
    family = units(net)["conv_proj/channel"]
    told = "a layer norm over them .* comes equally often"
    with pytest.raises(graphgen.GraphError, match=told):
        widen(net, weights, [family[0]])
    wider, more = widen(net, weights, [*family, *family])
    assert units(wider)["conv_proj/channel"].size == 3 * family.size
    expected = outputs(net, weights, x)
    assert max(map(relative_error, outputs(wider, more, x), expected)) < 1e-12


def test_refusals() -> None:
    net, weights, _ = example("gpt2")
    found = units(net)
    with pytest.raises(graphgen.GraphError, match=r"wte.weight makes these units and also reads"):
        widen(net, weights, [*found["wte/neuron"]])
    keys = found["h.0.attn/key dimension"]
    with pytest.raises(graphgen.GraphError, match="in each of its 2 copies, got from 0 to 1"):
        widen(net, weights, [keys[0, 1]])
    with pytest.raises(graphgen.GraphError, match="which would count copies twice"):
        widen(net, weights, [keys[0, 1], keys[1, 1]])
    with pytest.raises(graphgen.GraphError, match="`noise` needs `rng`"):
        widen(net, weights, [], noise=0.1)
    with pytest.raises(graphgen.GraphError, match="`noise` is an int, -1"):
        widen(net, weights, [], noise=-1)
    with pytest.raises(graphgen.GraphError, match="is a unit of another network than 'gpt2'"):
        widen(net, weights, [units("mlp")["1/neuron"][0]])
