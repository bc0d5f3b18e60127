"""Preparation: what is done to a weight before it is used."""

from __future__ import annotations

from spec.records import record


@record(frozen=True)
class Preparation:
    """A weight is divided by its size along some of its axes.

    - `norm`: by the root of the sum of squares along `axes`.
    - `standard`: less its mean along `axes`, by the root of the variance plus `eps`; `unbiased`: by
      the root of the unbiased variance, plus `eps`.
    """

    kind: str
    axes: tuple[int, ...]
    eps: float = 0.0
    unbiased: bool = False

    def attributes(self) -> tuple[tuple[str, object], ...]:
        """Give what a graph says of it."""
        constants = (self.eps, self.unbiased) if self.kind == "standard" else ()
        return (("prepared", (self.kind, self.axes, *constants)),)
