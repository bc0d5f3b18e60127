from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import graphgen
import spec
from graphgen.surgery.prune import prune
from graphgen.surgery.scores import lowest, unit_scores
from graphgen.surgery.variables import said, variables_for
from graphgen.testing import random_weights
from graphgen.units.derivation import units

TEXT = """
# what this is
name: net
vars: {inner: 6, sizes: [8, 4], ratio: 2.0}  # numbers of neurons
inputs: {x: [5]}
layers:
  - repeat:
      times: "${len(sizes)}"
      index: i
      layers: [{linear: {out_features: "${sizes[i]}"}}, relu]
  - linear: {out_features: $inner}
  - relu
  - linear: {out_features: "${int(inner * ratio)}"}
  - relu
  - linear: {out_features: 2}
"""


def without(net: spec.Architecture, **counts: int) -> spec.Architecture:
    """Leave out so many of the families of some layers."""
    weights, found = random_weights(net, np.random.default_rng(0)), units(net)
    gone = [found[f"{n[1:]}/neuron"][k] for n, count in counts.items() for k in range(count)]
    return prune(net, weights, gone).net


def test_variables_say_it_and_the_rest_of_the_text_stays(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(TEXT)
    net = spec.load(path)
    for counts, expected in (
        ({}, {}),
        ({"_0": 3}, {"sizes": [5, 4]}),
        ({"_0": 1, "_2": 2}, {"sizes": [7, 2]}),
        ({"_4": 2, "_6": 4}, {"inner": 4}),
        ({"_6": 3}, {"ratio": 1.5}),
        ({"_4": 3, "_6": 3}, {"inner": 3, "ratio": 3.0}),
    ):
        smaller = without(net, **counts)
        assert variables_for(path, smaller) == expected
        text = said(path, smaller, expected)
        assert text is not None
        assert spec.loads(text).hash == smaller.hash
        changed = [
            (a, b) for a, b in zip(TEXT.split("\n"), text.split("\n"), strict=True) if a != b
        ]
        assert all(a.startswith("vars:") and b.endswith("numbers of neurons") for a, b in changed)
        assert bool(changed) == bool(expected)


def test_what_they_cannot_say(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(TEXT.replace("out_features: $inner", 'out_features: "${sizes[0]}"'))
    net = spec.load(path)
    assert variables_for(path, without(net, _4=1)) is None
    assert variables_for(path, without(net, _0=1, _4=1)) == {"sizes": [7, 4]}
    assert variables_for("resnet", spec.load("cnn")) is None
    assert said("resnet", spec.load("cnn"), {"width": 3}) is None
    with pytest.raises(graphgen.GraphError, match="`net` is an int, 3; expected a Architecture"):
        variables_for("resnet", 3)  # type: ignore[arg-type]


def test_variables_that_were_set() -> None:
    net = spec.load("resnet", width=16, classes=3)
    weights = random_weights(net, np.random.default_rng(0))
    smaller = prune(net, weights, lowest(net, unit_scores(net, weights), share=0.25)).net
    found = variables_for("resnet", smaller, {"width": 16, "classes": 3})
    assert found == {"width": 12, "classes": 3}
    assert spec.load("resnet", **found).hash == smaller.hash
    assert spec.loads(said("resnet", smaller, found) or "").hash == smaller.hash


@pytest.mark.parametrize("name", ["mlp", "cnn", "unet", "densenet", "convnext"])
def test_reference_networks_of_uniform_widths(name: str) -> None:
    net = spec.load(name)
    weights = random_weights(net, np.random.default_rng(0))
    smaller = prune(net, weights, lowest(net, unit_scores(net, weights), share=0.5)).net
    found = variables_for(name, smaller)
    assert found
    assert spec.load(name, **found).hash == smaller.hash
