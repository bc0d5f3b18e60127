"""The first layer whose output differs from that of the module of the same name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.comparison.outputs import Difference, compare
from graphgen.comparison.torch_module import TorchModule, array_of_tensor
from graphgen.comparison.wide import Wide
from spec import ResolvedLayer


def first_difference(
    wide: Wide, torch: TorchModule, inputs: Mapping[str, NDArray[Any]], limit: float
) -> tuple[str, str]:
    """Say which layer is the first that differs, and which one before it agrees; and its name.

    Layers are found in the module by their names or those of their tensors; nothing is said where
    they are not found, where a module runs twice, and where it gives another shape. A layer after
    which one agrees gives something else by the module's name, and is no difference.
    """
    names = matched(wide, torch.module)
    theirs = recorded(torch, inputs, set(names.values()))
    layers = [layer for layer in wide.net.layers if names.get(layer.name) in theirs]
    if not layers:
        return "", ""
    ours = wide.values([layer.output for layer in layers])
    found: list[tuple[ResolvedLayer, Difference]] = []
    for layer in layers:
        expected = theirs[names[layer.name]]
        if expected.shape == ours[layer.output].shape:
            found.append((layer, compare(layer.name, ours[layer.output], expected, limit)))
    agreeing = {layer.name for layer, difference in found if difference.agrees}
    read_well = {
        name for layer in wide.net.layers if layer.name in agreeing for name in layer.inputs
    }
    before = ""
    for layer, difference in found:
        if difference.agrees:
            before = layer.name
        elif layer.output not in read_well:
            told = f"the first layer that differs is {layer.name!r} ({layer.type})"
            if not difference.problem:
                told += f", by {difference.relative:.3g} of the spread of its outputs"
            return told + (f"; {before!r}, before it, agrees" if before else ""), layer.name
    return "", ""


def matched(wide: Wide, module: Any) -> dict[str, str]:
    """Give the module's name for each layer that has one: its own, or where its tensors are.

    A prefix that the module's names have, such as that of a model in a model, is left out where
    most layers are found so.
    """
    modules = {name for name, _ in module.named_modules() if name}
    homes: dict[str, str] = {}
    for layer in wide.net.layers:
        parents = {tensor.rpartition(".")[0] for tensor in layer.tensors.values()}
        homes[layer.name] = layer.name
        if len(parents) == 1 and (parent := next(iter(parents))):
            homes[layer.name] = parent
    counts = Counter(homes.values())
    prefixes = ["", *sorted({f"{name}." for name in modules if name.count(".") < 2})]

    def found(prefix: str) -> dict[str, str]:
        return {
            layer: prefix + home
            for layer, home in homes.items()
            if prefix + home in modules and counts[home] == 1
        }

    return max((found(prefix) for prefix in prefixes), key=len)


def recorded(
    torch: TorchModule, inputs: Mapping[str, NDArray[Any]], names: set[str]
) -> dict[str, NDArray[Any]]:
    """Call the module again, and give what its parts of some names gave, if they ran once."""
    runs: Counter[str] = Counter()
    values: dict[str, NDArray[Any]] = {}

    def record(name: str) -> Any:
        def hook(module: Any, given: Any, result: Any) -> None:
            runs[name] += 1
            first = result[0] if isinstance(result, tuple) and result else result
            if isinstance(first, torch.torch.Tensor):
                # What runs in place afterwards would change it.
                values[name] = np.array(array_of_tensor(first)[0])

        return hook

    handles = [
        inner.register_forward_hook(record(name))
        for name, inner in torch.module.named_modules()
        if name in names
    ]
    try:
        torch.watched(torch.module, inputs)
    finally:
        for handle in handles:
            handle.remove()
    return {name: value for name, value in values.items() if runs[name] == 1}
