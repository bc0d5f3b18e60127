"""What `save_pretrained` of transformers writes is read by the reference networks as it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from published.references.experts import mixtral, qwen2_moe
from published.references.reference_networks import albert, bert, gpt2, llama, vit

import graphgen
import spec
from graphgen.files import read_weights
from graphgen.testing import random_inputs
from pipelines.cli import main

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
SIZES = {"vocabulary": 32, "length": 6, "width": 8, "heads": 2, "depth": 2}

# The model, the reference network, its variables, and the model's inputs by name.
MODELS: dict[str, tuple[Callable[[], Any], str, dict[str, Any], tuple[str, ...]]] = {
    "GPT-2": (gpt2, "gpt2", SIZES, ("input_ids",)),
    "GPT-2 without its head": (lambda: gpt2(True), "gpt2", SIZES, ("input_ids",)),
    "Llama": (lambda: llama(False), "llama", {}, ("input_ids",)),
    "Llama, tied": (lambda: llama(True), "llama", {"tied": True}, ("input_ids",)),
    "BERT": (bert, "bert", {}, ("input_ids", "token_type_ids")),
    "Mixtral": (mixtral, "published/mixtral", {}, ("input_ids",)),
    "Qwen2-MoE": (qwen2_moe, "published/qwen2_moe", {}, ("input_ids",)),
    "ALBERT": (albert, "albert", {}, ("input_ids", "token_type_ids")),
    "ViT": (vit, "vit", {"eps": 1e-12}, ("pixel_values",)),
}


@cache
def model(name: str) -> Any:
    torch.manual_seed(0)
    made = MODELS[name][0]().double().eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(std=0.3)
    return made


@pytest.fixture(params=MODELS)
def saved(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    model(request.param).save_pretrained(tmp_path / "model")
    return request.param, tmp_path / "model"


def reference(name: str) -> spec.Architecture:
    _, net, variables, _ = MODELS[name]
    return spec.load(Path(spec.__file__).parent / "nets" / f"{net}.yaml", **variables)


def tolerance(name: str) -> float:
    """Give the precision of the reference: norms, angles and shares of some are in float32."""
    return 1e-6 if name.startswith(("Llama", "Mixtral", "Qwen2")) else 1e-10


def outputs(
    name: str, inputs: list[np.ndarray[Any, Any]], made: Any = None
) -> np.ndarray[Any, Any]:
    made = made or model(name)
    given = dict(zip(MODELS[name][3], map(torch.from_numpy, inputs), strict=True))
    with torch.no_grad():
        found = made(**given)
        if name == "GPT-2 without its head":
            return np.asarray(found.last_hidden_state @ made.wte.weight.T)
        return np.asarray(found.pooler_output if name == "ALBERT" else found.logits)


def test_the_function_is_that_of_transformers(saved: tuple[str, Path]) -> None:
    name, folder = saved
    net = reference(name)
    inputs = random_inputs(net, np.random.default_rng(0))
    expected = outputs(name, inputs)
    for source in (folder, folder / "model.safetensors"):
        found = graphgen.evaluate(net, source, *inputs)
        assert found.dtype == np.float64
        assert np.abs(found - expected).max() < tolerance(name)
    graph = graphgen.compile(net, folder, "computation")
    assert np.abs(graphgen.evaluate(graph, *inputs) - expected).max() < tolerance(name)
    shifted = [x + 0.1 if x.dtype == np.float64 else (x + 1) % 2 for x in inputs]
    assert np.abs(outputs(name, shifted) - expected).max() > 1e-3


def test_it_comes_back_bit_by_bit_and_transformers_takes_it(saved: tuple[str, Path]) -> None:
    name, folder = saved
    net = reference(name)
    checkpoint = graphgen.Checkpoint.read(net, folder)
    stored = read_weights(folder)
    graph = graphgen.compile(net, folder)
    graph.verify()
    back = checkpoint.restore(graph.weights())
    assert back.keys() == stored.keys()
    assert all(back[key].tobytes() == stored[key].tobytes() for key in stored)
    moved = graphgen.symmetries(net).sample(np.random.default_rng(1)).apply(graph.weights())
    inputs = random_inputs(net, np.random.default_rng(0))
    before = outputs(name, inputs)
    checkpoint.write(folder.parent / "model.safetensors", moved)
    (folder.parent / "model.safetensors").replace(folder / "model.safetensors")
    assert any(x.tobytes() != graph.tensors[key].tobytes() for key, x in moved.items())
    made = model(name)
    again = type(made).from_pretrained(folder, config=made.config, dtype=torch.float64).eval()
    assert np.abs(outputs(name, inputs, again) - before).max() < tolerance(name)


def test_commands_take_it(saved: tuple[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    name, folder = saved
    _, net, variables, _ = MODELS[name]
    described = str(Path(spec.__file__).parent / "nets" / f"{net}.yaml")
    sets = [f"--set={key}={json.dumps(value)}" for key, value in variables.items()]
    main(["check", described, str(folder), "--values", *sets])
    assert "fits" in capsys.readouterr().out
    main(["compile", described, str(folder), "--out", str(folder / "graphs"), *sets])
    assert "1 graph" in capsys.readouterr().out
    main(["symmetries", described, *sets])
    assert "permutations" in capsys.readouterr().out
    aligned = str(folder.parent / "aligned.safetensors")
    main(["match", described, str(folder), str(folder), "--out", aligned, *sets])
    main(["check", described, aligned, *sets])
    assert read_weights(aligned).keys() == read_weights(folder).keys()


@pytest.mark.parametrize("name", MODELS)
def test_state_dicts_with_every_name_are_read_too(name: str, tmp_path: Path) -> None:
    net = reference(name)
    save: Callable[..., Any] = torch.save
    save(model(name).state_dict(), tmp_path / "pytorch_model.bin")
    checkpoint = graphgen.Checkpoint.read(net, tmp_path)
    model(name).save_pretrained(tmp_path / "model")
    expected = graphgen.Checkpoint.read(net, tmp_path / "model").weights
    assert all(checkpoint.weights[k].tobytes() == x.tobytes() for k, x in expected.items())
    arrays = {k: v.detach().numpy() for k, v in model(name).state_dict().items()}
    assert all(
        graphgen.Checkpoint.read(net, arrays).weights[k].tobytes() == x.tobytes()
        for k, x in expected.items()
    )
    if name in ("GPT-2", "Llama, tied"):
        arrays["lm_head.weight"] = arrays["lm_head.weight"] + 1
        with pytest.raises(graphgen.GraphError, match=r"lm_head\.weight: not the same as"):
            graphgen.compile(net, arrays)


def test_shards_of_transformers_are_read(tmp_path: Path) -> None:
    made = model("Llama")
    made.save_pretrained(tmp_path / "whole")
    made.save_pretrained(tmp_path / "shards", max_shard_size="10KB")
    assert len([*(tmp_path / "shards").glob("model-*.safetensors")]) > 2
    whole, shards = (read_weights(tmp_path / part) for part in ("whole", "shards"))
    assert whole.keys() == shards.keys()
    assert all(whole[name].tobytes() == shards[name].tobytes() for name in whole)


def test_control_without_its_map_gpt2_is_refused(tmp_path: Path) -> None:
    model("GPT-2").save_pretrained(tmp_path)
    text = (Path(spec.__file__).parent / "nets" / "gpt2.yaml").read_text()
    net = spec.loads(text[: text.index("checkpoint:")])
    with pytest.raises(graphgen.GraphError) as caught:
        graphgen.compile(net, tmp_path)
    assert "did you mean 'transformer.h.0.attn.c_attn.weight'" in str(caught.value)
