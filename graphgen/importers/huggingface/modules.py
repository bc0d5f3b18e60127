"""Models of transformers inside of a module of PyTorch, so that they compute what a network can."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from graphgen.importers.huggingface.examples import flags
from graphgen.importers.huggingface.experts import use_every_expert


def configs_of(module: Any) -> list[Any]:
    """Give the configs of the models of transformers in a module, which may be one itself."""
    if "transformers" not in sys.modules:
        return []
    from transformers import PretrainedConfig

    found = (getattr(each, "config", None) for each in module.modules())
    return list({id(each): each for each in found if isinstance(each, PretrainedConfig)}.values())


def padding_of(module: Any) -> frozenset[int]:
    """Give the ids that mark padding, by the configs in a module."""
    ids = (getattr(each.get_text_config(), "pad_token_id", None) for each in configs_of(module))
    return frozenset(each for each in ids if isinstance(each, int))


def own_flags(module: Any) -> dict[str, bool]:
    """Give the arguments that keep a model of transformers from returning what it has cached."""
    if "transformers" not in sys.modules:
        return {}
    from transformers import PreTrainedModel

    return flags(module) if isinstance(module, PreTrainedModel) else {}


@contextmanager
def every_expert(module: Any) -> Iterator[None]:
    """Let mixtures of experts be computed by all experts for a while."""
    name = "_experts_implementation"
    found = {id(c): c for each in configs_of(module) for c in (each, each.get_text_config())}
    before = [(each, name in vars(each), vars(each).get(name)) for each in found.values()]
    try:
        for config, _, _ in before:
            use_every_expert(config)
        yield
    finally:
        for config, there, kind in before:
            if there:
                vars(config)[name] = kind
            else:
                vars(config).pop(name, None)
