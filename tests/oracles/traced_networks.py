"""Networks as an importer traces them, made of architectures of the language."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphgen.importers.network import Network, Node, Weight
from spec import Architecture
from spec.architecture import plain
from spec.layer import LAYERS


def network_of(
    net: Architecture, *, named: bool = True, scoped: bool = True, seed: int = 0
) -> Network:
    """Give the network that an importer would trace from a model with this architecture.

    Tensors have their names, or with `named=False` only numbers, as in many ONNX files; nodes the
    modules that they came from, as `torch.export` tells them, with `scoped`.
    """
    rng = np.random.default_rng(seed)
    arrays = {
        name: rng.standard_normal(tensor.shape).astype(np.float32)
        if tensor.dtype == "float32"
        else np.zeros(tensor.shape, tensor.dtype)
        for name, tensor in net.tensors.items()
    }
    called = {name: name if named else f"onnx::{place}" for place, name in enumerate(arrays)}
    values = {name: name for name in net.inputs}
    nodes = []
    for place, layer in enumerate(net.layers):
        if layer.output != layer.name:  # an identity
            values[layer.name] = values[layer.output]
            continue
        values[layer.name] = output = f"%{place}"
        locals_ = [full.removeprefix(f"{layer.name}.") for full in layer.further]
        values |= {f"{layer.name}.{local}": f"{output}.{local}" for local in locals_}
        fields: dict[str, Any] = {name: plain(value) for name, value in layer.fields.items()}
        if layer.parametrizations:
            made = {local: dict(how) for local, how in layer.parametrizations.items()}
            fields["parametrizations"] = made
        scope = layer.name if layer.tensors else layer.name.rpartition(".")[0]
        nothing = LAYERS[layer.type].reads_nothing
        nodes.append(
            Node(
                layer.type,
                () if nothing else tuple(values[name] for name in layer.inputs),
                output,
                layer.output_shape,
                fields,
                {
                    local: Weight(called[name], arrays[name])
                    for local, name in layer.tensors.items()
                },
                {local: f"{output}.{local}" for local in locals_},
                scope if scoped else "",
                layer.type,
            )
        )
    outputs = tuple(values[name] for name in net.outputs)
    stored = {called[name]: array for name, array in arrays.items()}
    return Network(dict(net.inputs), tuple(nodes), outputs, net.name, stored)
