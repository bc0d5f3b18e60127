"""Folders of Hugging Face: their files in any form, and what is wrong with them."""

from __future__ import annotations

import json
import resource
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.numpy import load_file, save_file

import graphgen
from graphgen import GraphError
from graphgen.importers import from_huggingface

CONFIG = {
    "vocab_size": 24, "hidden_size": 16, "intermediate_size": 12, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 16,
    "tie_word_embeddings": True,
}  # fmt: skip
Change = Callable[[Path], None]


def saved(folder: Path, **options: Any) -> Any:
    torch.manual_seed(0)
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**CONFIG)).eval()
    model.save_pretrained(folder, **options)
    return model


def with_config(**fields: Any) -> Change:
    def change(folder: Path) -> None:
        form = json.loads((folder / "config.json").read_text()) | fields
        form = {name: value for name, value in form.items() if value is not None}
        (folder / "config.json").write_text(json.dumps(form))

    return change


def without_a_tensor(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def cut(folder: Path) -> None:
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[: len(data) // 2])


@pytest.mark.parametrize(
    ("options", "change"),
    [
        ({}, lambda folder: None),
        ({"max_shard_size": "2KB"}, lambda folder: None),
        ({}, with_config(auto_map={"AutoModelForCausalLM": "modeling_x.X"})),
    ],
    ids=["one file", "shards", "code beside it"],
)
def test_a_folder(options: dict[str, Any], change: Change, tmp_path: Path) -> None:
    model = saved(tmp_path, **options)
    change(tmp_path)
    net, weights = from_huggingface(tmp_path)
    ids = np.arange(3, 19)[None]
    with torch.no_grad():
        wanted = model(torch.from_numpy(ids)).logits.numpy()
    assert np.abs(graphgen.evaluate(net, weights, ids) - wanted).max() <= 1e-5


def test_a_folder_that_names_no_class_has_the_base_model(tmp_path: Path) -> None:
    model = saved(tmp_path)
    with_config(architectures=None)(tmp_path)
    net, weights = from_huggingface(tmp_path)
    ids = np.arange(3, 19)[None]
    with torch.no_grad():
        wanted = model.model(torch.from_numpy(ids)).last_hidden_state.numpy()
    assert np.abs(graphgen.evaluate(net, weights, ids) - wanted).max() <= 1e-5


WRONG: dict[str, tuple[Change, str]] = {
    "another model": (with_config(model_type="bert", architectures=["BertModel"]), "weights lack"),
    "a missing tensor": (without_a_tensor, "lack 1 tensors .*up_proj"),
    "a cut file": (cut, "not an intact safetensors file"),
    "quantised": (with_config(quantization_config={"bits": 4}), "quantised"),
    "code of its own": (with_config(model_type="xyz", architectures=["X"]), "is not run"),
    "other sizes": (with_config(intermediate_size=20), "has shape .*expected"),
    "a negative size": (with_config(vocab_size=-3), "cannot build"),
    "a word for a size": (with_config(num_attention_heads="x"), "cannot read"),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), "without weights"),
    "no JSON": (lambda folder: (folder / "config.json").write_text("{") and None, "JSON object"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved(tmp_path)
    change, message = WRONG[name]
    change(tmp_path)
    capsys.readouterr()
    with pytest.raises(GraphError, match=message):
        from_huggingface(tmp_path)
    assert not capsys.readouterr().out


BIG = {
    "gpt2": (
        "GPT2LMHeadModel", transformers.GPT2Config(n_layer=24, n_embd=1024, n_head=16), 10, 150,
    ),
    "llama": (
        "LlamaForCausalLM",
        transformers.LlamaConfig(
            vocab_size=32000, hidden_size=4096, intermediate_size=11008, num_hidden_layers=32,
            num_attention_heads=32,
        ),
        30, 150,
    ),
}  # fmt: skip
"""Their classes, configs, seconds of one core, and lines of YAML."""

READ = """
import resource, sys, time
from graphgen.importers import from_huggingface
found = from_huggingface(sys.argv[1])
print(len(found.text.splitlines()), time.process_time())
"""


@pytest.mark.long
@pytest.mark.parametrize("name", BIG)
def test_a_big_folder(name: str, tmp_path: Path) -> None:
    kind, config, seconds, most_lines = BIG[name]
    config.architectures = [kind]
    config.save_pretrained(tmp_path)
    with torch.device("meta"):
        model = getattr(transformers, kind)(config)
    header, end = {}, 0
    for tensor_name, tensor in model.named_parameters():
        start, end = end, end + 2 * tensor.numel()
        header[tensor_name] = {
            "dtype": "BF16", "shape": list(tensor.shape), "data_offsets": [start, end],
        }  # fmt: skip
    text = json.dumps(header).encode()
    with (tmp_path / "model.safetensors").open("wb") as file:
        # A hole, which takes no room on the disk.
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + end)
    done = subprocess.run(
        [sys.executable, "-c", READ, tmp_path], capture_output=True, text=True, check=True
    )
    lines, used = done.stdout.split()
    assert int(lines) < most_lines
    assert float(used) < seconds
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert peak * 1024 < 1.5 * 2**30
