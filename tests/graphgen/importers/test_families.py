"""Families of transformers are imported as they compute, with their weights bit by bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from oracles.families import FAMILIES, Family
from oracles.imported_modules import LIMIT, flat

import graphgen
from graphgen.importers import Imported, from_huggingface
from graphgen.importers.batches import with_batch
from graphgen.importers.huggingface.experts import use_every_expert
from graphgen.importers.huggingface.outputs import chosen_outputs
from graphgen.importers.imported import finish
from graphgen.importers.torch.module import exported
from graphgen.importers.torch.program import read_program

REFUSED: dict[str, str] = {}
"""The families that are refused, and a part of the reason."""


def imported(family: Family, module: Any) -> Imported:
    use_every_expert(module.config)
    program = exported(module, family.inputs() | dict(family.flags))
    read = read_program(program).of_outputs(chosen_outputs(program))
    network, axes = with_batch(read.trace, read.input_shapes, 0)
    return finish(network, axes)


def wanted(family: Family, module: Any, inputs: dict[str, torch.Tensor]) -> list[np.ndarray]:
    use_every_expert(module.config)
    with torch.no_grad():
        result = module(**inputs, **family.flags)
    named = {name: value for name, value in result.items() if isinstance(value, torch.Tensor)}
    for name in ("logits", "last_hidden_state"):
        if name in named:
            return [named[name].numpy()]
    kept = [n for n in named if not n.endswith(LEFT_OUT) and not n.startswith("logits_per_")]
    return [each.numpy() for name in kept for each in flat(named[name])]


LEFT_OUT = ("loss", "past_key_values", "hidden_states", "attentions", "mems", "state")


def computed(found: Imported, inputs: dict[str, torch.Tensor]) -> list[np.ndarray]:
    given = found.inputs_of(*(x.numpy() for x in inputs.values()))
    result = graphgen.evaluate(found.net, found.weights, *given)
    return list(result) if isinstance(result, tuple) else [result]


def distance(found: list[np.ndarray], meant: list[np.ndarray]) -> float:
    assert [y.shape for y in found] == [y.shape for y in meant]
    return max(
        float(np.abs(y - want).max() / max(1.0, np.abs(want).max()))
        for y, want in zip(found, meant, strict=True)
    )


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_family(family: Family) -> None:
    module = family.make()
    found = imported(family, module)
    inputs = family.inputs()
    meant = wanted(family, module, inputs)
    assert distance(computed(found, inputs), meant) <= LIMIT

    graph = graphgen.compile(found.net, found.weights)
    graphgen.verify(graph)
    for name, array in graph.weights().items():
        assert array.dtype == found.weights[name].dtype
        assert np.array_equal(array, found.weights[name])

    moved = graphgen.symmetries(found.net).sample(np.random.default_rng(0)).apply(found.weights)
    assert distance(computed(replace(found, weights=moved), inputs), meant) <= LIMIT

    # Another input gives another output, and so do other weights: neither check passes by itself.
    name = max(found.net.parameters, key=lambda n: found.weights[n].size)
    broken = {**found.weights, name: found.weights[name] + 0.1}
    assert distance(computed(replace(found, weights=broken), inputs), meant) > LIMIT


@pytest.mark.parametrize("name", ["llama", "bert", "vit", "mixtral", "whisper", "clip"])
def test_folder(name: str, tmp_path: Path) -> None:
    family = next(each for each in FAMILIES if each.name == name)
    module = family.make().float()
    module.save_pretrained(tmp_path)
    inputs = {key: x.float() if x.is_floating_point() else x for key, x in family.inputs().items()}
    shapes = {key: list(x.shape[1:]) for key, x in inputs.items()}
    found = from_huggingface(tmp_path, shapes=shapes)
    assert distance(computed(found, inputs), wanted(family, module, inputs)) <= 1e-4
