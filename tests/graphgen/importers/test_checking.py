"""What `gmn import` says of an import beside its framework, on models of all shapes."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

import graphgen
from graphgen.importers import read_model
from graphgen.importers.checking import UncheckedError, checked, sizes_of

MODELS = sorted((Path(onnx.__file__).parent / "backend/test/data").glob("*/*/model.onnx"))


def test_every_model_that_runs_is_checked_and_agrees() -> None:
    verdicts: Counter[str] = Counter()
    for path in MODELS:
        try:
            imported = read_model(path)
        except graphgen.GraphError:
            continue
        try:
            verdicts[checked(imported, path).partition(" on random")[0]] += 1
        except UncheckedError as reason:
            verdicts[str(reason).partition(" (")[0]] += 1
    assert verdicts.pop("checked against onnxruntime") > 80
    # Of models of the first versions of operators, which onnxruntime no longer has.
    assert verdicts.pop("onnxruntime does not open it") < 40
    # Of inputs that have to be lengths, and of those for which there are no finite numbers.
    assert verdicts.pop("onnxruntime does not run it on random inputs", 0) < 3
    assert verdicts.keys() <= {"onnxruntime gives no finite numbers for random inputs"}


def test_control_other_weights_are_told() -> None:
    told = 0
    for path in MODELS[::3]:
        try:
            imported = read_model(path)
            checked(imported, path)
        except (graphgen.GraphError, UncheckedError):
            continue
        trained = [name for name in imported.net.parameters if name in imported.weights]
        if not trained:
            continue
        changed = {**imported.weights, trained[-1]: imported.weights[trained[-1]] + 0.5}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(graphgen.GraphError, match="so nothing is written"):
                checked(replace(imported, weights=changed), path)
        told += 1
    assert told > 5


def test_sizes_are_those_that_a_model_declares() -> None:
    assert sizes_of((None, 3), (3,), 0, 2) == (2, 3)
    assert sizes_of((5, None, 4), (5, 4), 1, 7) == (5, 7, 4)
    assert sizes_of((None,), (1,), 0, 2) == (2,)
    assert sizes_of((2, 3), (2, 3), None, 1) == (2, 3)
    with pytest.raises(UncheckedError, match="an input of 1 axes was imported as"):
        sizes_of((None, None), (2, 3), 0, 2)
    assert np.prod(sizes_of((), (1,), None, 1)) == 1
