"""A network of which some units are not there: what they are is zero, norms are over others.

Slow and plain: each value is computed whole, and what the units are of it is set to zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.evaluate import NUMPY
from graphgen.surgery.arranging import laid
from graphgen.units.axes import Axes
from graphgen.units.branches import Branch
from graphgen.units.derivation import Unit, Units
from spec import Architecture
from spec.architecture import ResolvedLayer
from spec.primitives import Lookup, Normalise, Reduce, Scan

Array = NDArray[Any]


def masked_outputs(
    net: Architecture,
    weights: Mapping[str, Array],
    inputs: Iterable[Array],
    units: Iterable[Unit | Branch],
) -> tuple[Array, ...]:
    """Run a network without some units."""
    found = Units(net)
    units = [*units]
    left_out = {unit.family.operands[unit.item] for unit in units if isinstance(unit, Branch)}
    chosen: dict[str, NDArray[np.bool_]] = {}
    for unit in units:
        if isinstance(unit, Branch):
            continue
        family = unit.family
        marks = chosen.setdefault(family.name, np.zeros((*family.copies, family.size), np.bool_))
        marks[(*unit.copy, unit.item)] = True
    masks = {name: mask_of(axes, found, chosen) for name, axes in found.axes.values.items()}
    values = dict(zip(net.inputs, inputs, strict=True))
    layers = {layer.name: layer for layer in net.layers}
    for operation in net.operations:
        operands = [values[name] for name in operation.inputs]
        tensors = [weights[name] for name in operation.parameters]
        primitive = operation.primitive
        # A cell joins its units inside, and the size of a weight is that of all of it.
        if isinstance(primitive, Scan) or getattr(primitive, "prepared", None) is not None:
            tensors = [
                array * ~mask_of(found.axes.tensors[name], found, chosen)
                for name, array in zip(operation.parameters, tensors, strict=True)
            ]
        elif isinstance(primitive, Lookup) and primitive.kind == "one_hot":
            operands = [operands[0], operands[-1].astype(float)]
        gone = masks[operation.inputs[0]] if operation.inputs else np.zeros((), np.bool_)
        if isinstance(primitive, Normalise) and not tensors and gone.any():
            result = normed(primitive, operands[0], gone[None])
        elif isinstance(primitive, Reduce) and primitive.axes and gone.any():
            result = reduced(primitive, operands[0], gone[None], layers[operation.layer])
        else:
            result = NUMPY[type(primitive)](primitive, *operands, *tensors)
        result = result * (operation.output not in left_out)
        values[operation.output] = np.where(masks[operation.output][None], 0, result)
    return tuple(values[name] for name in net.outputs)


def mask_of(axes: Axes, found: Units, chosen: Mapping[str, NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Mark what units are of a value or a tensor."""
    mask = np.zeros([axis.size for axis in axes], dtype=np.bool_)
    for family, marks in chosen.items():
        for _, part in laid(axes, found.families[family], marks, lambda atom: atom.size):
            mask = mask | part
    return mask


def normed(primitive: Normalise, x: Array, gone: NDArray[np.bool_]) -> Array:
    """Normalise over what is there."""
    gone = np.broadcast_to(gone, x.shape)
    if primitive.statistics == "softmax":
        shown = np.where(gone, -np.inf, x)
        top = shown.max(-1, keepdims=True)
        e = np.exp(shown - np.where(np.isfinite(top), top, 0))
        total = e.sum(-1, keepdims=True)
        return e / np.where(total > 0, total, 1)
    grouped, hidden, axes = x, gone, tuple(range(x.ndim - primitive.size, x.ndim))
    if primitive.statistics in ("group", "instance"):
        groups = primitive.size if primitive.statistics == "group" else x.shape[1]
        grouped, hidden = (a.reshape(len(x), groups, -1) for a in (x, gone))
        axes = (2,)
    count = np.maximum((~hidden).sum(axes, keepdims=True), 1)
    mean = np.where(hidden, 0, grouped).sum(axes, keepdims=True) / count
    if primitive.statistics == "rms":
        mean = np.zeros_like(mean)
    square = np.where(hidden, 0, (grouped - mean) ** 2).sum(axes, keepdims=True) / count
    return ((grouped - mean) / np.sqrt(square + primitive.eps)).reshape(x.shape)


def reduced(primitive: Reduce, x: Array, gone: NDArray[np.bool_], layer: ResolvedLayer) -> Array:
    """Reduce what is there, by a masked array."""
    axes = tuple(axis + 1 for axis in primitive.axes)
    gone = np.broadcast_to(gone, x.shape)
    shown = np.ma.masked_array(x, gone)
    keep = primitive.keepdim
    if primitive.statistic == "logsumexp":
        return np.log(np.ma.exp(shown).sum(axes, keepdims=keep).filled(1))
    if primitive.statistic == "kthvalue":
        return ranked(primitive, np.where(gone, np.inf, x), (~gone).sum(axes, keepdims=True), layer)
    found = getattr(shown, primitive.statistic)(axis=axes, keepdims=keep)
    return np.ma.filled(found, 0)


def ranked(primitive: Reduce, x: Array, count: Array, layer: ResolvedLayer) -> Array:
    """Give the k-th of the finite items: from above, in the middle or from below, as the layer."""
    axis = primitive.axes[0] + 1
    k = layer.fields.get("k", 1)
    if layer.type == "median":
        k = (count + 1) // 2
    elif (layer.type.startswith("top_k") and layer.fields["largest"]) or layer.type == "hardmax":
        k = count - k + 1
    at = np.broadcast_to(k - 1, [1 if a == axis else n for a, n in enumerate(x.shape)])
    found = np.take_along_axis(np.sort(x, axis), at, axis)
    return found if primitive.keepdim else found.squeeze(axis)
