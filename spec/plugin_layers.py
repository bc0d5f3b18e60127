"""The layers of plugins, added to the language where an architecture names them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from spec.layer import LAYERS, Layer, register
from spec.plugins import load_all, load_plugin, mistake, needed, offered


def add_layers(data: Any) -> bool:
    """Add the layers of plugins that a description names; say whether there are any.

    Raises `SpecError` for a plugin that cannot be loaded, and for one that adds no layer.
    """
    wanted = sorted({*words(data)} & (offered("layers").keys() - LAYERS.keys()))
    for name in wanted:
        add_layer(name, load_plugin("layers", name))
    return bool(wanted)


def add_all_layers() -> None:
    """Add the layers of all plugins; those that cannot be loaded are left out with a warning."""
    for name, layer in load_all("layers").items():
        add_layer(name, layer)


def add_layer(name: str, layer: Any) -> None:
    """Register a layer under the name of its entry point, unless its module has done so."""
    if name in LAYERS:
        return
    if not (isinstance(layer, type) and issubclass(layer, Layer)):
        raise mistake(f"layers: {name!r} is {layer!r:.80}; expected a subclass of spec.Layer")
    register(name)(layer)


def layers_needed(data: Any) -> dict[str, str]:
    """Say which packages that are not ours the layers of a description come from."""
    return needed(LAYERS[name] for name in {*words(data)} & LAYERS.keys())


def words(data: Any) -> Iterator[str]:
    """Give all keys and texts of plain data."""
    waiting = [data]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple):
            waiting += one


__all__ = [
    "add_all_layers", "add_layer", "add_layers", "layers_needed", "words",
]  # fmt: skip
