"""Weights of which no shape tells whether they are stored transposed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from graphgen.checkpoint.form import Layout
from graphgen.errors import GraphError

ALIKE = frozenset({"pt", "np"})
"""What a safetensors file says of PyTorch's layouts, and of arrays of no framework."""
_FOREIGN = frozenset({
    "kernel", "depthwise_kernel", "pointwise_kernel", "recurrent_kernel", "moving_mean",
    "moving_variance",
})  # fmt: skip
_PAIR = ("gamma", "beta")
_MARK = ":0"
Arrays = Mapping[str, NDArray[Any]]


def check_clear(layout: Layout, arrays: Arrays, framework: str | None) -> None:
    """Raise `GraphError` for weights that may be stored in another order than is read.

    So it is where the file is said to be of another framework than PyTorch, or has names as those
    of Keras or Flax, or where other weights are declared to be stored in another order.
    """
    reason = _reason(layout, arrays, framework) if layout.unclear else None
    if reason is not None:
        raise GraphError(
            f"{reason}, so these weights may be stored transposed, which their shapes do not tell; "
            "say how they are in the architecture's file, under `checkpoint: tensors:`, as `axes: "
            "i o -> o i`, or `axes: same` for PyTorch's order:\n"
            + "\n".join(f"  {name}: shape {list(shape)}" for name, shape in layout.unclear)
        )


def _reason(layout: Layout, arrays: Arrays, framework: str | None) -> str | None:
    if framework is not None and framework not in ALIKE:
        return f"the file says that it is of the framework {framework!r:.80}"
    if framework != "pt" and (name := foreign_name(arrays)) is not None:
        return f"the name {name!r} is one of another framework than PyTorch"
    moved = next((entry for entry in layout.entries if entry.moved), None)
    return None if moved is None else f"{moved.names[0]!r} is stored with other axes"


def foreign_name(arrays: Arrays) -> str | None:
    """Give a name as Keras or Flax give it, if there is one.

    A `gamma` beside a vector `beta` is that of a norm; beside another one it is anybody's.

    >>> foreign_name({"dense.bias": np.ones(3), "dense.kernel": np.ones((2, 3))})
    'dense.kernel'
    """
    for name in arrays:
        plain = name.removesuffix(_MARK)
        last = plain.replace("/", ".").rpartition(".")[2]
        beside = plain.removesuffix(_PAIR[0]) + _PAIR[1] + name[len(plain) :]
        paired = last == _PAIR[0] and beside in arrays and arrays[beside].ndim == 1
        if last in _FOREIGN or plain != name or paired:
            return name
    return None
