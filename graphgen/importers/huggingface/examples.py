"""Example inputs for a model of transformers, by the arguments that its `forward` takes."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

MAIN: tuple[str, ...] = (
    "input_ids",
    "pixel_values",
    "input_values",
    "input_features",
    "past_values",
)
SAMPLES = 2
TOKENS = 16
SECONDS_OF_SOUND = 0.1
RATE = 16_000


def example_inputs(model: Any, shapes: Mapping[str, Sequence[int]] | None = None) -> dict[str, Any]:
    """Make inputs for a model: tokens, pictures or sound, as far as its `forward` takes them.

    `shapes` has shapes without the batch for those that are to be of another; an input of the model
    that is named there is made, too.
    """
    given = dict(shapes or {})
    taken = list(inspect.signature(model.forward).parameters)
    shape = {name: _shape(name, model.config) for name in _wanted(model, taken)} | given
    return {name: _filled(name, (SAMPLES, *sizes), model.config) for name, sizes in shape.items()}


def flags(model: Any) -> dict[str, bool]:
    """Give the arguments that keep a model from returning what it has cached."""
    taken = inspect.signature(model.forward).parameters
    return {name: False for name in ("use_cache", "use_mems") if name in taken}


def _wanted(model: Any, taken: list[str]) -> list[str]:
    names = [name for name in MAIN if name in taken]
    if model.config.is_encoder_decoder and "decoder_input_ids" in taken:
        names.append("decoder_input_ids")
    return names or [model.main_input_name]


def _shape(name: str, config: Any) -> list[int]:
    text = config.get_text_config()
    if name in ("input_ids", "decoder_input_ids"):
        most = [getattr(text, field, None) for field in _LENGTHS]
        return [min([TOKENS, *(n for n in most if isinstance(n, int) and n > 0)])]
    if name == "pixel_values":
        vision = getattr(config, "vision_config", config)
        size = getattr(vision, "image_size", 224)
        height, width = (size, size) if isinstance(size, int) else size
        return [getattr(vision, "num_channels", 3), height, width]
    if name == "input_features":
        return [config.num_mel_bins, 2 * getattr(config, "max_source_positions", TOKENS)]
    if name == "past_values":
        return [config.context_length, config.num_input_channels]
    if hasattr(config, "num_mel_bins") and hasattr(config, "max_length"):
        return [config.max_length, config.num_mel_bins]
    return [int(SECONDS_OF_SOUND * RATE)]


_LENGTHS = ("max_position_embeddings", "n_positions", "max_seq_len", "context_length")


def _filled(name: str, shape: tuple[int, ...], config: Any) -> Any:
    import torch

    generator = torch.Generator().manual_seed(0)
    if name.endswith("_ids"):
        # The first indices are those of padding and other marks, which some models treat apart.
        rows = config.get_text_config().vocab_size
        first = min(3, rows - 1)
        return torch.randint(first, rows, shape, generator=generator)
    if name.endswith("_mask"):
        return torch.ones(shape, dtype=torch.int64)
    return torch.randn(shape, generator=generator)
