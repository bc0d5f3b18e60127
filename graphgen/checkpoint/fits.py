"""Arrays of which names, shapes and dtypes are known to fit an architecture.

Weights of many networks of one architecture differ in their numbers alone, on which whether they
fit depends only where a tensor is there under several names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphgen.checkpoint.form import Form
from graphgen.checkpoint.reading import Found, filled, own_arrays

Signature: TypeAlias = tuple[tuple[str, tuple[int, ...], np.dtype[Any]], ...]
"""Names, shapes and dtypes of arrays, in their order."""

KEPT = 64
"""So many signatures are kept of each form."""


def signature(weights: object) -> Signature | None:
    """Give names, shapes and dtypes of arrays in memory; None for all else."""
    if not isinstance(weights, Mapping):
        return None
    rows = []
    for name, array in weights.items():
        if type(array) is not np.ndarray:
            return None
        rows.append((name, array.shape, array.dtype))
    return tuple(rows)


@dataclass(frozen=True)
class Fit:
    """The way from arrays of one signature to an architecture's tensors.

    `names` are pairs of a tensor and the array that it is, if each tensor is one as it stands.
    """

    form: Form
    found: Found
    names: tuple[tuple[str, str], ...] | None

    @classmethod
    def of(cls, form: Form, found: Found) -> Fit:
        """Keep what was found in arrays that fit."""
        plain = {
            entry.tensors[0]: names[0][0]
            for entry, names in zip(found.entries, found.names, strict=True)
            if all(names) and len(entry.tensors) == len(names) == 1 and not entry.axes
        }
        whole = all(tensor.name in plain for tensor in form.tensors)
        pairs = tuple((tensor.name, plain[tensor.name]) for tensor in form.tensors if whole)
        return cls(form, found, pairs if whole else None)

    def own(self, weights: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Give the architecture's tensors, in its order."""
        if self.names is not None:
            return {own: weights[stored] for own, stored in self.names}
        return filled(self.form, own_arrays(self.form, self.found, weights))


def keep(form: Form, look: Signature, found: Found) -> None:
    """Keep how weights fitted, if all that have their signature fit in the same way."""
    if any(len(there) > 1 for names in found.names for there in names):
        return
    while len(form.fits) >= KEPT:
        form.fits.pop(next(iter(form.fits)), None)
    form.fits[look] = Fit.of(form, found)
