"""Weights of which no shape tells whether they are stored transposed."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from graphgen.checkpoint.form import Form
from graphgen.errors import GraphError
from spec.checkpoint import Stored

ALIKE = frozenset({"pt", "np"})
"""What a safetensors file says of PyTorch's layouts, and of arrays of no framework."""
_FOREIGN = frozenset({
    "kernel", "depthwise_kernel", "pointwise_kernel", "recurrent_kernel", "moving_mean",
    "moving_variance",
})  # fmt: skip
_PAIR = ("gamma", "beta")
_LAST = re.compile(r"([^./:]+)(:0)?$")


def check_clear(
    form: Form, entries: Sequence[Stored], names: Collection[str], framework: str | None
) -> None:
    """Raise `GraphError` for weights that may be stored in another order than is read.

    So it is where the file is said to be of another framework than PyTorch, or has names as those
    of Keras or Flax, or where other weights are declared to be stored in another order.
    """
    reason = _reason(entries, names, framework)
    if reason is None:
        return
    unclear = [
        f"  {name}: shape {list(shape)}"
        for entry in entries
        if not form.said.intersection(entry.tensors) and form.matrices.intersection(entry.tensors)
        for name, shape in zip(entry.names, entry.shapes, strict=True)
        if is_unclear(shape)
    ]
    if unclear:
        raise GraphError(
            f"{reason}, so these weights may be stored transposed, which their shapes do not tell; "
            "say how they are in the architecture's file, under `checkpoint: tensors:`, as `axes: "
            "i o -> o i`, or `axes: same` for PyTorch's order:\n" + "\n".join(unclear)
        )


def is_unclear(shape: tuple[int, ...]) -> bool:
    """Say whether weights keep their shape where another framework's order is PyTorch's.

    >>> is_unclear((8, 8)), is_unclear((8, 4)), is_unclear((3, 3, 3, 3))
    (True, False, True)
    """
    n = len(shape)
    if n < 2:
        return False
    orders: Iterable[tuple[int, ...]] = ((*range(2, n), 1, 0), (0, *range(2, n), 1))
    return any(
        tuple(shape[axis] for axis in order) == shape and _moves(order, shape) for order in orders
    )


def _moves(order: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Say whether an order moves scalars, and not only axes of size one."""
    long = [axis for axis in order if shape[axis] > 1]
    return long != sorted(long)


def _reason(entries: Sequence[Stored], names: Collection[str], framework: str | None) -> str | None:
    if framework is not None and framework not in ALIKE:
        return f"the file says that it is of the framework {framework!r:.80}"
    if framework != "pt" and (name := foreign_name(names)) is not None:
        return f"the name {name!r} is one of another framework than PyTorch"
    moved = next((entry for entry in entries if entry.moved), None)
    return None if moved is None else f"{moved.names[0]!r} is stored with other axes"


def foreign_name(names: Collection[str]) -> str | None:
    """Give a name as Keras or Flax give it, if there is one.

    >>> foreign_name(["dense.bias", "dense.kernel"])
    'dense.kernel'
    """
    for name in names:
        found = _LAST.search(name)
        if found is None:
            continue
        last, mark = found.groups()
        beside = name[: found.start()] + _PAIR[1] + (mark or "")
        if last in _FOREIGN or mark or (last == _PAIR[0] and beside in names):
            return name
    return None
