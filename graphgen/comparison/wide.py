"""A description with its weights, computed in float64, so that nothing is lost on this side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.checkpoint import Checkpoint
from graphgen.dtypes import is_real
from graphgen.evaluate import run_architecture
from graphgen.sources import Weights
from spec import Architecture


@dataclass(frozen=True)
class Wide:
    """A description with weights and inputs in float64; integers stay as they are."""

    net: Architecture
    weights: Mapping[str, NDArray[Any]]
    inputs: Sequence[NDArray[Any]]

    @classmethod
    def of(cls, net: Architecture, weights: Weights, inputs: Sequence[NDArray[Any]]) -> Wide:
        """Read weights, and widen them and the inputs."""
        own = Checkpoint.read(net, weights).weights
        return cls(net, {n: widened(a) for n, a in own.items()}, [widened(x) for x in inputs])

    def outputs(self) -> dict[str, NDArray[Any]]:
        """Compute the outputs by name."""
        return self.values(self.net.outputs)

    def values(self, names: Sequence[str]) -> dict[str, NDArray[Any]]:
        """Compute values by their names in the description."""
        wanted = replace(self.net, outputs=tuple(names))
        with np.errstate(all="ignore"):
            results = run_architecture(wanted, self.weights, self.inputs)
        return dict(zip(names, results, strict=True))


def widened(array: NDArray[Any]) -> NDArray[Any]:
    """Give real numbers in float64, and others as they are."""
    return array.astype(np.float64) if is_real(array.dtype) else array
