"""Mixtures of experts, by transformers: their tensors in one, as in memory, or one by one."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from transformers import (
    MixtralConfig,
    MixtralForCausalLM,
    Qwen2MoeConfig,
    Qwen2MoeForCausalLM,
    SwitchTransformersConfig,
    SwitchTransformersEncoderModel,
)

from published.network import Published
from published.references.llama import deepseek_v3, logits


def mixtral() -> MixtralForCausalLM:
    config = MixtralConfig(
        vocab_size=12, hidden_size=8, intermediate_size=4, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, num_local_experts=3, num_experts_per_tok=2,
        max_position_embeddings=8, experts_implementation="eager",
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
    )  # fmt: skip
    return MixtralForCausalLM(config)


def qwen2_moe() -> Qwen2MoeForCausalLM:
    config = Qwen2MoeConfig(
        vocab_size=12, hidden_size=8, intermediate_size=6, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, moe_intermediate_size=4,
        shared_expert_intermediate_size=5, num_experts=3, num_experts_per_tok=2,
        max_position_embeddings=8, experts_implementation="eager",
    )  # fmt: skip
    return Qwen2MoeForCausalLM(config)


def switch() -> SwitchTransformersEncoderModel:
    config = SwitchTransformersConfig(
        vocab_size=12, d_model=6, d_kv=2, d_ff=5, num_layers=2, num_heads=2, num_experts=3,
        num_sparse_encoder_layers=1, expert_capacity=1, relative_attention_num_buckets=4,
        relative_attention_max_distance=3,
    )  # fmt: skip
    model = SwitchTransformersEncoderModel(config)
    for name, module in model.named_modules():
        if name.endswith("router"):  # which rounds its own weights otherwise
            module.dtype = torch.float64  # type: ignore[assignment]
    return model


def one_by_one(module: nn.Module) -> Mapping[str, Tensor]:
    """Give the tensors of each expert apart, as files have them."""
    state: dict[str, Tensor] = {}
    old = isinstance(module, MixtralForCausalLM)
    gate, up, down = ("w1", "w3", "w2") if old else ("gate_proj", "up_proj", "down_proj")
    for full, value in module.state_dict(keep_vars=True).items():
        name = full.replace(".mlp.", ".block_sparse_moe.") if old else full
        before, found, local = name.partition(".experts.")
        if not found:
            state[name] = value
            continue
        for number, expert in enumerate(value.detach()):
            parts = {down: expert}
            if local == "gate_up_proj":
                parts = dict(zip((gate, up), expert.chunk(2), strict=True))
            for word, part in parts.items():
                state[f"{before}.experts.{number}.{word}.weight"] = part
    return state


NETWORKS = (
    Published(
        "Mixtral", "Jiang et al. 2024", "published/mixtral.yaml",
        "transformers `MixtralForCausalLM`", mixtral, logits, tolerance=1e-5,
    ),
    Published(
        "Mixtral, experts one by one", "Jiang et al. 2024", "published/mixtral.yaml",
        "transformers `MixtralForCausalLM`, as saved", mixtral, logits, tolerance=1e-5,
        state=one_by_one,
    ),
    Published(
        "Qwen2-MoE", "Yang et al. 2024", "published/qwen2_moe.yaml",
        "transformers `Qwen2MoeForCausalLM`", qwen2_moe, logits, tolerance=1e-5,
    ),
    Published(
        "Qwen2-MoE, experts one by one", "Yang et al. 2024", "published/qwen2_moe.yaml",
        "transformers `Qwen2MoeForCausalLM`, as saved", qwen2_moe, logits, tolerance=1e-5,
        state=one_by_one,
    ),
    Published(
        "DeepSeek-V3, experts one by one", "DeepSeek-AI 2024", "published/deepseek_v3.yaml",
        "transformers `DeepseekV3ForCausalLM`, as saved", deepseek_v3, logits, tolerance=1e-5,
        state=one_by_one,
    ),
    Published(
        "Switch Transformer, encoder", "Fedus et al. 2022", "published/switch.yaml",
        "transformers `SwitchTransformersEncoderModel`", switch,
        lambda model, ids: model(ids).last_hidden_state, tolerance=1e-5,
    ),
)  # fmt: skip
