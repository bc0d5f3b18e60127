"""Fixed values are said by the words that the language has for them, or by their numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracles.rewrites import evaluated

from graphgen.importers import ImportRefusalError
from graphgen.importers.network import Network, Node
from graphgen.importers.rules.constants import band_of, written_constants


def said(array: np.ndarray) -> Node:
    node = Node("constant", (), "c", array.shape, {"values": array})
    network = Network({"x": (1,)}, (node,), ("c",))
    written = written_constants(network)
    (found, *_) = evaluated(written)
    assert np.array_equal(found, np.broadcast_to(array, (3, *array.shape)))
    return written.nodes[0]


@pytest.mark.parametrize("seed", range(60))
def test_every_band_is_found(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, columns = (int(n) for n in rng.integers(2, 7, 2))
    before, after = (int(n) for n in rng.integers(0, 7, 2))
    place = np.arange(columns) - np.arange(rows)[:, None] - (columns - rows)
    band = (place >= -before) & (place <= after)
    if band.all() or not band.any():
        assert band_of(band) is None
        return
    assert said(band).layer == "band_mask"
    other = band.copy()
    row, column = (int(rng.integers(n)) for n in (rows, columns))
    other[row, column] ^= True
    fields = band_of(other)
    if fields is not None:  # one more or less may be a band again
        assert said(other).layer == "band_mask"


@pytest.mark.parametrize(
    ("array", "layer", "fields"),
    [
        (np.full((2, 3), 0.5), "constant", {"values": 0.5, "shape": [2, 3]}),
        (np.arange(3, 11, 2), "arange", {"start": 3, "end": 11, "step": 2}),
        (np.arange(5), "arange", {"end": 5}),
        (np.array([True, False]), "constant", {"values": [1, 0]}),
        (np.array([0.0, -np.inf]), "constant", {"values": [0.0, -np.inf]}),
        (np.array([0, 1, 2, 4]), "constant", {"values": [0, 1, 2, 4]}),
        (np.array([0.1, 0.2, 0.3, 0.4]), "constant", {"values": [0.1, 0.2, 0.3, 0.4]}),
        (np.array(2.0), "constant", {"values": 2.0}),
    ],
)
def test_words_for_numbers(array: np.ndarray, layer: str, fields: dict[str, Any]) -> None:
    node = said(array)
    assert (node.layer, dict(node.fields)) == (layer, fields)


def test_too_many_numbers_are_refused() -> None:
    array = np.random.default_rng(0).standard_normal(60_000)
    node = Node("constant", (), "c", array.shape, {"values": array}, scope="a.b", source="op")
    with pytest.raises(ImportRefusalError, match=r"op in a.b: .* \[60000\] has 60,000 numbers"):
        written_constants(Network({"x": (1,)}, (node,), ("c",)))
