"""What a network computes at one input, before and after its weights are moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.drawing.values.statistics import finite
from graphgen.dtypes import is_real
from graphgen.errors import GraphError
from graphgen.evaluate import evaluate
from graphgen.template import Template
from graphgen.testing.random_networks import random_inputs
from spec import Architecture
from spec.primitives import show

Array = NDArray[Any]
Arrays = Mapping[str, Array]

MOST_PARAMETERS = 30_000_000
MOST_WORK = 10**10
"""The most multiplications of all evaluations together: about ten seconds."""
OPERATION_WORK = 10**6
"""What an operation costs beside its multiplications, counted in these."""
AN_EXAMPLE = 4
"""The most evaluations of one example: the moved weights, and some controls."""
SEEN = 1e-3
"""The share of the largest output by which a control should change some output."""
SHOWN = 64
DIGITS = 6
NO_OUTPUTS: dict[str, Any] = {
    "outputs": None,
    "largest_change": None,
    "largest_output": None,
    "control_tensor": None,
    "control_change": None,
}


class Outputs:
    """The outputs of a network at a seeded input, in float64, as long as the work allows it.

    `left_out` says why there are none, or no more.
    """

    def __init__(self, template: Template, arrays: Arrays | None, seed: int) -> None:
        self.net, self.seed = template.net, seed
        self.left_out: str | None = None
        self.wide: dict[str, Array] = {}
        self.before: NDArray[np.float64] | None = None
        self._work = self._left = 0
        if arrays is None:
            self.left_out = "Without weights there are no outputs."
        elif self.net is None:
            self.left_out = "Outputs are left out: the graph does not say what it was made from."
        else:
            self._begin(self.net, arrays)

    def _begin(self, net: Architecture, arrays: Arrays) -> None:
        """Compute the outputs of the weights as they are, unless it is too dear."""
        parameters = sum(prod(shape) for shape in net.parameters.values())
        self._work = work(net)
        self._left = MOST_WORK // self._work
        if parameters > MOST_PARAMETERS or self._left < AN_EXAMPLE:
            self.left_out = (
                f"Outputs are left out: {parameters:,} parameters and some {self._work:.1e} "
                "multiplications an evaluation are too many for a page."
            )
            return
        self.wide = {name: widened(array) for name, array in arrays.items()}
        try:
            self._inputs = random_inputs(net, np.random.default_rng(self.seed), 1)
            self.before = self._run(net, self.wide)
        except GraphError as error:
            self.left_out = f"Outputs are left out: {error}"

    def _run(self, net: Architecture, arrays: Arrays) -> NDArray[np.float64]:
        self._left -= 1
        with np.errstate(all="ignore"):
            results = evaluate(net, arrays, *self._inputs)
        every = results if isinstance(results, tuple) else (results,)
        return np.concatenate([np.asarray(y, dtype=np.float64).reshape(-1) for y in every])

    def of(self, moved: Callable[[], Arrays]) -> dict[str, Any]:
        """Compare outputs of moved weights, and of weights of which one tensor alone is moved.

        `moved` gives the weights, which are not asked for where there is no work left. The control
        moves the largest tensor, or a smaller one where that changes next to nothing.
        """
        if self.net is None or self.before is None:
            return NO_OUTPUTS
        if self._left < AN_EXAMPLE:
            self.left_out = (
                "Outputs are computed of some examples only: an evaluation takes some "
                f"{self._work:.1e} multiplications."
            )
            return NO_OUTPUTS
        arrays = moved()
        after = self._run(self.net, arrays)
        names = [name for name, array in arrays.items() if differs(array, self.wide[name])]
        names.sort(key=lambda name: -arrays[name].size)
        control, tensor = self.before, None
        for name in names[: AN_EXAMPLE - 1]:
            found = self._run(self.net, {**self.wide, name: arrays[name]})
            if tensor is None or far(found, self.before) > far(control, self.before):
                control, tensor = found, name
            if far(control, self.before) > SEEN * far(self.before, np.zeros(1)):
                break
        return {
            "outputs": {
                "before": told(self.before),
                "after": told(after),
                "control": told(control),
                "count": int(self.before.size),
            },
            "largest_change": finite(far(after, self.before)),
            "largest_output": finite(far(self.before, np.zeros(1))),
            "control_tensor": tensor,
            "control_change": finite(far(control, self.before)),
        }

    def plain(self) -> dict[str, Any] | None:
        """Say what the outputs are computed at; None where there are none."""
        if self.net is None or self.before is None:
            return None
        what = ["indices" if name in self.net.index_inputs else "noise" for name in self.net.inputs]
        shapes = [list(shape) for shape in self.net.inputs.values()]
        return {
            "seed": self.seed,
            "shape": shapes[0] if len(shapes) == 1 else shapes,
            "what": " and ".join(
                f"random indices of {show(shape)}" if kind == "indices"
                else f"normal noise of {show(shape)}"
                for kind, shape in zip(what, self.net.inputs.values(), strict=True)
            ),
        }  # fmt: skip


def work(net: Architecture) -> int:
    """Estimate the multiplications of an evaluation at one sample.

    Each weight is multiplied at each place of what its operation gives, but for the axis that it
    has itself.
    """
    total = OPERATION_WORK
    for operation in net.operations:
        size = prod(net.shapes[operation.output])
        total += OPERATION_WORK + size
        for name in operation.parameters:
            shape = net.tensors[name].shape
            own = max((n for n in shape if n and size % n == 0), default=1)
            total += prod(shape) * max(1, size // own)
    return total


def widened(array: Array) -> Array:
    """Give floats in float64, other numbers as they are."""
    return array.astype(np.float64) if is_real(array.dtype) else array


def differs(first: Array, second: Array) -> bool:
    """Say whether two arrays differ somewhere, NaN being like NaN."""
    return not np.array_equal(first, second, equal_nan=first.dtype.kind in "fc")


def far(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Give the largest difference."""
    with np.errstate(invalid="ignore"):
        return float(np.abs(first - second).max(initial=0.0))


def told(values: NDArray[np.float64]) -> list[float | None]:
    """Give the first outputs with few digits."""
    return [
        float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None
        for value in values[:SHOWN].tolist()
    ]
