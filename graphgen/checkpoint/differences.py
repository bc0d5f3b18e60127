"""All that does not fit between a checkpoint and an architecture, in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.checkpoint.advice import axes_between, closest
from graphgen.checkpoint.form import Form
from graphgen.checkpoint.naming import Naming
from graphgen.dtypes import is_real
from spec.checkpoint import Stored

Array = NDArray[Any]
Names = Sequence[tuple[tuple[str, ...], ...]]


def differences(
    form: Form,
    entries: Sequence[Stored],
    naming: Naming,
    names: Names,
    superfluous: Sequence[str],
    arrays: Mapping[str, Array],
    optional: Collection[str],
    dtypes: bool,
) -> list[str]:
    """List what is missing, of another shape or dtype, unequal, or there for nothing."""
    missing, wrong = {}, []
    for entry, found in zip(entries, names, strict=True):
        needed = any(found) or not all(name in optional for name in entry.tensors)
        for name, shape, there in zip(entry.names, entry.shapes, found, strict=True):
            if there:
                wrong += _of_one(form, entry, there, shape, arrays, dtypes)
            elif needed:
                missing[naming(name)] = shape
    likely = closest(missing, {name: arrays[name].shape for name in superfluous})
    told = [
        f"  {name:.300}: missing, expected shape {list(shape)}"
        + (f"; did you mean {likely[name]!r:.300}?" if name in likely else "")
        for name, shape in missing.items()
    ]
    return [
        *told,
        *wrong,
        *(
            f"  {name:.300}: not a tensor of this architecture, shape {list(arrays[name].shape)}"
            for name in superfluous
        ),
    ]


def _of_one(
    form: Form,
    entry: Stored,
    there: Sequence[str],
    shape: tuple[int, ...],
    arrays: Mapping[str, Array],
    dtypes: bool,
) -> list[str]:
    """List what is wrong with one stored tensor."""
    name, array = there[0], arrays[there[0]]
    own = form.by_name[entry.tensors[0]]
    of = "" if (own.name,) == entry.names else f", which is {', '.join(entry.tensors)}"
    if tuple(array.shape) != shape:
        axes = axes_between(array.shape, shape) if not entry.axes else None
        hint = f"; if its axes are others, say `axes: {axes}` of {own.name!r}" if axes else ""
        return [f"  {name:.300}: shape {list(array.shape)}, expected {list(shape)}{of:.300}{hint}"]
    unequal = [
        f"  {other:.300}: not the same as {name!r:.300}, of which it is another name"
        for other in there[1:]
        if not same(array, arrays[other])
    ]
    if not dtypes:
        return unequal
    for tensor in (form.by_name[each] for each in entry.tensors):
        if tensor.dtype.startswith("float"):
            if not is_real(array.dtype):
                return [f"  {name:.300}: dtype {array.dtype}, expected floating point{of:.300}"]
        elif str(array.dtype) != tensor.dtype:
            return [f"  {name:.300}: dtype {array.dtype}, expected {tensor.dtype}{of:.300}"]
    return unequal


def same(a: Array, b: Array) -> bool:
    """Say whether two arrays have the same dtype, shape and bits."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.__array_interface__["data"] == b.__array_interface__["data"] and a.strides == b.strides:
        return True
    first, second = (np.ascontiguousarray(x).reshape(-1).view(np.uint8) for x in (a, b))
    return bool(np.array_equal(first, second))
