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
from oracles.wide import in_float64

import graphgen
from graphgen.importers import Imported, ImportRefusalError, from_huggingface
from graphgen.importers.batches import with_batch
from graphgen.importers.huggingface.modules import padding_of
from graphgen.importers.huggingface.outputs import chosen_outputs
from graphgen.importers.imported import finish
from graphgen.importers.torch.module import exported
from graphgen.importers.torch.program import read_program

REFUSED: dict[str, str] = {}
"""The families that are refused, and a part of the reason."""

COMMON = (
    "gpt2", "gptj", "bloom", "llama", "gemma3", "falcon", "mixtral", "deepseek_v3", "mamba", "bert",
    "roberta", "deberta_v2", "xlnet", "t5", "bart", "vit", "beit", "swin", "resnet", "segformer",
    "wav2vec2", "whisper", "clip", "patchtst",
)  # fmt: skip
"""Those that are tried each time: one of each kind."""

EACH = [
    pytest.param(each, id=each.name, marks=() if each.name in COMMON else pytest.mark.long)
    for each in FAMILIES
]


def imported(
    family: Family, module: Any, inputs: dict[str, torch.Tensor] | None = None
) -> Imported:
    program = exported(module, (inputs or family.inputs()) | dict(family.flags))
    read = read_program(program).of_outputs(chosen_outputs(program)).without(padding_of(module))
    network, axes = with_batch(read.trace, read.input_shapes, 0)
    return finish(network, axes)


def wanted(family: Family, module: Any, inputs: dict[str, torch.Tensor]) -> list[np.ndarray]:
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


@pytest.mark.parametrize("family", EACH)
def test_family(family: Family) -> None:
    with in_float64():
        module = family.make()
        if family.name in REFUSED:
            with pytest.raises(ImportRefusalError, match=REFUSED[family.name]):
                imported(family, module)
            return
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

    # Other weights give another output: no check passes by itself.
    name = max(found.net.parameters, key=lambda n: found.weights[n].size)
    noise = np.random.default_rng(1).standard_normal(found.weights[name].shape)
    broken = {**found.weights, name: found.weights[name] + 0.1 * noise}
    assert distance(computed(replace(found, weights=broken), inputs), meant) > LIMIT


@pytest.mark.long
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_family_in_float32(family: Family) -> None:
    if family.name in REFUSED:
        return
    module = family.make().float()
    inputs = in_float32(family)
    found = imported(family, module, inputs)
    assert distance(computed(found, inputs), wanted(family, module, inputs)) <= 1e-4


def in_float32(family: Family) -> dict[str, torch.Tensor]:
    return {name: x.float() if x.is_floating_point() else x for name, x in family.inputs().items()}


@pytest.mark.parametrize("name", ["llama", "bert", "vit", "mixtral", "whisper", "clip"])
def test_folder(name: str, tmp_path: Path) -> None:
    family = next(each for each in FAMILIES if each.name == name)
    module = family.make().float()
    module.save_pretrained(tmp_path)
    inputs = in_float32(family)
    shapes = {key: list(x.shape[1:]) for key, x in inputs.items()}
    found = from_huggingface(tmp_path, shapes=shapes)
    assert distance(computed(found, inputs), wanted(family, module, inputs)) <= 1e-4
