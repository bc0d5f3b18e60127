"""Which of a model's outputs are imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphgen.importers.refusal import ImportRefusalError

LEFT_OUT = ("loss", "past_key_values", "hidden_states", "attentions", "mems", "state")
ACROSS_SAMPLES = "logits_per_"
FIRST = ("logits", "last_hidden_state")


def chosen_outputs(program: Any, wanted: Sequence[str] | None = None) -> list[int]:
    """Give the places of those outputs of an exported program that are meant.

    Without `wanted`, they are the logits, or the last hidden state, or else all that treat each
    sample alone.
    """
    return chosen_places(program.call_spec.out_spec, wanted)


def chosen_places(form: Any, wanted: Sequence[str] | None = None) -> list[int]:
    """Give the places of the outputs that are meant, of a result of some form (a `TreeSpec`)."""
    from torch.utils._pytree import tree_unflatten

    return _chosen(tree_unflatten(list(range(form.num_leaves)), form), wanted)


def _chosen(result: Any, wanted: Sequence[str] | None) -> list[int]:
    named = {name: place for name, place in _named(result).items() if isinstance(place, int)}
    if wanted is not None:
        unknown = [name for name in wanted if name not in named]
        if unknown:
            raise ImportRefusalError(
                f"`outputs`: the model has no output {unknown[0]!r}; it has {', '.join(named)}"
            )
        return [named[name] for name in wanted]
    for name in FIRST:
        if name in named:
            return [named[name]]
    return [
        place
        for name, place in named.items()
        if not name.endswith(LEFT_OUT) and not name.startswith(ACROSS_SAMPLES)
    ]


def _named(result: Any) -> dict[str, Any]:
    if isinstance(result, Mapping):
        return {str(name): place for name, place in result.items()}
    if isinstance(result, (tuple, list)):
        return {str(number): place for number, place in enumerate(result)}
    return {"0": result}
