"""Divergence: the end of a run whose numbers are no longer finite."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pipelines.errors import PipelineError


class DivergedError(PipelineError):
    """A run's loss or gradients are infinite or not-a-number; other runs go on."""


def check_finite(
    values: Mapping[str, object], epoch: int, training: Mapping[str, Any], *more: str
) -> None:
    """Raise `DivergedError` for a number that is not finite; `values` has them by what they are.

    `epoch` counts from 0. The message tells to lower the learning rate, or one of `more`.
    """
    for what, value in values.items():
        if not math.isfinite(float(str(value))):
            options = "".join(f", or `{name}`" for name in more if name in training)
            raise DivergedError(
                f"diverged in epoch {epoch + 1} of {training['epochs']}, where {what} is {value}: "
                f"lower `learning_rate`, which is {training['learning_rate']:g}{options}"
            )


@contextmanager
def naming(model: str, seed: int) -> Iterator[None]:
    """Put a run's model and seed before what is said of its divergence."""
    try:
        yield
    except DivergedError as error:
        raise DivergedError(f"model {model!r}, seed {seed}: {error}") from None
