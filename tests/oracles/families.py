"""Families of transformers, small and with random weights: their class, config and inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
import transformers
from torch import Tensor

TEXT = {
    "vocab_size": 24,
    "hidden_size": 16,
    "intermediate_size": 12,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 16,
}
SMALL_IDS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
ENCODER_DECODER = {
    "vocab_size": 24, "d_model": 16, "encoder_layers": 2, "decoder_layers": 2,
    "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 12,
    "decoder_ffn_dim": 12, "max_position_embeddings": 16, "decoder_start_token_id": 1, **SMALL_IDS,
    "forced_eos_token_id": None,
}  # fmt: skip
IMAGE = {
    "hidden_size": 16, "intermediate_size": 12, "num_hidden_layers": 2, "num_attention_heads": 4,
    "image_size": 16, "patch_size": 8, "num_channels": 3,
}  # fmt: skip


def tokens(seed: int = 0, length: int = 7, samples: int = 2) -> Tensor:
    return torch.randint(3, 24, (samples, length), generator=torch.Generator().manual_seed(seed))


def pixels(size: int = 16, samples: int = 2, channels: int = 3) -> Tensor:
    return torch.randn(
        (samples, channels, size, size), generator=torch.Generator().manual_seed(1)
    ).double()


def sound(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(2)).double()


@dataclass(frozen=True)
class Family:
    """A family: the class of its models, the fields of its config, its inputs."""

    name: str
    model: str
    config: str
    fields: Mapping[str, Any]
    inputs: Callable[[], dict[str, Tensor]] = lambda: {"input_ids": tokens()}
    kind: str = "text"
    flags: Mapping[str, Any] = field(default_factory=dict)

    def make(self, seed: int = 0) -> torch.nn.Module:
        torch.manual_seed(seed)
        config = getattr(transformers, self.config)(**self.fields)
        model = getattr(transformers, self.model)(config).double().eval()
        generator = torch.Generator().manual_seed(seed + 1)
        with torch.no_grad():
            # Fresh biases are zero and norms' scales one, which would hide where they stand.
            for parameter in model.parameters():
                parameter.add_(
                    0.1 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
                )
        return model


def _text(name: str, model: str, config: str, **more: Any) -> Family:
    return Family(name, model, config, {**TEXT, **SMALL_IDS, **more}, flags={"use_cache": False})


def _plain(name: str, model: str, config: str, **more: Any) -> Family:
    return Family(name, model, config, {**TEXT, "pad_token_id": 0, **more})


def _both() -> dict[str, Tensor]:
    return {"input_ids": tokens(), "decoder_input_ids": tokens(3, 5)}


def _image(name: str, model: str, config: str, **fields: Any) -> Family:
    size = fields.get("image_size", 16)
    return Family(
        name, model, config, fields, lambda: {"pixel_values": pixels(size)}, kind="vision"
    )


CLIP_TEXT = {
    "vocab_size": 24, "hidden_size": 16, "intermediate_size": 12, "num_hidden_layers": 2,
    "num_attention_heads": 4, "max_position_embeddings": 16, "eos_token_id": 2,
    "projection_dim": 8,
}  # fmt: skip
MOE = {"num_key_value_heads": 2, "num_experts_per_tok": 2, "moe_intermediate_size": 6}

FAMILIES: tuple[Family, ...] = (
    Family("gpt2", "GPT2LMHeadModel", "GPT2Config",
           {"vocab_size": 24, "n_embd": 16, "n_layer": 2, "n_head": 4, "n_positions": 16,
            **SMALL_IDS}, flags={"use_cache": False}),
    Family("gptj", "GPTJForCausalLM", "GPTJConfig",
           {"vocab_size": 24, "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 16,
            "rotary_dim": 4, **SMALL_IDS}, flags={"use_cache": False}),
    Family("gpt_neo", "GPTNeoForCausalLM", "GPTNeoConfig",
           {"vocab_size": 24, "hidden_size": 16, "num_layers": 2, "num_heads": 4, "window_size": 3,
            "attention_types": [[["global", "local"], 1]], "max_position_embeddings": 16,
            **SMALL_IDS}, flags={"use_cache": False}),
    _text("gpt_neox", "GPTNeoXForCausalLM", "GPTNeoXConfig"),
    _text("opt", "OPTForCausalLM", "OPTConfig", ffn_dim=12, word_embed_proj_dim=16),
    Family("bloom", "BloomForCausalLM", "BloomConfig",
           {"vocab_size": 24, "hidden_size": 16, "n_layer": 2, "n_head": 4, **SMALL_IDS},
           flags={"use_cache": False}),
    _text("llama", "LlamaForCausalLM", "LlamaConfig", num_key_value_heads=2),
    _text("mistral", "MistralForCausalLM", "MistralConfig", num_key_value_heads=2,
          sliding_window=3),
    _text("qwen2", "Qwen2ForCausalLM", "Qwen2Config", num_key_value_heads=2),
    _text("qwen3", "Qwen3ForCausalLM", "Qwen3Config", num_key_value_heads=2, head_dim=4),
    _text("gemma", "GemmaForCausalLM", "GemmaConfig", num_key_value_heads=2, head_dim=4),
    _text("gemma2", "Gemma2ForCausalLM", "Gemma2Config", num_key_value_heads=2, head_dim=4,
          sliding_window=3, query_pre_attn_scalar=6, attn_implementation="eager"),
    _text("gemma3", "Gemma3ForCausalLM", "Gemma3TextConfig", num_key_value_heads=2, head_dim=4,
          sliding_window=3),
    _text("phi", "PhiForCausalLM", "PhiConfig"),
    _text("phi3", "Phi3ForCausalLM", "Phi3Config", num_key_value_heads=2),
    Family("falcon", "FalconForCausalLM", "FalconConfig",
           {"vocab_size": 24, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4,
            **SMALL_IDS}, flags={"use_cache": False}),
    _text("stablelm", "StableLmForCausalLM", "StableLmConfig", num_key_value_heads=2),
    _text("olmo2", "Olmo2ForCausalLM", "Olmo2Config", num_key_value_heads=2),
    _text("starcoder2", "Starcoder2ForCausalLM", "Starcoder2Config", num_key_value_heads=2),
    _text("cohere", "CohereForCausalLM", "CohereConfig", num_key_value_heads=2),
    _text("granite", "GraniteForCausalLM", "GraniteConfig", num_key_value_heads=2,
          attention_multiplier=0.3, residual_multiplier=0.5),
    Family("mpt", "MptForCausalLM", "MptConfig",
           {"vocab_size": 24, "d_model": 16, "n_layers": 2, "n_heads": 4, "max_seq_len": 16,
            "expansion_ratio": 2}, flags={"use_cache": False}),
    _text("mixtral", "MixtralForCausalLM", "MixtralConfig", num_key_value_heads=2,
          num_local_experts=4),
    _text("qwen2_moe", "Qwen2MoeForCausalLM", "Qwen2MoeConfig", **MOE, num_experts=4,
          shared_expert_intermediate_size=6),
    _text("olmoe", "OlmoeForCausalLM", "OlmoeConfig", num_key_value_heads=2, num_experts=4,
          num_experts_per_tok=2),
    _text("deepseek_v3", "DeepseekV3ForCausalLM", "DeepseekV3Config", n_routed_experts=4, n_group=2,
          topk_group=1, num_experts_per_tok=2, moe_intermediate_size=6, q_lora_rank=6,
          kv_lora_rank=5, qk_rope_head_dim=4, qk_nope_head_dim=3, v_head_dim=5,
          first_k_dense_replace=1,
          num_key_value_heads=4, n_shared_experts=1),
    Family("mamba", "MambaForCausalLM", "MambaConfig",
           {"vocab_size": 24, "hidden_size": 8, "state_size": 4, "num_hidden_layers": 2,
            "time_step_rank": 3, "conv_kernel": 3, **SMALL_IDS}, flags={"use_cache": False}),
    Family("rwkv", "RwkvForCausalLM", "RwkvConfig",
           {"vocab_size": 24, "hidden_size": 8, "num_hidden_layers": 2, "attention_hidden_size": 8,
            "intermediate_size": 12, "context_length": 16, **SMALL_IDS},
           flags={"use_cache": False}),
    _plain("bert", "BertForMaskedLM", "BertConfig"),
    _plain("roberta", "RobertaForMaskedLM", "RobertaConfig", pad_token_id=1),
    _plain("electra", "ElectraForMaskedLM", "ElectraConfig", embedding_size=8),
    _plain("albert", "AlbertForMaskedLM", "AlbertConfig", embedding_size=8),
    _plain("mpnet", "MPNetForMaskedLM", "MPNetConfig", pad_token_id=1),
    _plain("camembert", "CamembertForSequenceClassification", "CamembertConfig", pad_token_id=1,
           num_labels=3),
    Family("distilbert", "DistilBertForMaskedLM", "DistilBertConfig",
           {"vocab_size": 24, "dim": 16, "hidden_dim": 12, "n_layers": 2, "n_heads": 4,
            "max_position_embeddings": 16}),
    _plain("deberta_v2", "DebertaV2ForMaskedLM", "DebertaV2Config", relative_attention=True,
           position_buckets=4, pos_att_type=["c2p", "p2c"], max_relative_positions=8),
    _plain("squeezebert", "SqueezeBertForMaskedLM", "SqueezeBertConfig", embedding_size=16),
    _plain("modernbert", "ModernBertForMaskedLM", "ModernBertConfig", local_attention=4,
           global_attn_every_n_layers=2, bos_token_id=1, eos_token_id=2, cls_token_id=1,
           sep_token_id=2),
    Family("xlnet", "XLNetLMHeadModel", "XLNetConfig",
           {"vocab_size": 24, "d_model": 16, "n_layer": 2, "n_head": 4, "d_inner": 12, **SMALL_IDS},
           flags={"use_mems": False}),
    Family("t5", "T5ForConditionalGeneration", "T5Config",
           {"vocab_size": 24, "d_model": 16, "d_kv": 4, "d_ff": 12, "num_layers": 2, "num_heads": 4,
            "decoder_start_token_id": 0, "pad_token_id": 0}, _both, flags={"use_cache": False}),
    Family("bart", "BartForConditionalGeneration", "BartConfig", ENCODER_DECODER, _both,
           flags={"use_cache": False}),
    Family("marian", "MarianMTModel", "MarianConfig", ENCODER_DECODER, _both,
           flags={"use_cache": False}),
    Family("pegasus", "PegasusForConditionalGeneration", "PegasusConfig", ENCODER_DECODER, _both,
           flags={"use_cache": False}),
    _image("vit", "ViTForImageClassification", "ViTConfig", **IMAGE, num_labels=3),
    _image("deit", "DeiTForImageClassification", "DeiTConfig", **IMAGE, num_labels=3),
    _image("beit", "BeitForImageClassification", "BeitConfig", **IMAGE, num_labels=3,
           use_relative_position_bias=True, layer_scale_init_value=0.1),
    _image("dinov2", "Dinov2ForImageClassification", "Dinov2Config", **IMAGE, num_labels=3),
    _image("swin", "SwinForImageClassification", "SwinConfig", image_size=16, patch_size=2,
           embed_dim=8, depths=[2, 2], num_heads=[2, 4], window_size=4, num_labels=3),
    _image("convnext", "ConvNextForImageClassification", "ConvNextConfig", image_size=32,
           hidden_sizes=[4, 6, 8, 10], depths=[1, 1, 2, 1], num_labels=3),
    _image("convnextv2", "ConvNextV2ForImageClassification", "ConvNextV2Config", image_size=32,
           hidden_sizes=[4, 6, 8, 10], depths=[1, 1, 2, 1], num_labels=3),
    _image("resnet", "ResNetForImageClassification", "ResNetConfig", embedding_size=4,
           hidden_sizes=[4, 6, 8, 10], depths=[1, 2, 1, 1], layer_type="basic", num_labels=3),
    _image("regnet", "RegNetForImageClassification", "RegNetConfig", embedding_size=4,
           hidden_sizes=[4, 6, 8, 10], depths=[1, 1, 2, 1], groups_width=2, num_labels=3),
    _image("mobilenet_v2", "MobileNetV2ForImageClassification", "MobileNetV2Config", image_size=32,
           depth_multiplier=0.25, depth_divisible_by=2, min_depth=2, num_labels=3),
    _image("segformer", "SegformerForImageClassification", "SegformerConfig", image_size=32,
           hidden_sizes=[4, 6, 8, 10], depths=[1, 1, 1, 1], num_attention_heads=[1, 2, 2, 2],
           num_labels=3),
    _image("poolformer", "PoolFormerForImageClassification", "PoolFormerConfig", image_size=32,
           hidden_sizes=[4, 6, 8, 10], depths=[1, 1, 2, 1], num_labels=3),
    _image("mobilevit", "MobileViTForImageClassification", "MobileViTConfig", image_size=32,
           hidden_sizes=[8, 8, 8], neck_hidden_sizes=[4, 4, 6, 6, 8, 8, 10], num_attention_heads=2,
           num_labels=3),
    Family("vit_msn", "ViTMSNForImageClassification", "ViTMSNConfig", {**IMAGE, "num_labels": 3},
           lambda: {"pixel_values": pixels()}, kind="vision"),
    Family("wav2vec2", "Wav2Vec2ForCTC", "Wav2Vec2Config",
           {"vocab_size": 12, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4,
            "intermediate_size": 12, "conv_dim": [4, 6], "conv_kernel": [5, 3],
            "conv_stride": [3, 2], "num_conv_pos_embeddings": 4, "num_conv_pos_embedding_groups": 2,
            "num_feat_extract_layers": 2, "apply_spec_augment": False, "pad_token_id": 0},
           lambda: {"input_values": sound(2, 64)}, kind="audio"),
    Family("hubert", "HubertForCTC", "HubertConfig",
           {"vocab_size": 12, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4,
            "intermediate_size": 12, "conv_dim": [4, 6], "conv_kernel": [5, 3],
            "conv_stride": [3, 2], "num_conv_pos_embeddings": 4, "num_conv_pos_embedding_groups": 2,
            "num_feat_extract_layers": 2, "apply_spec_augment": False, "pad_token_id": 0},
           lambda: {"input_values": sound(2, 64)}, kind="audio"),
    Family("audio_spectrogram", "ASTForAudioClassification", "ASTConfig",
           {"hidden_size": 16, "intermediate_size": 12, "num_hidden_layers": 2,
            "num_attention_heads": 4, "patch_size": 4, "frequency_stride": 4, "time_stride": 4,
            "max_length": 12, "num_mel_bins": 8, "num_labels": 3},
           lambda: {"input_values": sound(2, 12, 8)}, kind="audio"),
    Family("whisper", "WhisperForConditionalGeneration", "WhisperConfig",
           {**ENCODER_DECODER, "num_mel_bins": 6, "max_source_positions": 8,
            "max_target_positions": 16, "suppress_tokens": None, "begin_suppress_tokens": None},
           lambda: {"input_features": sound(2, 6, 16), "decoder_input_ids": tokens(3, 5)},
           kind="audio", flags={"use_cache": False}),
    Family("clip", "CLIPModel", "CLIPConfig",
           {"text_config": CLIP_TEXT, "vision_config": {**IMAGE, "projection_dim": 8},
            "projection_dim": 8},
           lambda: {"input_ids": tokens(), "pixel_values": pixels()}, kind="both"),
    Family("siglip", "SiglipModel", "SiglipConfig",
           {"text_config": {**CLIP_TEXT, "projection_size": 16, "max_position_embeddings": 7},
            "vision_config": IMAGE},
           lambda: {"input_ids": tokens(), "pixel_values": pixels()}, kind="both"),
    Family("clip_vision", "CLIPVisionModelWithProjection", "CLIPVisionConfig",
           {**IMAGE, "projection_dim": 8}, lambda: {"pixel_values": pixels()}, kind="vision"),
    Family("patchtst", "PatchTSTForPrediction", "PatchTSTConfig",
           {"num_input_channels": 3, "context_length": 16, "patch_length": 4, "patch_stride": 4,
            "num_hidden_layers": 2, "d_model": 16, "num_attention_heads": 4, "ffn_dim": 12,
            "prediction_length": 4},
           lambda: {"past_values": sound(2, 16, 3)}, kind="series"),
)  # fmt: skip
"""The families by what they read."""
