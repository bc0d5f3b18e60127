"""Reference networks that read the files of transformers."""

from __future__ import annotations

from transformers import (
    AlbertConfig,
    AlbertModel,
    BertConfig,
    BertForSequenceClassification,
    GPT2Config,
    GPT2LMHeadModel,
    GPT2Model,
    LlamaConfig,
    LlamaForCausalLM,
    ViTConfig,
    ViTForImageClassification,
)

from published.network import Published


def gpt2(headless: bool = False) -> GPT2LMHeadModel | GPT2Model:
    config = GPT2Config(
        vocab_size=32, n_positions=6, n_embd=8, n_head=2, n_layer=2, bos_token_id=0, eos_token_id=0
    )
    return (GPT2Model if headless else GPT2LMHeadModel)(config)


def llama(tied: bool = False) -> LlamaForCausalLM:
    config = LlamaConfig(
        vocab_size=32, hidden_size=16, intermediate_size=12, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, rms_norm_eps=1e-5, max_position_embeddings=6,
        tie_word_embeddings=tied,
    )  # fmt: skip
    return LlamaForCausalLM(config)


def bert() -> BertForSequenceClassification:
    config = BertConfig(
        vocab_size=32, hidden_size=8, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=6, num_labels=3,
    )  # fmt: skip
    return BertForSequenceClassification(config)


def albert() -> AlbertModel:
    config = AlbertConfig(
        vocab_size=32, embedding_size=4, hidden_size=8, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=6, hidden_act="gelu_new",
    )  # fmt: skip
    return AlbertModel(config)


def vit() -> ViTForImageClassification:
    config = ViTConfig(
        hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16,
        image_size=8, patch_size=4, num_channels=1, num_labels=10,
    )  # fmt: skip
    return ViTForImageClassification(config)


NETWORKS = (
    Published(
        "GPT-2", "Radford et al. 2019", "gpt2.yaml", "transformers `GPT2LMHeadModel`",
        gpt2, lambda model, ids: model(ids).logits,
    ),
    Published(
        "Llama", "Touvron et al. 2023", "llama.yaml", "transformers `LlamaForCausalLM`",
        llama, lambda model, ids: model(ids).logits, tolerance=1e-5,
    ),
    Published(
        "Llama, tied", "Touvron et al. 2023", "llama.yaml", "transformers `LlamaForCausalLM`",
        lambda: llama(True), lambda model, ids: model(ids).logits, variables={"tied": True},
        tolerance=1e-5,
    ),
    Published(
        "BERT", "Devlin et al. 2019", "bert.yaml", "transformers `BertForSequenceClassification`",
        bert, lambda model, ids, types: model(input_ids=ids, token_type_ids=types).logits,
    ),
    Published(
        "ALBERT", "Lan et al. 2020", "albert.yaml", "transformers `AlbertModel`",
        albert, lambda model, ids, types: model(input_ids=ids, token_type_ids=types).pooler_output,
    ),
    Published(
        "ViT", "Dosovitskiy et al. 2021", "vit.yaml", "transformers `ViTForImageClassification`",
        vit, lambda model, image: model(image).logits, variables={"eps": 1e-12},
    ),
)  # fmt: skip
