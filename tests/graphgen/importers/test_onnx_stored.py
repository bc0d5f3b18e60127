"""What a file stores that was never learned is constant: masks, frequencies, tables of waves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from graphgen.importers.onnx.stored import is_fixed

FREQUENCIES = 10000.0 ** -(np.arange(0, 16, 2) / 16)
ANGLES = np.arange(64)[:, None] * FREQUENCIES
BOTH = np.stack([np.sin(ANGLES), np.cos(ANGLES)], -1).reshape(64, 16)
NUMBERS = np.random.default_rng(0)

FIXED = {
    "a causal mask": np.tri(6)[None, None],
    "a mask that is added": np.where(np.tri(6) > 0, 0, -1e9),
    "one of minus infinity": np.where(np.tri(6) > 0, 0, -np.inf),
    "frequencies": FREQUENCIES,
    "cosines": np.cos(np.concatenate([ANGLES, ANGLES], 1))[None, None],
    "sines": np.sin(ANGLES),
    "sines and cosines": BOTH[None],
}
LEARNED = {
    "a matrix": NUMBERS.standard_normal((8, 8)),
    "a scale that began at one": np.ones(8),
    "a table that began at zero": np.zeros((8, 8)),
    "a table between 0 and 1": NUMBERS.random((9, 6)),
    "cosines that were trained further": np.cos(ANGLES) + 0.5 * NUMBERS.standard_normal((64, 8)),
    "two numbers": np.array([1, 0.5]),
    "frequencies that were trained": FREQUENCIES * np.linspace(1, 1.2, 8),
}


@pytest.mark.parametrize("name", FIXED)
def test_what_a_formula_gives_is_no_parameter(name: str) -> None:
    assert is_fixed(FIXED[name].astype(np.float32))


@pytest.mark.parametrize("name", LEARNED)
def test_what_was_learned_is_one(name: str) -> None:
    array: Any = LEARNED[name]
    assert not is_fixed(array.astype(np.float32))
