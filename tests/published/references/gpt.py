"""Language models in the line of GPT, by transformers."""

from __future__ import annotations

from torch import Tensor
from transformers import (
    BloomConfig,
    BloomForCausalLM,
    FalconConfig,
    FalconForCausalLM,
    GPTJConfig,
    GPTJForCausalLM,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    MptConfig,
    MptForCausalLM,
    OPTConfig,
    OPTForCausalLM,
    PhiConfig,
    PhiForCausalLM,
    PreTrainedModel,
    Starcoder2Config,
    Starcoder2ForCausalLM,
)

from published.network import Published


def neox() -> GPTNeoXForCausalLM:
    config = GPTNeoXConfig(
        vocab_size=12, hidden_size=8, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=6, max_position_embeddings=5, rotary_pct=0.5,
    )  # fmt: skip
    return GPTNeoXForCausalLM(config)


def gptj() -> GPTJForCausalLM:
    config = GPTJConfig(
        vocab_size=12, n_positions=5, n_embd=8, n_layer=2, n_head=2, rotary_dim=2, n_inner=6,
        bos_token_id=0, eos_token_id=1,
    )  # fmt: skip
    return GPTJForCausalLM(config)


def phi() -> PhiForCausalLM:
    config = PhiConfig(
        vocab_size=12, hidden_size=8, intermediate_size=6, num_hidden_layers=2,
        num_attention_heads=2, max_position_embeddings=5, partial_rotary_factor=0.5,
        bos_token_id=0, eos_token_id=1,
    )  # fmt: skip
    return PhiForCausalLM(config)


def bloom() -> BloomForCausalLM:
    return BloomForCausalLM(BloomConfig(vocab_size=12, hidden_size=4, n_layer=2, n_head=2))


def falcon() -> FalconForCausalLM:
    config = FalconConfig(
        vocab_size=12, hidden_size=8, num_hidden_layers=2, num_attention_heads=2,
        ffn_hidden_size=6, bos_token_id=0, eos_token_id=1,
    )  # fmt: skip
    return FalconForCausalLM(config)


def falcon_40b() -> FalconForCausalLM:
    config = FalconConfig(
        vocab_size=12, hidden_size=8, num_hidden_layers=2, num_attention_heads=4, num_kv_heads=2,
        ffn_hidden_size=6, new_decoder_architecture=True, bos_token_id=0, eos_token_id=1,
    )  # fmt: skip
    return FalconForCausalLM(config)


def mpt() -> MptForCausalLM:
    return MptForCausalLM(MptConfig(vocab_size=12, d_model=4, n_heads=2, n_layers=2, max_seq_len=5))


def opt() -> OPTForCausalLM:
    config = OPTConfig(
        vocab_size=12, hidden_size=8, num_hidden_layers=2, ffn_dim=6, max_position_embeddings=5,
        num_attention_heads=2, word_embed_proj_dim=8,
    )  # fmt: skip
    return OPTForCausalLM(config)


def starcoder2() -> Starcoder2ForCausalLM:
    config = Starcoder2Config(
        vocab_size=12, hidden_size=8, intermediate_size=6, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, sliding_window=3, bos_token_id=0,
        eos_token_id=1,
    )  # fmt: skip
    return Starcoder2ForCausalLM(config)


def logits(model: PreTrainedModel, ids: Tensor) -> Tensor:
    return model(ids).logits  # type: ignore[no-any-return]


NETWORKS = (
    Published(
        "OPT", "Zhang et al. 2022", "published/opt.yaml", "transformers `OPTForCausalLM`",
        opt, logits,
    ),
    Published(
        "GPT-J", "Wang & Komatsuzaki 2021", "published/gptj.yaml",
        "transformers `GPTJForCausalLM`", gptj, logits, tolerance=1e-5,
    ),
    Published(
        "GPT-NeoX", "Black et al. 2022", "published/gpt_neox.yaml",
        "transformers `GPTNeoXForCausalLM`", neox, logits, tolerance=1e-5,
    ),
    Published(
        "Phi", "Li et al. 2023", "published/phi.yaml", "transformers `PhiForCausalLM`",
        phi, logits, tolerance=1e-5,
    ),
    Published(
        "BLOOM", "BigScience 2022", "published/bloom.yaml", "transformers `BloomForCausalLM`",
        bloom, logits, tolerance=1e-5,
    ),
    Published(
        "Falcon 7B", "Almazrouei et al. 2023", "published/falcon.yaml",
        "transformers `FalconForCausalLM`", falcon, logits, tolerance=1e-5,
    ),
    Published(
        "Falcon 40B", "Almazrouei et al. 2023", "published/falcon_40b.yaml",
        "transformers `FalconForCausalLM`", falcon_40b, logits, tolerance=1e-5,
    ),
    Published(
        "MPT", "MosaicML 2023", "published/mpt.yaml", "transformers `MptForCausalLM`",
        mpt, logits, tolerance=1e-5,
    ),
    Published(
        "StarCoder2", "Lozhkov et al. 2024", "published/starcoder2.yaml",
        "transformers `Starcoder2ForCausalLM`", starcoder2, logits, tolerance=1e-5,
    ),
)  # fmt: skip
