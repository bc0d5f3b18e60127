"""Recurrent networks and state spaces: transformers' code."""

from __future__ import annotations

from transformers import MambaConfig, MambaForCausalLM, RwkvConfig, RwkvForCausalLM

from published.network import Published


def mamba() -> MambaForCausalLM:
    config = MambaConfig(
        vocab_size=7, hidden_size=4, expand=2, state_size=3, time_step_rank=2, conv_kernel=3,
        num_hidden_layers=2, use_mambapy=False, bos_token_id=0, eos_token_id=0, pad_token_id=0,
    )  # fmt: skip
    return MambaForCausalLM(config)


def rwkv() -> RwkvForCausalLM:
    config = RwkvConfig(
        vocab_size=7, hidden_size=4, attention_hidden_size=3, intermediate_size=6,
        num_hidden_layers=2, rescale_every=0, context_length=5, bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    return RwkvForCausalLM(config)


NETWORKS = (
    Published(
        "Mamba", "Gu & Dao 2023", "published/mamba.yaml", "transformers `MambaForCausalLM`",
        mamba, lambda model, ids: model(ids, use_cache=False).logits, tolerance=1e-5,
    ),
    Published(
        "RWKV-4", "Peng et al. 2023", "published/rwkv.yaml", "transformers `RwkvForCausalLM`",
        rwkv, lambda model, ids: model(ids, use_cache=False).logits, tolerance=1e-5,
    ),
)  # fmt: skip
