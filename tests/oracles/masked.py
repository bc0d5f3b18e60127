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
from graphgen.units.derivation import Unit, Units
from spec import Architecture
from spec.primitives import Lookup, Normalise, Reduce, Scan

Array = NDArray[Any]


def masked_outputs(
    net: Architecture, weights: Mapping[str, Array], inputs: Iterable[Array], units: Iterable[Unit]
) -> tuple[Array, ...]:
    """Run a network without some units."""
    found = Units(net)
    chosen: dict[str, NDArray[np.bool_]] = {}
    for unit in units:
        family = unit.family
        marks = chosen.setdefault(family.name, np.zeros((*family.copies, family.size), np.bool_))
        marks[(*unit.copy, unit.item)] = True
    masks = {name: mask_of(axes, found, chosen) for name, axes in found.axes.values.items()}
    values = dict(zip(net.inputs, inputs, strict=True))
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
            result = reduced(primitive, operands[0], gone[None])
        else:
            result = NUMPY[type(primitive)](primitive, *operands, *tensors)
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


def reduced(primitive: Reduce, x: Array, gone: NDArray[np.bool_]) -> Array:
    """Reduce what is there, by a masked array."""
    axes = tuple(axis + 1 for axis in primitive.axes)
    gone = np.broadcast_to(gone, x.shape)
    shown = np.ma.masked_array(x, gone)
    keep = primitive.keepdim
    if primitive.statistic == "logsumexp":
        return np.log(np.ma.exp(shown).sum(axes, keepdims=keep).filled(1))
    found = getattr(shown, primitive.statistic)(axis=axes, keepdims=keep)
    return np.ma.filled(found, 0)
