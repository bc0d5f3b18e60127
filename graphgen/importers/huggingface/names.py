"""Under which names a file has the tensors of a model of transformers."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any


def stored_names(model: Any, stored: Collection[str]) -> tuple[dict[str, str], list[str]]:
    """Say under which name of a file each tensor of a model lies, and which lie nowhere.

    Tied tensors lie under any of their names. Files of older models have other names, and those of
    a base model lack its prefix: transformers knows both. What it would have to compute from
    several stored tensors, such as experts side by side, lies nowhere.
    """
    wanted = model.state_dict()
    rename = _renaming(model, wanted)
    renamed = {new: old for old in stored if (new := rename(old)) is not None}
    groups: dict[int, list[str]] = {}
    for named in (model.named_parameters, model.named_buffers):
        for name, tensor in named(remove_duplicate=False):
            groups.setdefault(id(tensor), []).append(name)
    found: dict[str, str] = {}
    missing = []
    for names in groups.values():
        old = next((renamed[name] for name in names if name in renamed), None)
        if old is not None:
            found |= dict.fromkeys(names, old)
        elif any(name in wanted for name in names):
            missing.append(names[0])
    return found, missing


def _renaming(model: Any, wanted: dict[str, Any]) -> Callable[[str], str | None]:
    """Give what turns a stored name into the model's; None where it is not one of its tensors."""
    try:
        from transformers.conversion_mapping import get_model_conversion_mapping
        from transformers.core_model_loading import WeightConverter, rename_source_key
    # Before version 5 there were no other names.
    except ImportError:
        return lambda name: name if name in wanted else None
    known = get_model_conversion_mapping(model)
    converters = [each for each in known if isinstance(each, WeightConverter)]
    renamings: list[Any] = [each for each in known if not isinstance(each, WeightConverter)]
    base = model.base_model_prefix

    def rename(name: str) -> str | None:
        new, converted = rename_source_key(name, renamings, converters, base, wanted)
        if converted is not None:
            return None
        if new not in wanted:
            new, _ = rename_source_key(name, [], [], base, wanted)
        return new if new in wanted else None

    return rename
