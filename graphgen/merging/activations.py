"""What networks compute on the same inputs, made comparable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.errors import GraphError, described

Array = NDArray[Any]
Arrays = dict[str, Array]
Activations = Mapping[str, Array]


def standard(
    shapes: Sequence[Mapping[str, tuple[int, ...]]], activations: Sequence[Activations]
) -> list[Arrays]:
    """Give activations of mean 0 and deviation 1 over the samples; `GraphError` for odd ones."""
    first = activations[0]
    found = []
    for k, own in enumerate(activations):
        if not isinstance(own, Mapping) or not own or own.keys() != first.keys():
            raise GraphError(
                f"`activations[{k}]` is {described(own)}; expected arrays by the names of values, "
                "the same of all networks"
            )
        arrays = {}
        for name, array in own.items():
            wanted, array = shapes[k].get(name), np.asarray(array)
            if (
                wanted is None
                or array.dtype.kind != "f"
                or array.shape != (len(np.asarray(first[name])), *wanted)
            ):
                raise GraphError(
                    f"`activations[{k}]`: {name!s:.200} is {array.dtype} of {list(array.shape)}; "
                    f"expected {'no such value' if wanted is None else ['samples', *wanted]}"
                )
            x = array - array.mean(axis=0)
            deviation = x.std(axis=0)
            arrays[name] = x / np.where(deviation > 0, deviation, 1)
        found.append(arrays)
    return found
