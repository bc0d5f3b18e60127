from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import pytest

import spec

NETS = Path(spec.__file__).parent / "nets"
IMAGENET: dict[str, Any] = {"channels": 3, "size": 224, "classes": 1000}

# The sizes of the originals, and how many parameters their authors or libraries count.
ORIGINALS: dict[str, tuple[dict[str, Any], int]] = {
    "resnet": ({**IMAGENET, "width": 64, "blocks": [2, 2, 2, 2], "imagenet": True}, 11_689_512),
    "densenet": (
        {**IMAGENET, "width": 64, "growth": 32, "blocks": [6, 12, 24, 16],
         "transitions": [128, 256, 512], "imagenet": True},
        7_978_856,
    ),
    "mobilenet": (
        {**IMAGENET, "width": 32, "last": 1280,
         "rows": [[1, 16, 1, 1], [6, 24, 2, 2], [6, 32, 3, 2], [6, 64, 4, 2], [6, 96, 3, 1],
                  [6, 160, 3, 2], [6, 320, 1, 1]]},
        3_504_872,
    ),
    "convnext": (
        {**IMAGENET, "patch": 4, "widths": [96, 192, 384, 768], "blocks": [3, 3, 9, 3]},
        28_589_128,
    ),
    "vit": (
        {**IMAGENET, "patch": 16, "width": 768, "heads": 12, "hidden": 3072, "depth": 12},
        86_567_656,
    ),
    "mixer": (
        {**IMAGENET, "patch": 16, "width": 768, "tokens": 384, "hidden": 3072, "depth": 12},
        59_880_472,
    ),
    "albert": (
        {"vocabulary": 30000, "length": 512, "size": 128, "width": 768, "heads": 12,
         "hidden": 3072, "depth": 12},
        11_683_584,
    ),
    "bert": (
        {"vocabulary": 30522, "length": 512, "width": 768, "heads": 12, "hidden": 3072,
         "depth": 12, "classes": 2},
        109_483_778,
    ),
    "gpt2": (
        {"vocabulary": 50257, "length": 1024, "width": 768, "heads": 12, "depth": 12},
        124_439_808,
    ),
    "llama": (
        {"vocabulary": 128256, "length": 8192, "width": 4096, "heads": 32, "kv_heads": 8,
         "hidden": 14336, "depth": 32, "base": 500000},
        8_030_261_248,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(ORIGINALS))
def test_a_network_of_the_original_size_has_as_many_parameters(name: str) -> None:
    variables, count = ORIGINALS[name]
    net = spec.load(NETS / f"{name}.yaml", **variables)
    assert sum(prod(shape) for shape in net.parameters.values()) == count


NAMES = {
    "albert": ["embeddings.word_embeddings.weight", "encoder.embedding_hidden_mapping_in.bias",
               "encoder.albert_layer_groups.0.albert_layers.0.full_layer_layer_norm.weight",
               "pooler.weight"],
    "resnet": ["conv1.weight", "bn1.running_mean", "layer2.0.conv1.weight", "fc.weight",
               "layer2.0.downsample.0.weight", "layer2.0.downsample.1.num_batches_tracked"],
    "densenet": ["features.conv0.weight", "features.denseblock2.denselayer1.norm1.weight",
                 "features.transition1.conv.weight", "features.norm5.bias", "classifier.bias"],
    "convnext": ["downsample_layers.0.0.weight", "downsample_layers.0.1.weight",
                 "downsample_layers.1.0.bias", "downsample_layers.1.1.weight",
                 "stages.1.0.dwconv.weight", "stages.0.0.gamma", "stages.0.0.pwconv2.bias"],
    "vit": ["conv_proj.weight", "class_token", "encoder.pos_embedding", "heads.head.bias",
            "encoder.layers.encoder_layer_1.self_attention.in_proj_weight",
            "encoder.layers.encoder_layer_1.mlp.3.weight", "encoder.ln.weight"],
    "bert": ["bert.embeddings.token_type_embeddings.weight", "bert.embeddings.LayerNorm.weight",
             "bert.encoder.layer.1.attention.self.query.bias", "bert.pooler.dense.weight",
             "bert.encoder.layer.1.attention.output.LayerNorm.bias", "classifier.weight",
             "bert.encoder.layer.0.intermediate.dense.weight"],
    "gpt2": ["wte.weight", "wpe.weight", "h.1.ln_1.bias", "h.0.attn.c_attn.bias",
             "h.0.mlp.c_proj.bias", "ln_f.weight"],
    "llama": ["model.embed_tokens.weight", "model.layers.1.input_layernorm.weight",
              "model.layers.0.self_attn.q_proj.weight", "model.layers.0.self_attn.o_proj.weight",
              "model.layers.1.mlp.gate_proj.weight", "model.norm.weight", "lm_head.weight"],
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(NAMES))
def test_tensors_have_the_names_of_published_checkpoints(name: str) -> None:
    net = spec.load(NETS / f"{name}.yaml")
    assert set(NAMES[name]) <= set(net.tensors)


def test_matrices_that_a_checkpoint_stores_transposed_have_names_of_their_own() -> None:
    net = spec.load(NETS / "gpt2.yaml")
    theirs = ("c_attn.weight", "c_proj.weight", "c_fc.weight")
    assert not [name for name in net.tensors if name.endswith(theirs)]
    assert "head.weight" not in net.tensors


def test_networks_over_words_have_inputs_of_indices() -> None:
    for name in ("albert", "bert", "gpt2", "llama", "lstm_classifier"):
        assert spec.load(NETS / f"{name}.yaml", vocabulary=40).index_inputs["tokens"] == 40
    assert spec.load(NETS / "bert.yaml").index_inputs["segments"] == 2
    assert not spec.load(NETS / "vit.yaml").index_inputs
