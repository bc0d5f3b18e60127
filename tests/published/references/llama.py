"""Language models in the line of Llama, by transformers."""

from __future__ import annotations

import torch
from torch import Tensor
from transformers import (
    CohereConfig,
    CohereForCausalLM,
    DeepseekV3Config,
    DeepseekV3ForCausalLM,
    DiffLlamaConfig,
    DiffLlamaForCausalLM,
    Gemma2Config,
    Gemma2ForCausalLM,
    GptOssConfig,
    GptOssForCausalLM,
    Olmo2Config,
    Olmo2ForCausalLM,
    PreTrainedModel,
    Qwen3Config,
    Qwen3ForCausalLM,
    RecurrentGemmaConfig,
    RecurrentGemmaForCausalLM,
)

from published.network import Published


def qwen3() -> Qwen3ForCausalLM:
    config = Qwen3Config(
        vocab_size=12, hidden_size=6, intermediate_size=5, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, head_dim=4, tie_word_embeddings=False,
    )  # fmt: skip
    return Qwen3ForCausalLM(config)


def gemma2() -> Gemma2ForCausalLM:
    config = Gemma2Config(
        vocab_size=12, hidden_size=8, intermediate_size=5, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, head_dim=4, sliding_window=3,
        query_pre_attn_scalar=6, attn_implementation="eager",
    )  # fmt: skip
    return Gemma2ForCausalLM(config)


def recurrent_gemma() -> RecurrentGemmaForCausalLM:
    config = RecurrentGemmaConfig(
        vocab_size=12, hidden_size=8, num_hidden_layers=3, intermediate_size=6,
        num_attention_heads=2, num_key_value_heads=1, lru_width=8, attention_window_size=3,
        use_cache=False,
    )  # fmt: skip
    return RecurrentGemmaForCausalLM(config)


def olmo2() -> Olmo2ForCausalLM:
    config = Olmo2Config(
        vocab_size=12, hidden_size=8, intermediate_size=6, num_hidden_layers=2,
        num_attention_heads=2, rms_norm_eps=1e-6, tie_word_embeddings=False, bos_token_id=0,
        eos_token_id=1, pad_token_id=2,
    )  # fmt: skip
    return Olmo2ForCausalLM(config)


def cohere() -> CohereForCausalLM:
    config = CohereConfig(
        vocab_size=12, hidden_size=8, intermediate_size=6, num_hidden_layers=2,
        num_attention_heads=2, bos_token_id=0, eos_token_id=1, pad_token_id=2,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
    )  # fmt: skip
    return CohereForCausalLM(config)


def deepseek_v3() -> DeepseekV3ForCausalLM:
    rope = {
        "rope_type": "yarn", "rope_theta": 10000.0, "factor": 40.0, "beta_fast": 32.0,
        "beta_slow": 1.0, "mscale": 1.0, "mscale_all_dim": 1.0,
        "original_max_position_embeddings": 32,
    }  # fmt: skip
    config = DeepseekV3Config(
        vocab_size=12, hidden_size=6, intermediate_size=5, num_hidden_layers=2,
        first_k_dense_replace=1, n_routed_experts=6, n_group=2, topk_group=1,
        num_experts_per_tok=2, moe_intermediate_size=2, n_shared_experts=2,
        experts_implementation="eager", num_attention_heads=2, num_key_value_heads=2, q_lora_rank=4,
        kv_lora_rank=3, qk_rope_head_dim=2, qk_nope_head_dim=3, v_head_dim=2,
        max_position_embeddings=1280, rope_parameters=rope,
    )  # fmt: skip
    model = DeepseekV3ForCausalLM(config)
    correction = model.model.layers[1].mlp.gate.e_score_correction_bias
    correction.copy_(torch.tensor([0.1, -0.2, 0.3, -0.1, 0.2, -0.3]))
    return model


def gpt_oss() -> GptOssForCausalLM:
    rope = {
        "rope_type": "yarn", "rope_theta": 150000.0, "factor": 32.0, "beta_fast": 32.0,
        "beta_slow": 1.0, "truncate": False, "original_max_position_embeddings": 64,
    }  # fmt: skip
    config = GptOssConfig(
        vocab_size=12, hidden_size=6, intermediate_size=2, num_hidden_layers=2, head_dim=4,
        num_attention_heads=4, num_key_value_heads=2, num_local_experts=3, num_experts_per_tok=2,
        sliding_window=3, max_position_embeddings=2048, rope_parameters=rope, pad_token_id=0,
        eos_token_id=1, experts_implementation="eager", attn_implementation="eager",
    )  # fmt: skip
    return GptOssForCausalLM(config)


def diffllama() -> DiffLlamaForCausalLM:
    config = DiffLlamaConfig(
        vocab_size=12, hidden_size=8, intermediate_size=6, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=4, rms_norm_eps=1e-5,
        tie_word_embeddings=False, bos_token_id=0, eos_token_id=1,
    )  # fmt: skip
    return DiffLlamaForCausalLM(config)


def logits(model: PreTrainedModel, ids: Tensor) -> Tensor:
    return model(ids).logits  # type: ignore[no-any-return]


NETWORKS = (
    Published(
        "Qwen3", "Yang et al. 2025", "published/qwen3.yaml", "transformers `Qwen3ForCausalLM`",
        qwen3, logits, tolerance=1e-5,
    ),
    Published(
        "Gemma 2", "Gemma Team 2024", "published/gemma2.yaml",
        "transformers `Gemma2ForCausalLM`", gemma2, logits, tolerance=1e-5,
    ),
    Published(
        "RecurrentGemma", "Botev et al. 2024", "published/recurrent_gemma.yaml",
        "transformers `RecurrentGemmaForCausalLM`", recurrent_gemma, logits, tolerance=1e-5,
    ),
    Published(
        "OLMo 2", "OLMo Team 2024", "published/olmo2.yaml", "transformers `Olmo2ForCausalLM`",
        olmo2, logits, tolerance=1e-5,
    ),
    Published(
        "Command R", "Cohere 2024", "published/cohere.yaml", "transformers `CohereForCausalLM`",
        cohere, logits, tolerance=1e-5,
    ),
    Published(
        "DeepSeek-V3", "DeepSeek-AI 2024", "published/deepseek_v3.yaml",
        "transformers `DeepseekV3ForCausalLM`", deepseek_v3, logits, tolerance=1e-5,
    ),
    Published(
        "gpt-oss", "OpenAI 2025", "published/gpt_oss.yaml", "transformers `GptOssForCausalLM`",
        gpt_oss, logits, tolerance=1e-5,
    ),
    Published(
        "Differential transformer", "Ye et al. 2024", "published/diffllama.yaml",
        "transformers `DiffLlamaForCausalLM`", diffllama, logits, tolerance=1e-5,
    ),
)  # fmt: skip
