"""States of views that are made from networks: plain tensors by name, checked as they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from metanet.errors import MetanetError
from metanet.options import shown


def read_state(
    what: str, state: Mapping[str, Tensor], several: str, *names: str
) -> tuple[list[Tensor], list[Tensor]]:
    """Give the tensors of a state that are numbered, `several.0` and on, and those of other names.

    Raises `MetanetError` where one is missing or no tensor.
    """
    held = dict(state) if isinstance(state, Mapping) else {}
    count = max(1, sum(str(name).startswith(f"{several}.") for name in held))
    wanted = [*(f"{several}.{place}" for place in range(count)), *names]
    found = [x for name in wanted if isinstance(x := held.get(name), Tensor)]
    if len(found) < len(wanted):
        raise MetanetError(
            f"the state of {what} holds the tensors {several}.0, {', '.join(names)}; got "
            f"{shown(sorted(map(str, held)))}"
        )
    return found[:count], found[count:]


def check_labels(inputs: Sequence[Tensor], labels: Tensor | None, sets: int = 1) -> None:
    """Raise `MetanetError` unless there is one label for each input of a set, an integer from 0."""
    if isinstance(inputs, Tensor) or not all(isinstance(x, Tensor) and x.ndim for x in inputs):
        raise MetanetError(
            f"`inputs` is {shown(inputs)}, expected a sequence of tensors (n, ...), one for each "
            "input of a network"
        )
    sizes = sorted({len(x) for x in inputs})
    if len(sizes) > 1 or 0 in sizes:
        raise MetanetError(
            f"`inputs` are {sizes} long, expected as many of each input of a network"
        )
    if labels is None:
        return
    if not isinstance(labels, Tensor) or labels.ndim != 1 or not is_integer(labels):
        given = f"{labels.dtype} {list(labels.shape)}" if isinstance(labels, Tensor) else labels
        raise MetanetError(f"`labels` is {shown(given)}, expected a tensor (n,) of integers")
    if sizes != [sets * len(labels)]:
        raise MetanetError(
            f"there are {len(labels)} labels, expected inputs {sets * len(labels)} long, "
            f"{sets} for each label; got {sizes or 'none'}"
        )
    if int(labels.min()) < 0:
        raise MetanetError(f"`labels` has {int(labels.min())}, expected classes, from 0")


def check_classes(labels: Tensor, classes: int) -> None:
    """Raise `MetanetError` for labels that are none of so many classes."""
    if int(labels.max()) >= classes:
        raise MetanetError(
            f"`labels` has {int(labels.max())}, expected classes of the networks, from 0 to "
            f"{classes - 1}"
        )


def is_integer(tensor: Tensor) -> bool:
    """Say whether a tensor holds integers."""
    return not (tensor.is_floating_point() or tensor.is_complex() or tensor.dtype == torch.bool)
