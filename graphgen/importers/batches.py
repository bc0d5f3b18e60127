"""Which axis of a model's inputs holds the samples: what is asked for, or the first that works."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from graphgen.importers.network import Network
from graphgen.importers.refusal import ImportRefusalError, MixedSamplesError
from spec.primitives import Shape

Attempt = Callable[[tuple[int | None, ...], int | None], Network]
"""Reads a model with an axis of samples for each input, and how many they are."""


def with_batch(
    attempt: Attempt, shapes: Sequence[Shape], axis: int | str | None = "auto"
) -> tuple[Network, tuple[int | None, ...]]:
    """Read a model with its samples along `axis` of its inputs; "auto" tries 0, 1 and none.

    An input whose axis is of another length than that of the first has none; an axis that all
    inputs have in this length is tried before others.
    """
    tried: tuple[int | None, ...] = (0, 1)
    tried = (*sorted(tried, key=lambda axis: not _is_common(shapes, axis)), None)
    if not isinstance(axis, str):
        tried = (axis,)
    reason: Exception | None = None
    for candidate in tried:
        if not shapes or (candidate is not None and len(shapes[0]) <= candidate):
            candidate = None
        samples = None if candidate is None else shapes[0][candidate]
        axes = tuple(
            candidate
            if candidate is not None and len(shape) > candidate and shape[candidate] == samples
            else None
            for shape in shapes
        )
        try:
            return attempt(axes, samples), axes
        except MixedSamplesError as error:
            reason = reason or error
    raise ImportRefusalError(
        f"{reason}; expected a model that treats each sample of a batch alone: say by `batch_axis` "
        "which axis holds the samples"
    )


def _is_common(shapes: Sequence[Shape], axis: int | None) -> bool:
    """Whether all inputs have as many items along an axis."""
    if axis is None or any(len(shape) <= axis for shape in shapes):
        return False
    return len({shape[axis] for shape in shapes}) == 1
