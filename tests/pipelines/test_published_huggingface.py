"""A folder of Hugging Face models is a zoo: each computes what transformers does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    LlamaConfig,
    LlamaForCausalLM,
)
from zoo_toys import Inline

from graphgen.evaluate import evaluate
from graphgen.importers import from_huggingface
from graphgen.testing import relative_error
from pipelines.compile import compile_zoo
from pipelines.errors import PipelineError
from pipelines.published import huggingface, open_set
from pipelines.zoo import generate, open_zoo, read_networks

SMALL: dict[str, Any] = {
    "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 12,
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write two BERTs and a Llama, with random weights, and a table."""
    place = tmp_path_factory.mktemp("models")
    torch.manual_seed(0)
    for name in ("bert-a", "bert-b"):
        config = BertConfig(vocab_size=11, max_position_embeddings=6, **SMALL)
        BertForSequenceClassification(config).save_pretrained(place / name)
    config = LlamaConfig(vocab_size=11, num_key_value_heads=1, max_position_embeddings=6, **SMALL)
    LlamaForCausalLM(config).save_pretrained(place / "llama")
    (place / "models.csv").write_text(
        "model,test_accuracy,downloads,data,split\n"
        "bert-b,0.75,12,sst2,test\nbert-a,0.5,,mnli,train\nllama,,3,books,validation\n"
    )
    return place


@pytest.fixture(scope="module")
def zoo(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a zoo of them, in this process; the second BERT is fitted to the first."""
    place = tmp_path_factory.mktemp("zoo")
    line = f"{{set: huggingface, folder: '{folder}', table: '{folder / 'models.csv'}'}}"
    (place / "params.yaml").write_text(f"zoo:\n  published: {line}\ncompile: {{seed: 0}}\n")
    imported: list[str] = []

    def counted(path: Path) -> Any:
        imported.append(path.name)
        return from_huggingface(path)

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr("pipelines.workers.crew.ProcessPool", Inline)
        monkeypatch.setattr(huggingface, "from_huggingface", counted)
        generate(place / "params.yaml", place / "zoo", workers=1)
    assert imported == ["bert-a", "llama"]
    return place


def test_models_compute_what_transformers_does(folder: Path, zoo: Path) -> None:
    tokens = np.array([[3, 1, 4, 1, 5, 9]])
    outputs = []
    for (net, weights, record), kind in zip(
        read_networks(zoo / "zoo"),
        (BertForSequenceClassification, BertForSequenceClassification, LlamaForCausalLM),
        strict=True,
    ):
        model = kind.from_pretrained(folder / record["source"]).eval()
        (size,) = next(iter(net.inputs.values()))
        with torch.no_grad():
            wanted = model(torch.from_numpy(tokens[:, :size])).logits.numpy()
        outputs.append(evaluate(net, weights, tokens[:, :size]))
        assert relative_error(outputs[-1], wanted) < 1e-5
    assert relative_error(*outputs[:2]) > 1e-2


def test_the_table_tells_of_them(zoo: Path, tmp_path: Path) -> None:
    rows = [
        (r["source"], r["family"], r["metrics"], r["training"], r["split"])
        for r in open_zoo(zoo / "zoo")["networks"]
    ]
    assert rows == [
        ("bert-a", "bert", {"test_accuracy": 0.5}, {"data": "mnli"}, "train"),
        ("bert-b", "bert", {"test_accuracy": 0.75, "downloads": 12}, {"data": "sst2"}, "test"),
        ("llama", "llama", {"downloads": 3}, {"data": "books"}, "validation"),
    ]
    graphs = compile_zoo(zoo / "params.yaml", zoo / "zoo", tmp_path / "graphs")
    assert [r["split"] for r in graphs.records] == ["train", "test", "validation"]


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("model,x\nelmo,1\n", "'elmo' has no folder"),
        ("model,x\nllama,1\nllama,2\n", "'llama' is there twice"),
        ("model,split\nllama,dev\n", "the split of 'llama' is 'dev'"),
        ("name,x\nllama,1\n", "no column model"),
        ("", "no column model"),
        ('model,x\n"llama,1', "damaged"),
    ],
)
def test_damaged_tables_are_told(folder: Path, tmp_path: Path, table: str, told: str) -> None:
    (tmp_path / "models.csv").write_text(table)
    with pytest.raises(PipelineError, match=told):
        open_set("huggingface", folder, {"table": str(tmp_path / "models.csv")})


def test_a_model_that_is_refused_is_named(tmp_path: Path) -> None:
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "config.json").write_text('{"model_type": "nothing"}')
    opened = open_set("huggingface", tmp_path)
    with pytest.raises(PipelineError, match="take odd out of"):
        opened.read("odd")
