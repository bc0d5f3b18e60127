"""What a network is run with: tensors that fit its declarations, in one dtype on one device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from metanet.errors import MetanetError
from metanet.options import shown
from spec import Architecture


def check_weights(net: Architecture, weights: Mapping[str, Tensor]) -> None:
    """Check that all tensors of a network are there, in their shapes."""
    if missing := [name for name in net.tensors if name not in weights]:
        raise MetanetError(f"the weights of {net.name!r} lack {', '.join(missing)}")
    for name, tensor in net.tensors.items():
        if tuple(weights[name].shape) != tuple(tensor.shape):
            raise MetanetError(
                f"`{name}` of {net.name!r} has the shape {list(weights[name].shape)}; expected "
                f"{list(tensor.shape)}"
            )


def check_inputs(net: Architecture, inputs: Sequence[Any]) -> None:
    """Check the number and kind of inputs, and those that hold indices."""
    if len(inputs) != len(net.inputs):
        raise MetanetError(
            f"{net.name!r} takes {len(net.inputs)} inputs ({', '.join(net.inputs)}), "
            f"got {len(inputs)}"
        )
    for name, x in zip(net.inputs, inputs, strict=True):
        if not isinstance(x, Tensor):
            raise MetanetError(
                f"input `{name}` of {net.name!r} is {shown(x)}, expected a tensor; "
                "torch.from_numpy makes one of an array"
            )
        if name in net.index_inputs:
            check_indices(net, name, x)
        elif not x.is_floating_point():
            raise MetanetError(
                f"input `{name}` of {net.name!r} has the dtype {x.dtype}, expected floating-point "
                "numbers: call .float()"
            )


def check_indices(net: Architecture, name: str, x: Tensor) -> None:
    """Check indices into a table; on a GPU, and within transforms, their range is not read."""
    entries = net.index_limits[name]
    if x.is_floating_point() or x.is_complex():
        raise MetanetError(
            f"input `{name}` of {net.name!r} has the dtype {x.dtype}, expected integers: indices "
            f"of a table with {entries} entries"
        )
    if x.device.type != "cpu" or torch._C._are_functorch_transforms_active() or not x.numel():
        return
    least, most = int(x.min()), int(x.max())
    if least < 0 or most >= entries:
        raise MetanetError(
            f"input `{name}` of {net.name!r} has the index {least if least < 0 else most}, and the "
            f"table has {entries} entries: expected 0 to {entries - 1}"
        )


def check_one_kind(
    net: Architecture, weights: Mapping[str, Tensor], inputs: Sequence[Tensor]
) -> None:
    """Check that weights and inputs have one floating-point dtype, and lie on one device."""
    named = {f"`{name}`": weights[name] for name in net.tensors}
    named |= {f"input `{name}`": x for name, x in zip(net.inputs, inputs, strict=True)}
    if not named:
        return
    first, one = next(iter(named.items()))
    for name, tensor in named.items():
        if tensor.device != one.device:
            raise MetanetError(
                f"{name} of {net.name!r} is on {tensor.device}, and {first} on {one.device}: move "
                "all to one device with .to"
            )
    counters = {f"`{name}`" for name, t in net.tensors.items() if not t.dtype.startswith("float")}
    floats = {
        name: tensor
        for name, tensor in named.items()
        if tensor.is_floating_point() and name not in counters
    }
    if not floats or torch.is_autocast_enabled(one.device.type):
        return
    first, one = next(iter(floats.items()))
    for name, tensor in floats.items():
        if tensor.dtype != one.dtype:
            raise MetanetError(
                f"{name} of {net.name!r} has the dtype {tensor.dtype}, and {first} {one.dtype}: "
                "convert all to one dtype with .to"
            )


def check_shapes(net: Architecture, inputs: Sequence[Tensor]) -> None:
    """Check that each input is a batch of the declared shape."""
    for (name, shape), x in zip(net.inputs.items(), inputs, strict=True):
        if tuple(x.shape[1:]) != tuple(shape) or not x.ndim:
            raise MetanetError(
                f"input `{name}` of {net.name!r} has the shape {list(x.shape)}; expected "
                f"[{', '.join(map(str, ('N', *shape)))}]"
            )
    check_one_count(net, [len(x) for x in inputs])


def check_one_count(net: Architecture, counts: Sequence[int]) -> None:
    """Check that all inputs have as many samples."""
    if len(set(counts)) > 1:
        raise MetanetError(
            f"the inputs of {net.name!r} ({', '.join(net.inputs)}) have {counts} samples, expected "
            "as many of each"
        )
